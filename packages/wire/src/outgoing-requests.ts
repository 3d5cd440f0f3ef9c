// Our requests. One is outstanding until it is answered, rejected or given up. Those given up are remembered, the newest
// `limits.queuedRequests` of them: the peer's answer may have crossed our cancel or its choke, and that is no fault.
import type { ArrivingBlock } from './arriving-block.ts';
import { WireError } from './errors.ts';
import type { WireLimits } from './limits.ts';
import type { Request } from './message.ts';
import { RequestTable } from './request-table.ts';

/** Which of our requests await what. */
export class OutgoingRequests {
  readonly outstanding: RequestTable = new RequestTable();
  /** Pieces the peer lets us ask for while it chokes us (BEP 6). */
  readonly allowed: Set<number> = new Set();
  readonly #givenUp: RequestTable = new RequestTable();
  readonly #limits: WireLimits;
  #strays = 0;

  constructor(limits: WireLimits) {
    this.#limits = limits;
  }

  /** Answers whether it was outstanding. */
  giveUp({ piece, begin, length }: Request): boolean {
    if (!this.outstanding.delete(piece, begin, length)) return false;
    if (this.#givenUp.size >= this.#limits.queuedRequests) this.#givenUp.dropFirst();
    this.#givenUp.add(piece, begin, length);
    return true;
  }

  /** Gives up all but the block that is arriving, and allowed-fast pieces where `keepAllowed`; answers them by age. */
  giveUpAll({ keepAllowed, arriving }: { keepAllowed: boolean; arriving?: ArrivingBlock }): Request[] {
    const dropped = this.outstanding
      .toArray()
      .filter(({ piece, begin, length }) => !arriving?.is(piece, begin, length))
      .filter(({ piece }) => !keepAllowed || !this.allowed.has(piece));
    for (const request of dropped) this.giveUp(request);
    return dropped;
  }

  /** A block begins: whether it is wanted. It stays outstanding until it is whole. Throws ERR_WIRE_UNREQUESTED. */
  begin(piece: number, begin: number, length: number): boolean {
    if (this.outstanding.has(piece, begin, length)) return true;
    if (!this.#givenUp.delete(piece, begin, length)) this.#stray('block', piece, begin, length);
    return false;
  }

  /** The peer refuses; answers whether we still waited for it. Throws ERR_WIRE_UNREQUESTED. */
  reject({ piece, begin, length }: Request): boolean {
    // A peer answers our cancel before it sees the same request again, so the older claim goes first.
    if (this.#givenUp.delete(piece, begin, length)) return false;
    if (this.outstanding.delete(piece, begin, length)) return true;
    this.#stray('reject', piece, begin, length);
    return false;
  }

  /** The peer allows a piece while it chokes us; false where that is known, or one too many to keep. */
  allow(piece: number): boolean {
    if (this.allowed.has(piece) || this.allowed.size >= this.#limits.allowedFast) return false;
    this.allowed.add(piece);
    return true;
  }

  checkInvariants(): void {
    this.outstanding.checkInvariants();
    this.#givenUp.checkInvariants();
    if (this.#givenUp.size > this.#limits.queuedRequests) throw new Error(`${this.#givenUp.size} requests given up`);
    if (this.allowed.size > this.#limits.allowedFast) throw new Error(`${this.allowed.size} pieces allowed fast`);
  }

  #stray(what: string, piece: number, begin: number, length: number): void {
    const most = this.#limits.unrequestedBlocks;
    if (++this.#strays <= most) return;
    const which = `piece ${piece}, begin ${begin}, length ${length}`;
    throw new WireError('ERR_WIRE_UNREQUESTED', `a ${what} nobody asked for (${which}), after ${most} like it`);
  }
}
