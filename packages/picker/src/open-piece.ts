// A piece that is under way: the state of each of its blocks and who was asked for it. A block is missing, requested
// (by one peer, or by two in the end game or past a deadline, never the same twice) or received; only a requested block
// has requesters. The counters always match the blocks, a requester's `outstanding` counts each of its requests once.
//
// A piece on parole is one peer's alone, its worker's: only the worker is asked for blocks, each of them once. Between
// two of its requests the piece stays its own for as long as it is busy with others.
import type { Peer } from './peer.ts';

const MISSING = 0;
const REQUESTED = 1;
const RECEIVED = 2;

/**
 * What there is in a piece for a peer that comes along: `idle`, blocks are missing and nobody is asked for any; `shared`,
 * blocks are missing and others are asked for some; `held`, the same, but on parole, so that the missing ones are for its
 * worker; `asked`, nothing but second requests for what others are asked for; `unlisted`, nothing, as all blocks are here.
 */
export type Stage = 'idle' | 'shared' | 'held' | 'asked' | 'unlisted';

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
  /** It is verified, or fresh again: nothing happens in it any more. */
  isClosed = false;
  /** It failed once: one peer at a time. */
  readonly parole: boolean;

  /** Where `OpenPieces` keeps it: the stage, the priority, and the index in that list. */
  stage: Stage = 'unlisted';
  priority = 0;
  slot = -1;
  /** The peer that took it up while nobody else was at work on it, and goes on with it first. */
  worker: Peer | undefined;
  /** The peer in whose `works` it is: the worker, while blocks are missing. */
  owner: Peer | undefined;

  /** The peers that were ever asked for blocks of it and did not leave. */
  readonly #askers: Peer[] = [];
  readonly #states: Uint8Array;
  readonly #first: (Peer | undefined)[];
  /** Empty until a second peer is asked for a block: few pieces ever see that. */
  readonly #second: (Peer | undefined)[] = [];
  /** No block below this one is missing. */
  #lowest = 0;

  constructor(piece: number, blockCount: number, parole: boolean) {
    this.piece = piece;
    this.parole = parole;
    this.blockCount = blockCount;
    this.missing = blockCount;
    this.#states = new Uint8Array(blockCount);
    this.#first = new Array<Peer | undefined>(blockCount).fill(undefined);
  }

  get isComplete(): boolean {
    return this.received === this.blockCount;
  }

  /** Blocks that somebody was asked for. */
  get requested(): number {
    return this.blockCount - this.missing - this.received;
  }

  /** The stage that the blocks say. */
  get dueStage(): Stage {
    if (this.missing === 0) return this.requested > 0 ? 'asked' : 'unlisted';
    if (this.requested === 0) return 'idle';
    return this.parole ? 'held' : 'shared';
  }

  /** Whether the peer may be asked for missing blocks. */
  isFreeFor(peer: Peer): boolean {
    const { worker } = this;
    if (!this.parole || worker === peer) return true;
    if (this.requested > 0) return false;
    return worker?.owner === undefined || worker.outstanding === 0 || !worker.has(this.piece);
  }

  /** To be called before the peer is asked: it learns what to give back when it leaves. */
  enlist(peer: Peer): void {
    if (this.#askers.includes(peer)) return;
    this.#askers.push(peer);
    peer.noteAsked(this);
  }

  /** Ends all requests, for good. */
  close(): void {
    this.#releaseAll(undefined);
    this.isClosed = true;
  }

  /** Ends the requests of a peer that leaves. */
  dismiss(peer: Peer): void {
    this.#releaseAll(peer);
    const index = this.#askers.indexOf(peer);
    if (index >= 0) this.#askers.splice(index, 1);
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
    if (this.askedOnce === 0 || this.parole) return undefined;
    for (let block = from; block < this.blockCount; block++) {
      const first = this.#first[block];
      if (first === undefined || first === peer || this.#second[block] !== undefined) continue;
      if (this.#second.length === 0) this.#second.length = this.blockCount;
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
    if (second !== undefined) this.#second[block] = undefined;
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
  checkInvariants(requests: Map<Peer, Map<OpenPiece, number>>): void {
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
      if (this.parole && first !== undefined && (first !== this.worker || second !== undefined))
        throw new Error(`${this.#name(block)} is on parole, and not asked of its worker alone`);
      for (const peer of [first, second]) {
        if (peer === undefined) continue;
        const ofPeer = requests.get(peer) ?? new Map<OpenPiece, number>();
        requests.set(peer, ofPeer.set(this, (ofPeer.get(this) ?? 0) + 1));
      }
    }
    if (counted[MISSING] !== this.missing || counted[RECEIVED] !== this.received || askedOnce !== this.askedOnce) {
      throw new Error(`piece ${this.piece}: counters ${this.missing}/${this.received}/${this.askedOnce} do not match`);
    }
  }

  #releaseAll(peer: Peer | undefined): void {
    if (this.requested === 0) return;
    for (let block = 0; block < this.blockCount; block++) {
      const [first, second] = [this.#first[block], this.#second[block]];
      if (first !== undefined && (peer === undefined || first === peer)) this.release(first, block);
      if (second !== undefined && (peer === undefined || second === peer)) this.release(second, block);
    }
  }

  #name(block: number): string {
    return `block ${block} of piece ${this.piece}`;
  }
}
