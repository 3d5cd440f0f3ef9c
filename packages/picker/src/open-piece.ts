// A piece that is under way: the state of each of its blocks and who was asked for it. A block is missing, requested
// (by one peer, or by two in the end game, never the same twice) or received; only a requested block has requesters.
// The counters always match the blocks, a requester's `outstanding` counts each of its requests once.
import type { Peer } from './peer.ts';

const MISSING = 0;
const REQUESTED = 1;
const RECEIVED = 2;

/** The blocks of one piece that has been begun and is not verified yet. */
export class OpenPiece {
  readonly piece: number;
  readonly blockCount: number;
  /** Blocks neither received nor asked for. */
  missing: number;
  /** Blocks received. */
  received = 0;
  /** Blocks asked of one peer only: what the end game may ask a second peer for. */
  askedOnce = 0;
  /** Where it stands in the picker's list of pieces with missing blocks, -1 while it is not there. */
  slot = -1;

  /** The peer that took it up while nobody else was at work on it, and goes on with it first. */
  worker: Peer | undefined;

  readonly #states: Uint8Array;
  readonly #first: (Peer | undefined)[];
  readonly #second: (Peer | undefined)[];
  /** No block below this one is missing. */
  #lowest = 0;

  constructor(piece: number, blockCount: number) {
    this.piece = piece;
    this.blockCount = blockCount;
    this.missing = blockCount;
    this.#states = new Uint8Array(blockCount);
    this.#first = new Array<Peer | undefined>(blockCount).fill(undefined);
    this.#second = new Array<Peer | undefined>(blockCount).fill(undefined);
  }

  get isComplete(): boolean {
    return this.received === this.blockCount;
  }

  /** Blocks that somebody was asked for. */
  get requested(): number {
    return this.blockCount - this.missing - this.received;
  }

  isReceived(block: number): boolean {
    return this.#states[block] === RECEIVED;
  }

  /** Asks `peer` for the lowest missing block; undefined when none is missing. */
  requestNext(peer: Peer): number | undefined {
    if (this.missing === 0) return undefined;
    while (this.#states[this.#lowest] !== MISSING) this.#lowest++;
    const block = this.#lowest++;
    this.#states[block] = REQUESTED;
    this.#first[block] = peer;
    this.missing--;
    this.askedOnce++;
    peer.outstanding++;
    return block;
  }

  /** Asks `peer` for the lowest block from `from` on that one other peer was asked for; undefined when there is none. */
  duplicateNext(peer: Peer, from: number): number | undefined {
    if (this.askedOnce === 0) return undefined;
    for (let block = from; block < this.blockCount; block++) {
      const first = this.#first[block];
      if (first === undefined || first === peer || this.#second[block] !== undefined) continue;
      this.#second[block] = peer;
      this.askedOnce--;
      peer.outstanding++;
      return block;
    }
    return undefined;
  }

  /** Takes back one request; answers whether there was one. */
  release(peer: Peer, block: number): boolean {
    const first = this.#first[block];
    const second = this.#second[block];
    if (first !== peer && second !== peer) return false;
    peer.outstanding--;
    if (second === undefined) {
      this.#first[block] = undefined;
      this.#states[block] = MISSING;
      this.#lowest = Math.min(this.#lowest, block);
      this.missing++;
      this.askedOnce--;
    } else {
      this.#first[block] = first === peer ? second : first;
      this.#second[block] = undefined;
      this.askedOnce++;
    }
    return true;
  }

  /** Takes back every request, of `peer` or of everybody. */
  releaseAll(peer?: Peer): void {
    if (this.requested === 0) return;
    for (let block = 0; block < this.blockCount; block++) {
      const [first, second] = [this.#first[block], this.#second[block]];
      if (first !== undefined && (peer === undefined || first === peer)) this.release(first, block);
      if (second !== undefined && (peer === undefined || second === peer)) this.release(second, block);
    }
  }

  /** The block is here; its requests end. Answers the peers other than `from` who were asked, undefined if it is no news. */
  receive(block: number, from: Peer | undefined): Peer[] | undefined {
    if (this.#states[block] === RECEIVED) return undefined;
    const others: Peer[] = [];
    const [first, second] = [this.#first[block], this.#second[block]];
    if (first === undefined) this.missing--;
    else if (second === undefined) this.askedOnce--;
    for (const requester of [first, second]) {
      if (requester === undefined) continue;
      requester.outstanding--;
      if (requester !== from) others.push(requester);
    }
    this.#first[block] = undefined;
    this.#second[block] = undefined;
    this.#states[block] = RECEIVED;
    this.received++;
    return others;
  }

  /** The received blocks, ascending. */
  receivedBlocks(): number[] {
    const blocks: number[] = [];
    for (let block = 0; block < this.blockCount; block++) if (this.#states[block] === RECEIVED) blocks.push(block);
    return blocks;
  }

  /** Adds this piece's requests to `requests`; throws where a counter and the blocks disagree. */
  checkInvariants(requests: Map<Peer, number>): void {
    const counted = [0, 0, 0];
    let askedOnce = 0;
    for (let block = 0; block < this.blockCount; block++) {
      const state = this.#states[block] as number;
      const [first, second] = [this.#first[block], this.#second[block]];
      (counted[state] as number)++;
      if (state === MISSING && block < this.#lowest)
        throw new Error(`${this.#name(block)} is missing, below the lowest`);
      if ((state === REQUESTED) !== (first !== undefined))
        throw new Error(`${this.#name(block)}: requester and state differ`);
      if (second !== undefined && (first === undefined || first === second)) {
        throw new Error(`${this.#name(block)} has a second requester without another first`);
      }
      if (first !== undefined && second === undefined) askedOnce++;
      for (const peer of [first, second]) if (peer !== undefined) requests.set(peer, (requests.get(peer) ?? 0) + 1);
    }
    if (counted[MISSING] !== this.missing || counted[RECEIVED] !== this.received || askedOnce !== this.askedOnce) {
      throw new Error(`piece ${this.piece}: counters ${this.missing}/${this.received}/${this.askedOnce} do not match`);
    }
  }

  #name(block: number): string {
    return `block ${block} of piece ${this.piece}`;
  }
}
