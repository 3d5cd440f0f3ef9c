// BEP 9 on one connection: asks the peer for pieces of the dictionary while it is wanted, and answers its requests.
// Invariants: at most `IN_FLIGHT` pieces are asked of a peer at once; every piece asked for and not late is known to the assembly
// as this peer's; what was never asked for is not looked at.
import type { ExtendedHandshake, Extension, ExtensionContext } from '@shoal/wire';
import type { Assembly } from './assembly.ts';
import { UtMetadataError } from './errors.ts';
import { decodeMetadataMessage, encodeRequest, type MetadataMessage } from './message.ts';
import { PieceServer } from './piece-server.ts';

const IN_FLIGHT = 3;
/** rTorrent's library as it names itself (0.13.8 was tried): asked for a second piece before it has sent the first, it says nothing more. */
const ASKED_ONE_BY_ONE = /^libTorrent /;
const ANSWER_MS = 10_000;
/** After a refusal the peer may get the dictionary itself; libtorrent waits as long. */
const REJECTED_MS = 60_000;
/** The longest rest after answers that did not come; the first is as long as the time-out, each next one twice that. */
const LONGEST_REST_MS = 60_000;
/** Data that was never asked for, which is ignored until it is so many. */
const UNASKED = 64;

/** What a peer needs of the torrent's exchange. */
export interface PeerExchange {
  /** The dictionary is wanted, and not here. */
  readonly isFetching: boolean;
  /** What there is to serve. */
  info(): Uint8Array | undefined;
  /** The peer has the extension, or has it no more. */
  join(peer: MetadataPeer): void;
  leave(peer: MetadataPeer): void;
  /** The dictionary of that size, where such a one is fetched at all; the peer counts as one that has it. */
  enter(peer: MetadataPeer, size: number): Assembly<MetadataPeer> | undefined;
  /** A piece of the right length. */
  received(peer: MetadataPeer, assembly: Assembly<MetadataPeer>, piece: number, data: Uint8Array): void;
  /** The peer will not deliver for now. */
  gaveUp(peer: MetadataPeer, assembly: Assembly<MetadataPeer>): void;
  tick(now: number): void;
}

export class MetadataPeer implements Extension {
  readonly name = 'ut_metadata';
  readonly address: string;
  readonly #exchange: PeerExchange;
  readonly #context: ExtensionContext;
  readonly #server: PieceServer;
  /** Pieces that are asked for, and until when the answer may take; undefined: the time was not known. */
  readonly #asked: Map<number, number | undefined> = new Map();
  /** Pieces whose answers were late, and are welcome still. */
  readonly #late: Set<number> = new Set();
  /** What it says it has; undefined where it has not said, or nothing that can be. */
  #assembly: Assembly<MetadataPeer> | undefined;
  /** Lied: it is not asked any more. */
  #isShunned: boolean;
  /** Says a size that is not fetched: it is not asked while it does. */
  #isRefused = false;
  #isOver = false;
  #inFlight = IN_FLIGHT;
  #now = 0;
  #restsUntil: number = Number.NEGATIVE_INFINITY;
  #timeouts = 0;
  #unasked = 0;

  constructor(options: { exchange: PeerExchange; context: ExtensionContext; address: string; isBarred: boolean }) {
    this.#exchange = options.exchange;
    this.#context = options.context;
    this.address = options.address;
    this.#isShunned = options.isBarred;
    this.#server = new PieceServer(options.context, () => this.#exchange.info());
  }

  /** BEP 9: said once it is known. */
  handshake(): Record<string, number> {
    const info = this.#exchange.info();
    return info ? { metadata_size: info.length } : {};
  }

  onHandshake(peer: ExtendedHandshake): void {
    if (!this.#context.peerSupports) {
      this.#leave();
      return;
    }
    if (peer.client !== undefined && ASKED_ONE_BY_ONE.test(peer.client)) this.#inFlight = 1;
    this.#exchange.join(this);
    const size = peer.dictionary.get('metadata_size');
    if (typeof size === 'number' && size > 0) this.#setSize(size);
    // Past any limit that a number can be.
    else if (typeof size === 'bigint' && size > 0n) this.#setSize(Number.POSITIVE_INFINITY);
    this.#fill(undefined);
  }

  onMessage(payload: Uint8Array, now: number): void {
    this.#now = now;
    let message: MetadataMessage | undefined;
    try {
      message = decodeMetadataMessage(payload);
    } catch (error) {
      if (!(error instanceof UtMetadataError)) throw error;
      this.#context.fault(error.message);
      return;
    }
    switch (message?.type) {
      case 'request':
        this.#server.request(message.piece, now);
        return;
      case 'data':
        this.#onData(message.piece, message.totalSize, message.data);
        return;
      case 'reject':
        this.#onReject(message.piece);
        return;
      case undefined:
        return;
    }
  }

  nextWake(): number {
    const serving = this.#server.nextWake(this.#now);
    if (!this.#exchange.isFetching || this.#isOver || !this.#context.peerSupports) return serving;
    let wake = Math.min(serving, this.#assembly?.turnEndsAt ?? Number.POSITIVE_INFINITY);
    for (const deadline of this.#asked.values()) wake = Math.min(wake, deadline ?? this.#now);
    if (this.#asked.size >= this.#inFlight || this.#isShunned || this.#isRefused) return wake;
    if (this.#restsUntil > this.#now) return Math.min(wake, this.#restsUntil);
    return this.#nextPiece() === undefined ? wake : Math.min(wake, this.#now);
  }

  onTick(now: number): void {
    this.#now = now;
    this.#exchange.tick(now);
    this.#server.drain();
    // Of two peers that are ticked at the same time the exchange looks at both with the first.
    if (this.#exchange.isFetching) this.expire(now);
    this.#fill(now);
  }

  /** Gives up waiting for answers that are late. The exchange sees to it, so that one whose ticks have ended blocks nobody. */
  expire(now: number): void {
    this.#now = now;
    let isLate = false;
    for (const [piece, deadline] of this.#asked) {
      if (deadline === undefined) {
        this.#asked.set(piece, now + ANSWER_MS);
      } else if (deadline <= now) {
        this.#asked.delete(piece);
        this.#late.add(piece);
        this.#assembly?.release(piece, this);
        isLate = true;
      }
    }
    if (isLate) this.rest(Math.min(LONGEST_REST_MS, ANSWER_MS * 2 ** this.#timeouts++));
  }

  onClose(): void {
    this.#isOver = true;
    this.#server.close();
    this.#leave();
  }

  /** Is not asked for a time; another peer may be. */
  rest(ms: number): void {
    this.#restsUntil = Math.max(this.#restsUntil, this.#now + ms);
    if (this.#assembly) this.#exchange.gaveUp(this, this.#assembly);
  }

  /** What it is asked for is not waited for any more. */
  forget(): void {
    for (const piece of this.#asked.keys()) {
      this.#late.add(piece);
      this.#assembly?.release(piece, this);
    }
    this.#asked.clear();
  }

  /** It alone sent a dictionary that is none of this torrent. */
  blame(reason: string): void {
    this.#isShunned = true;
    this.#context.fault(reason);
  }

  #leave(): void {
    this.forget();
    this.#late.clear();
    this.#assembly = undefined;
    this.#exchange.leave(this);
  }

  #setSize(size: number): void {
    if (this.#assembly?.size === size || !this.#exchange.isFetching) return;
    this.forget();
    this.#assembly = this.#exchange.enter(this, size);
    this.#isRefused = this.#assembly === undefined;
    // It has got what it refused before.
    this.#restsUntil = Number.NEGATIVE_INFINITY;
  }

  #onData(piece: number, totalSize: number | undefined, data: Uint8Array): void {
    const wasAsked = this.#asked.delete(piece);
    if (!this.#late.delete(piece) && !wasAsked) {
      if (++this.#unasked > UNASKED) this.#context.fault(`${this.#unasked} pieces that were never asked for`);
      return;
    }
    if (!this.#exchange.isFetching) return;
    if (this.#assembly && totalSize !== undefined && totalSize !== this.#assembly.size) {
      this.blame(`${this.#assembly.size} bytes of metadata were announced, and now ${totalSize}`);
      return;
    }
    if (totalSize !== undefined) this.#setSize(totalSize);
    const assembly = this.#assembly;
    if (!assembly) {
      this.rest(REJECTED_MS);
      return;
    }
    const expected = assembly.lengthOf(piece);
    if (data.length !== expected) {
      this.blame(`piece ${piece} of ${assembly.size} bytes of metadata has ${data.length} bytes, expected ${expected}`);
      return;
    }
    this.#timeouts = 0;
    // Who was late rests on: another, if there is one, is quicker.
    if (wasAsked) this.#restsUntil = Number.NEGATIVE_INFINITY;
    this.#exchange.received(this, assembly, piece, data);
    this.#fill(this.#now);
  }

  #onReject(piece: number): void {
    this.#late.delete(piece);
    if (!this.#asked.delete(piece)) return;
    this.#assembly?.release(piece, this);
    this.rest(REJECTED_MS);
  }

  /** `now`: undefined where it is not known. */
  #fill(now: number | undefined): void {
    if (this.#isOver || this.#isShunned || this.#isRefused || this.#restsUntil > this.#now) return;
    if (!this.#context.peerSupports || !this.#exchange.isFetching) return;
    while (this.#asked.size < this.#inFlight) {
      const piece = this.#nextPiece();
      if (piece === undefined || !this.#context.send(encodeRequest(piece))) return;
      this.#assembly?.ask(piece, this);
      this.#asked.set(piece, now === undefined ? undefined : now + ANSWER_MS);
    }
  }

  /** Of whom has not said the size, the first piece tells it: it may have got the dictionary after its handshake. */
  #nextPiece(): number | undefined {
    if (this.#assembly) return this.#assembly.next(this);
    return this.#asked.size === 0 ? 0 : undefined;
  }
}
