// One announce or scrape over UDP as a state machine (BEP 15): connect, ask, send again after 15 * 2^n seconds. No socket
// and no timer: datagrams come out of `poll`, go in through `receive`; time is an argument, in milliseconds.
// Invariants: at most one datagram waits to be sent; once `outcome` is set nothing changes any more; a connection id older
// than 60 s is never sent.
import type { AnnounceRequest, AnnounceResponse, ScrapeCounts } from './announce.ts';
import type { AnswerLimits } from './decode-answer.ts';
import { TrackerError } from './errors.ts';
import { decodeUdpAnswer, peekUdpAnswer, type UdpAnswer } from './udp-answer.ts';
import { ACTION, encodeUdpAnnounce, encodeUdpConnect, encodeUdpScrape } from './udp-request.ts';

/** What a tracker gave to prove that we receive where we send from. */
export interface UdpConnection {
  /** 8 opaque bytes. */
  readonly id: Uint8Array;
  /** When it arrived, milliseconds. */
  readonly since: number;
}

/** What a UDP tracker is asked. */
export type UdpQuestion =
  | {
      readonly kind: 'announce';
      readonly request: AnnounceRequest /** Path and query, BEP 41. */;
      readonly urlData: string;
    }
  | { readonly kind: 'scrape'; readonly infoHashes: readonly Uint8Array[] };

/** How an exchange ended. */
export type UdpOutcome =
  | { readonly kind: 'announce'; readonly response: AnnounceResponse }
  | { readonly kind: 'scrape'; readonly counts: readonly ScrapeCounts[] }
  | { readonly kind: 'failed'; readonly error: TrackerError };

/** One question, and whom it goes to. */
export interface UdpExchangeOptions {
  readonly question: UdpQuestion;
  /** The family of the tracker's address: it decides how long a peer's entry is. */
  readonly family: 4 | 6;
  readonly now: number;
  /** In [0, 1). */
  readonly random: () => number;
  /** One from an earlier exchange with the same address. */
  readonly connection?: UdpConnection | undefined;
  /** Milliseconds before the first retransmission. Default 15,000 (BEP 15). */
  readonly retransmitMs?: number;
  readonly limits?: Partial<AnswerLimits>;
}

/** Milliseconds that a client may use a connection id (BEP 15). */
const CONNECTION_LIFE_MS = 60_000;
/** Past it the wait does not grow any more (BEP 15). */
const MAX_DOUBLINGS = 8;

/** One question to a UDP tracker (BEP 15), without sockets: connects, sends again, and reads what comes back. */
export class UdpExchange {
  readonly #question: UdpQuestion;
  readonly #family: 4 | 6;
  readonly #random: () => number;
  readonly #retransmitMs: number;
  readonly #limits: Partial<AnswerLimits>;
  #connection: UdpConnection | undefined;
  /** The id comes from an earlier exchange, and a tracker that was restarted since does not know it. */
  #isInherited: boolean;
  #transactionId = 0;
  #step: 'connect' | 'ask' = 'connect';
  #doublings = 0;
  #wakeAt = 0;
  #output: Uint8Array | undefined;
  #outcome: UdpOutcome | undefined;

  /** Throws RangeError for a question that cannot be sent, TrackerError ERR_TRACKER_URL for URL data that is too long. */
  constructor(options: UdpExchangeOptions) {
    this.#question = options.question;
    this.#family = options.family;
    this.#random = options.random;
    this.#retransmitMs = options.retransmitMs ?? 15_000;
    this.#limits = options.limits ?? {};
    this.#connection = options.connection;
    this.#isInherited = options.connection !== undefined;
    this.#encodeQuestion(0, new Uint8Array(8));
    this.#begin(options.now);
  }

  /** The id that the answer to the last datagram will bear. Changes with each step. */
  get transactionId(): number {
    return this.#transactionId;
  }

  /** The connection id to keep for the next exchange with this address. */
  get connection(): UdpConnection | undefined {
    return this.#connection;
  }

  get outcome(): UdpOutcome | undefined {
    return this.#outcome;
  }

  /** The datagram to send, once. */
  poll(): Uint8Array | undefined {
    const output = this.#output;
    this.#output = undefined;
    return output;
  }

  /** When `tick` has something to do; Infinity once it is over. */
  nextWake(): number {
    return this.#outcome ? Number.POSITIVE_INFINITY : this.#wakeAt;
  }

  tick(now: number): void {
    if (this.#outcome || now < this.#wakeAt) return;
    this.#doublings = Math.min(this.#doublings + 1, MAX_DOUBLINGS);
    const wanted = this.#isConnected(now) ? 'ask' : 'connect';
    if (wanted === this.#step) this.#send(now);
    else this.#begin(now);
  }

  /**
   * Takes a datagram that came from the tracker's address. False: it is not the answer we wait for (another transaction
   * id or action) and changes nothing.
   */
  receive(bytes: Uint8Array, now: number): boolean {
    const head = peekUdpAnswer(bytes);
    if (this.#outcome || head?.transactionId !== this.#transactionId) return false;
    const expected = this.#step === 'connect' ? ACTION.connect : ACTION[this.#question.kind];
    if (head.action !== expected && head.action !== ACTION.error) return false;
    let answer: UdpAnswer;
    try {
      answer = decodeUdpAnswer(bytes, this.#family, this.#limits);
    } catch (error) {
      if (!(error instanceof TrackerError)) throw error;
      this.#outcome = { kind: 'failed', error };
      return true;
    }
    switch (answer.action) {
      case 'connect':
        this.#connection = { id: answer.connectionId, since: now };
        this.#doublings = 0;
        this.#begin(now);
        break;
      case 'announce':
        this.#outcome = { kind: 'announce', response: answer.response };
        break;
      case 'scrape':
        this.#outcome = { kind: 'scrape', counts: answer.counts };
        break;
      case 'error':
        this.#refused(answer.reason, now);
        break;
    }
    return true;
  }

  #refused(reason: string, now: number): void {
    const isStale = this.#isInherited && this.#step === 'ask';
    this.#connection = undefined;
    this.#isInherited = false;
    if (isStale) this.#begin(now);
    else {
      const error = new TrackerError('ERR_TRACKER_FAILURE', `the tracker refuses: ${reason}`);
      this.#outcome = { kind: 'failed', error };
    }
  }

  #isConnected(now: number): boolean {
    return this.#connection !== undefined && now - this.#connection.since < CONNECTION_LIFE_MS;
  }

  /** A new step, with a new transaction id: a late answer to the former one is not ours any more. */
  #begin(now: number): void {
    if (this.#isConnected(now)) this.#step = 'ask';
    else {
      this.#step = 'connect';
      this.#connection = undefined;
      this.#isInherited = false;
    }
    this.#transactionId = Math.floor(this.#random() * 0x1_0000_0000);
    this.#send(now);
  }

  #send(now: number): void {
    this.#output =
      this.#step === 'connect' || this.#connection === undefined
        ? encodeUdpConnect(this.#transactionId)
        : this.#encodeQuestion(this.#transactionId, this.#connection.id);
    this.#wakeAt = now + this.#retransmitMs * 2 ** this.#doublings;
  }

  #encodeQuestion(transactionId: number, connectionId: Uint8Array): Uint8Array {
    const question = this.#question;
    return question.kind === 'announce'
      ? encodeUdpAnnounce(transactionId, connectionId, question.request, question.urlData)
      : encodeUdpScrape(transactionId, connectionId, question.infoHashes);
  }
}
