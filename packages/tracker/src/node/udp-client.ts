// UDP exchanges in flight, over sockets of our own or somebody else's. An answer counts only when it comes from the address
// the question went to and bears its transaction id.
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { formatEndpoint, normalizeIp } from '@shoal/primitives';
import type { AnswerLimits } from '../decode-answer.ts';
import { TrackerError } from '../errors.ts';
import { peekUdpAnswer } from '../udp-answer.ts';
import { type UdpConnection, UdpExchange, type UdpOutcome, type UdpQuestion } from '../udp-exchange.ts';
import { connectError } from './connect-error.ts';
import type { Family } from './local-address.ts';
import type { Address } from './resolve.ts';

/** A bound datagram socket that is shared with other protocols; its owner hands in what arrives through `receive`. */
export interface SharedUdp {
  /** Throws or rejects where it cannot be sent. */
  send(bytes: Uint8Array, port: number, address: string): void | Promise<void>;
}

export interface UdpClientOptions {
  readonly shared: SharedUdp | undefined;
  /** Local address of our own sockets; undefined: any. */
  readonly localAddress: (family: Family) => string | undefined;
  /** Milliseconds before the first retransmission. */
  readonly retransmitMs: number;
  readonly limits: Partial<AnswerLimits>;
}

interface Pending {
  readonly exchange: UdpExchange;
  /** `address|port`. */
  readonly peer: string;
  readonly family: Family;
  transactionId: number;
  timer: NodeJS.Timeout | undefined;
  settle(outcome: UdpOutcome): void;
}

const MAX_KEPT_CONNECTIONS = 200;

export class UdpClient {
  readonly #options: UdpClientOptions;
  /** By the transaction id that is waited for. */
  readonly #pending: Map<number, Pending> = new Map();
  readonly #connections: Map<string, UdpConnection> = new Map();
  readonly #sockets: Map<Family, Promise<Socket>> = new Map();

  constructor(options: UdpClientOptions) {
    this.#options = options;
  }

  /** Rejects with TrackerError, or with the signal's reason. */
  async ask(question: UdpQuestion, to: Address, port: number, signal: AbortSignal): Promise<UdpOutcome> {
    signal.throwIfAborted();
    const peer = `${to.address}|${port}`;
    const exchange = new UdpExchange({
      question,
      family: to.family,
      now: performance.now(),
      random: randomFraction,
      connection: this.#connections.get(peer),
      retransmitMs: this.#options.retransmitMs,
      limits: this.#options.limits,
    });
    const outcome = await new Promise<UdpOutcome>((resolve, reject) => {
      const pending: Pending = {
        exchange,
        peer,
        family: to.family,
        transactionId: exchange.transactionId,
        timer: undefined,
        settle: (settled) => {
          forget();
          resolve(settled);
        },
      };
      const forget = (): void => {
        clearTimeout(pending.timer);
        signal.removeEventListener('abort', onAbort);
        this.#pending.delete(pending.transactionId);
      };
      const onAbort = (): void => {
        forget();
        reject(signal.reason);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#pending.set(pending.transactionId, pending);
      this.#drive(pending, to, port);
    });
    if (outcome.kind === 'failed') throw outcome.error;
    return outcome;
  }

  /** Takes a datagram; false where it is not an answer to a question of ours, and nothing has changed. */
  receive(bytes: Uint8Array, address: string, port: number): boolean {
    const head = peekUdpAnswer(bytes);
    const pending = head && this.#pending.get(head.transactionId);
    if (!pending || pending.peer !== `${normalizeIp(address)}|${port}`) return false;
    if (!pending.exchange.receive(bytes, performance.now())) return false;
    const host = normalizeIp(address) as string;
    this.#drive(pending, { address: host, family: pending.family }, port);
    return true;
  }

  /** Fails what is in flight. */
  async close(): Promise<void> {
    const error = new TrackerError('ERR_TRACKER_CONNECT', 'the client was closed');
    for (const pending of [...this.#pending.values()]) pending.settle({ kind: 'failed', error });
    const sockets = [...this.#sockets.values()];
    this.#sockets.clear();
    for (const opening of sockets) {
      const socket = await opening.catch(() => undefined);
      if (socket) await new Promise<void>((resolve) => socket.close(resolve));
    }
  }

  /** Carries out what the exchange wants: send, wait, or be done. */
  #drive(pending: Pending, to: Address, port: number): void {
    const { exchange } = pending;
    this.#keepConnection(pending);
    if (exchange.outcome) {
      pending.settle(exchange.outcome);
      return;
    }
    if (pending.transactionId !== exchange.transactionId) {
      this.#pending.delete(pending.transactionId);
      pending.transactionId = exchange.transactionId;
      this.#pending.set(pending.transactionId, pending);
    }
    const datagram = exchange.poll();
    if (datagram) {
      this.#send(datagram, to, port).catch((error: unknown) => {
        const host = formatEndpoint({ host: to.address, port });
        pending.settle({ kind: 'failed', error: connectError(error, host) });
      });
    }
    clearTimeout(pending.timer);
    const delay = Math.max(0, exchange.nextWake() - performance.now());
    pending.timer = setTimeout(() => {
      exchange.tick(performance.now());
      this.#drive(pending, to, port);
    }, Math.ceil(delay));
  }

  #keepConnection({ exchange, peer }: Pending): void {
    const { connection } = exchange;
    if (!connection) {
      this.#connections.delete(peer);
      return;
    }
    if (this.#connections.get(peer) === connection) return;
    this.#connections.delete(peer);
    this.#connections.set(peer, connection);
    // The first is the oldest, and all of them are worth nothing after a minute.
    if (this.#connections.size > MAX_KEPT_CONNECTIONS) {
      const [oldest] = this.#connections.keys();
      if (oldest !== undefined) this.#connections.delete(oldest);
    }
  }

  async #send(datagram: Uint8Array, to: Address, port: number): Promise<void> {
    const { shared } = this.#options;
    if (shared) return shared.send(datagram, port, to.address);
    const socket = await this.#socket(to.family);
    await new Promise<void>((resolve, reject) => {
      socket.send(datagram, port, to.address, (error) => (error ? reject(error) : resolve()));
    });
  }

  #socket(family: Family): Promise<Socket> {
    let opening = this.#sockets.get(family);
    if (!opening) {
      opening = this.#open(family);
      this.#sockets.set(family, opening);
      // A family the system has not may come back with the network.
      opening.catch(() => this.#sockets.delete(family));
    }
    return opening;
  }

  #open(family: Family): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = createSocket({ type: family === 4 ? 'udp4' : 'udp6', ipv6Only: family === 6 });
      const onFailure = (error: Error): void => {
        socket.close();
        reject(error);
      };
      socket.once('error', onFailure);
      socket.on('message', (bytes, from) => this.receive(bytes, from.address, from.port));
      socket.bind(0, this.#options.localAddress(family), () => {
        socket.off('error', onFailure);
        // What a datagram came to is for the retransmission to find out.
        socket.on('error', () => undefined);
        // Questions in flight keep the process alive by their timers, an idle socket does not.
        socket.unref();
        resolve(socket);
      });
    });
  }
}

/** In [0, 1), 32 bits that nobody can guess: who guesses a transaction id can answer in the tracker's place. */
function randomFraction(): number {
  return randomBytes(4).readUInt32BE() / 0x1_0000_0000;
}
