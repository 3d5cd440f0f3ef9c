// The peer's requests: those we queue, oldest first, and what it costs to ask for more than that. Which messages follow
// from it is for the Wire to say.
import { WireError } from './errors.ts';
import type { WireLimits } from './limits.ts';
import type { Request } from './message.ts';
import { RequestTable } from './request-table.ts';

/** The peer's requests on one connection. */
export class IncomingRequests {
  readonly queue: RequestTable = new RequestTable();
  /** Pieces we let the peer ask for while we choke it (BEP 6). */
  readonly allowed: Set<number> = new Set();
  readonly #limits: WireLimits;
  #choked = 0;

  constructor(limits: WireLimits) {
    this.#limits = limits;
  }

  /**
   * Queues a request; false where it is refused: choked, or the queue is full. Throws ERR_WIRE_FLOOD when more come
   * while choked than can have been under way.
   */
  offer({ piece, begin, length }: Request, isChoked: boolean): boolean {
    if (isChoked && !this.allowed.has(piece)) {
      const most = this.#limits.chokedRequests;
      if (++this.#choked > most) throw new WireError('ERR_WIRE_FLOOD', `more than ${most} requests while choked`);
      return false;
    }
    if (this.queue.size >= this.#limits.queuedRequests) return false;
    this.queue.add(piece, begin, length);
    return true;
  }

  /** We choke: takes out what will not be answered, all but allowed-fast pieces. */
  choke(): Request[] {
    const dropped = this.queue.toArray().filter(({ piece }) => !this.allowed.has(piece));
    for (const { piece, begin, length } of dropped) this.queue.delete(piece, begin, length);
    return dropped;
  }

  unchoke(): void {
    this.#choked = 0;
  }

  checkInvariants(): void {
    this.queue.checkInvariants();
    if (this.queue.size > this.#limits.queuedRequests) throw new Error(`${this.queue.size} requests are queued`);
  }
}
