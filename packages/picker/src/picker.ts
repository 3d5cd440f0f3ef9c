// Decides which block to ask which peer for. Every piece is in one stage: fresh (nobody has begun it), open (some of
// its blocks are asked for or received; complete ones wait here for their verdict) or verified. The fresh pieces that
// are wanted are in `FreshPieces`, grouped by priority and availability so that a HAVE is one swap. What is open is an
// `OpenPiece`; those that are wanted and have missing blocks are also in `#partials`.
//
// The preference order is `#choose`, top to bottom:
//   1. higher priority;
//   2. the partial piece this peer is the worker of, so that it delivers consecutive blocks of one piece;
//   3. a partial piece nobody is asked for blocks of;
//   4. a fresh piece, for a peer whose queue holds a whole one, while few pieces are partial;
//   5. a partial piece that others are at work on, the nearest to its end first;
//   6. a fresh piece: the rarest, at random among equals; at random altogether for the first few.
// A peer gets the blocks of a piece in ascending order. Once every obtainable block is asked for (the end game), a block
// may be asked of a second peer.
import { Bitfield } from '@shoal/primitives';
import { FreshPieces, MAX_PRIORITY } from './fresh-pieces.ts';
import { OpenPiece } from './open-piece.ts';
import { Peer, type PickerPeer } from './peer.ts';
import { PieceSet } from './piece-set.ts';

/** A block: the `block`-th 16 KiB of a piece. */
export interface BlockRef {
  readonly piece: number;
  readonly block: number;
}

/** What the picker needs to know of a torrent's layout. */
export interface PickerGeometry {
  readonly pieceCount: number;
  blockCount(piece: number): number;
}

/** Figures that may be tuned; the defaults are meant to stay. */
export interface PickerLimits {
  /** So many pieces are begun at random before rarest first applies, to have something to give soon. */
  readonly randomFirst: number;
  /** Pieces of the common order looked at before a peer's own shortlist is used. */
  readonly probes: number;
  /** Pieces kept in a peer's shortlist. */
  readonly shortlist: number;
}

export interface PickerOptions {
  readonly geometry: PickerGeometry;
  /** Pieces that are verified already. Copied. */
  readonly have?: Bitfield;
  /** Answers a number in [0, 1). */
  readonly random: () => number;
  readonly limits?: Partial<PickerLimits>;
}

/** What became of a received block. */
export interface Received {
  /** False: the block was here already, throw it away. */
  readonly fresh: boolean;
  /** All blocks of the piece are here now: verify it, then call `pieceVerified` or `pieceFailed`. */
  readonly pieceComplete: boolean;
  /** Other peers that were asked for the block: send them CANCEL. Their requests are over for the picker. */
  readonly cancel: PickerPeer[];
}

const DEFAULT_LIMITS: PickerLimits = { randomFirst: 4, probes: 128, shortlist: 512 };
/** Fewer partial pieces than this are never too many; with more peers, one a peer is allowed. */
const FEW_PARTIALS = 4;
const NOTHING_NEW: Received = { fresh: false, pieceComplete: false, cancel: [] };

/** One torrent's choice of blocks. */
export class Picker {
  /** The verified pieces. Live: read it, do not change it. */
  readonly have: Bitfield;
  readonly #geometry: PickerGeometry;
  readonly #randomFirst: number;
  readonly #peers = new Set<Peer>();
  /** Peers that hold every piece since their first bitfield, and so are not in its availability per piece. */
  #seeds = 0;
  readonly #fresh: FreshPieces;
  readonly #none: PieceSet;
  /** Wanted and not verified. */
  readonly #wanted: PieceSet;
  /** Moves on when a priority changed what is wanted: peers count their interest again when next asked. */
  #interestEpoch = 0;
  readonly #open = new Map<number, OpenPiece>();
  readonly #partials: OpenPiece[] = [];

  constructor(options: PickerOptions) {
    const { geometry, have, random } = options;
    const count = geometry.pieceCount;
    if (have !== undefined && have.length !== count) {
      throw new RangeError(`the have-map is of ${have.length} pieces, the torrent has ${count}`);
    }
    this.have = have === undefined ? new Bitfield(count) : have.clone();
    this.#geometry = geometry;
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#randomFirst = limits.randomFirst;
    this.#fresh = new FreshPieces(count, random, limits);
    this.#none = new PieceSet(count);
    this.#wanted = new PieceSet(count);
    for (let piece = 0; piece < count; piece++) {
      if (this.have.has(piece)) continue;
      this.#wanted.add(piece);
      this.#fresh.enter(piece);
    }
  }

  /** Wanted pieces that are not verified yet. */
  get missing(): number {
    return this.#wanted.count;
  }

  /** Whether every wanted piece is verified. */
  get isComplete(): boolean {
    return this.#wanted.count === 0;
  }

  /** Whether blocks are on their way and every other missing block that some peer has was asked for. */
  get endGame(): boolean {
    if (!this.#fresh.isExhausted(this.#seeds)) return false;
    for (const partial of this.#partials) if (this.availability(partial.piece) > 0) return false;
    for (const open of this.#open.values()) if (open.requested > 0) return true;
    return false;
  }

  /** How many peers have the piece. */
  availability(piece: number): number {
    this.#checkPiece(piece);
    return this.#seeds + (this.#fresh.availability[piece] as number);
  }

  /** A peer of which nothing is known yet, which means: it has no piece. */
  addPeer(): PickerPeer {
    const peer = new Peer(this, this.#interestEpoch, this.have.length, this.#none);
    this.#peers.add(peer);
    return peer;
  }

  /** Its requests are free for others, its pieces count no more. A second call does nothing. */
  removePeer(peer: PickerPeer): void {
    if (!(peer instanceof Peer) || peer.owner !== this) return;
    for (const open of this.#open.values()) {
      if (peer.outstanding === 0) break;
      open.releaseAll(peer);
      this.#settle(open);
    }
    this.#forgetPieces(peer);
    this.#peers.delete(peer);
    peer.owner = undefined;
  }

  /** A whole have-map arrived: BITFIELD, HAVE ALL or HAVE NONE. Copied. O(1) for a seed. */
  setHave(peer: PickerPeer, have: Bitfield): void {
    const known = this.#known(peer);
    if (have.length !== this.#geometry.pieceCount) {
      throw new RangeError(`the have-map is of ${have.length} pieces, the torrent has ${this.#geometry.pieceCount}`);
    }
    this.#forgetPieces(known);
    known.assign(have);
    if (known.seed) this.#seeds++;
    known.pieces.visitCommon(known.pieces, 0, (piece) => this.#fresh.raise(piece));
    this.#countInterest(known);
  }

  /** A HAVE arrived. Amortised O(1); a piece known already changes nothing. */
  addHave(peer: PickerPeer, piece: number): void {
    const known = this.#known(peer);
    this.#checkPiece(piece);
    if (!known.add(piece)) return;
    this.#fresh.raise(piece);
    if (this.#wanted.has(piece)) known.interest++;
    this.#fresh.enlist(known, piece);
  }

  /** Whether the peer has a wanted piece that we lack. O(1), but once after `setPriority` changed what is wanted. */
  isInteresting(peer: PickerPeer): boolean {
    return this.#interestIn(this.#known(peer)) > 0;
  }

  /** Chooses up to `count` blocks to ask the peer for now and marks them as asked for. */
  pick(peer: PickerPeer, count: number): BlockRef[] {
    const known = this.#known(peer);
    if (!Number.isInteger(count) || count < 0) throw new RangeError(`not a number of blocks: ${count}`);
    const picked: BlockRef[] = [];
    if (this.#interestIn(known) === 0) return picked;
    while (picked.length < count) {
      const open = this.#choose(known, count - picked.length);
      if (open === undefined) break;
      if (open.requested === 0 || open.worker?.owner !== this) open.worker = known;
      while (picked.length < count) {
        const block = open.requestNext(known);
        if (block === undefined) break;
        picked.push({ piece: open.piece, block });
      }
      this.#settle(open);
    }
    if (picked.length < count && this.endGame) this.#duplicate(known, count, picked);
    return picked;
  }

  /** The request ended without its block: rejected, dropped by a choke, timed out. Nothing happens if it is over already. */
  release(peer: PickerPeer, piece: number, block: number): void {
    this.#checkBlock(piece, block);
    const open = this.#open.get(piece);
    if (open === undefined || !(peer instanceof Peer) || peer.owner !== this) return;
    if (open.release(peer, block)) this.#settle(open);
  }

  /** A block arrived, asked for or not. */
  receive(peer: PickerPeer, piece: number, block: number): Received {
    const known = this.#known(peer);
    this.#checkBlock(piece, block);
    if (this.have.has(piece)) return NOTHING_NEW;
    const open = this.#open.get(piece) ?? this.#begin(piece);
    const cancel = open.receive(block, known);
    if (cancel === undefined) return NOTHING_NEW;
    this.#settle(open);
    return { fresh: true, pieceComplete: open.isComplete, cancel };
  }

  /** The piece is good, and stored or about to be. Requests that are open in it are over. */
  pieceVerified(piece: number): void {
    this.#checkPiece(piece);
    if (!this.have.set(piece)) return;
    this.#abandon(piece);
    if (!this.#wanted.delete(piece)) return;
    for (const peer of this.#peers) if (!peer.seed && peer.pieces.has(piece)) peer.interest--;
  }

  /** The piece is bad, or a verified one was lost: all its blocks are missing again. Requests that are open in it are over. */
  pieceFailed(piece: number): void {
    this.#checkPiece(piece);
    this.#abandon(piece);
    if (this.have.clear(piece) && this.#fresh.priorities[piece] !== 0) {
      this.#wanted.add(piece);
      for (const peer of this.#peers) if (!peer.seed && peer.pieces.has(piece)) peer.interest++;
    }
    this.#fresh.enter(piece);
  }

  /** 0: not wanted; else 1 to 7. What was asked for already stays asked for. */
  setPriority(piece: number, priority: number): void {
    this.#checkPiece(piece);
    if (!Number.isInteger(priority) || priority < 0 || priority > MAX_PRIORITY) {
      throw new RangeError(`a priority is a whole number from 0 to ${MAX_PRIORITY}, not ${priority}`);
    }
    if (this.#fresh.priorities[piece] === priority) return;
    this.#fresh.setPriority(piece, priority);
    if (this.have.has(piece)) return;
    if (priority === 0 ? this.#wanted.delete(piece) : this.#wanted.add(piece)) this.#interestEpoch++;
    const open = this.#open.get(piece);
    if (open === undefined) this.#fresh.enter(piece);
    else this.#settle(open);
  }

  /** The piece's priority, 0 to 7. */
  priority(piece: number): number {
    this.#checkPiece(piece);
    return this.#fresh.priorities[piece] as number;
  }

  /** Blocks of an unfinished piece that a former run left behind. A verified piece stays as it is. */
  restore(piece: number, blocks: readonly number[]): void {
    this.#checkPiece(piece);
    for (const block of blocks) this.#checkBlock(piece, block);
    if (this.have.has(piece) || blocks.length === 0) return;
    const open = this.#open.get(piece) ?? this.#begin(piece);
    for (const block of blocks) open.receive(block, undefined);
    this.#settle(open);
  }

  /** The pieces of which some blocks are received and that are not verified. Do not change the picker meanwhile. */
  *partial(): IterableIterator<{ piece: number; received: number[] }> {
    for (const open of this.#open.values()) {
      if (open.received > 0) yield { piece: open.piece, received: open.receivedBlocks() };
    }
  }

  /** Throws where the tables contradict each other. O(pieces x peers): for tests. */
  checkInvariants(): void {
    this.#fresh.checkInvariants();
    const availability = new Uint32Array(this.have.length);
    const requests = new Map<Peer, number>();
    for (const open of this.#open.values()) open.checkInvariants(requests);
    for (const peer of this.#peers) {
      peer.pieces.visitCommon(peer.pieces, 0, (piece) => {
        (availability[piece] as number)++;
      });
      if ((requests.get(peer) ?? 0) !== peer.outstanding) throw new Error(`${peer.outstanding} outstanding is wrong`);
      const interest = peer.pieces.countCommon(this.#wanted);
      if (!peer.seed && peer.interestEpoch === this.#interestEpoch && interest !== peer.interest) {
        throw new Error(`a peer has ${interest} wanted pieces, not ${peer.interest}`);
      }
    }
    const seeds = [...this.#peers].filter((peer) => peer.seed).length;
    if (seeds !== this.#seeds) throw new Error(`${seeds} peers are seeds, not ${this.#seeds}`);
    for (let piece = 0; piece < this.have.length; piece++) {
      const [has, open, wanted] = [this.have.has(piece), this.#open.get(piece), this.#fresh.priorities[piece] !== 0];
      if (availability[piece] !== this.#fresh.availability[piece])
        throw new Error(`the availability of ${piece} is wrong`);
      if (has && open !== undefined) throw new Error(`piece ${piece} is verified and open`);
      if (this.#wanted.has(piece) !== (wanted && !has)) throw new Error(`piece ${piece} is wrongly (not) wanted`);
      if (this.#fresh.set.has(piece) !== (wanted && !has && open === undefined))
        throw new Error(`piece ${piece} is wrongly (not) free`);
      if (open === undefined) continue;
      if (open.missing === open.blockCount) throw new Error(`piece ${piece} is open without a reason`);
      if (open.slot >= 0 !== (wanted && open.missing > 0)) throw new Error(`piece ${piece} is wrongly (not) partial`);
      if (open.slot >= 0 && this.#partials[open.slot] !== open) throw new Error(`piece ${piece} is not in its slot`);
    }
  }

  /** The piece to ask the peer for next, by the preference order above. */
  #choose(peer: Peer, count: number): OpenPiece | undefined {
    let best: OpenPiece | undefined;
    for (const partial of this.#partials) {
      if (peer.has(partial.piece) && (best === undefined || this.#goesBefore(partial, best, peer))) best = partial;
    }
    if (best === undefined) {
      const fresh = this.#findFresh(peer, 1);
      return fresh === undefined ? undefined : this.#begin(fresh);
    }
    const shared = best.worker !== peer && best.requested > 0;
    const takesWhole = peer.outstanding + count >= best.blockCount;
    const room = this.#partials.length < Math.max(FEW_PARTIALS, this.#peers.size);
    const priority = this.#fresh.priorities[best.piece] as number;
    const fresh = this.#findFresh(peer, shared && takesWhole && room ? priority : priority + 1);
    return fresh === undefined ? best : this.#begin(fresh);
  }

  /** Whether the peer should rather go on with partial piece `a` than with `b`. */
  #goesBefore(a: OpenPiece, b: OpenPiece, peer: Peer): boolean {
    const priorities = (this.#fresh.priorities[a.piece] as number) - (this.#fresh.priorities[b.piece] as number);
    if (priorities !== 0) return priorities > 0;
    if ((a.worker === peer) !== (b.worker === peer)) return a.worker === peer;
    if ((a.requested === 0) !== (b.requested === 0)) return a.requested === 0;
    return a.missing < b.missing;
  }

  /** The best piece of the peer that nobody has begun, of this priority or a higher one. */
  #findFresh(peer: Peer, lowestPriority: number): number | undefined {
    const byRarity = this.have.count + this.#open.size >= this.#randomFirst;
    return this.#fresh.find(peer, lowestPriority, byRarity);
  }

  /** The end game: blocks that one other peer was asked for. High priorities first, then pieces that lack least. */
  #duplicate(peer: Peer, count: number, picked: BlockRef[]): void {
    const priority = (open: OpenPiece) => this.#fresh.priorities[open.piece] as number;
    const pieces = [...this.#open.values()]
      .filter((open) => open.askedOnce > 0 && priority(open) > 0 && peer.has(open.piece))
      .sort((a, b) => priority(b) - priority(a) || a.requested - b.requested);
    for (const open of pieces) {
      for (let from = 0; picked.length < count; ) {
        const block = open.duplicateNext(peer, from);
        if (block === undefined) break;
        picked.push({ piece: open.piece, block });
        from = block + 1;
      }
    }
  }

  /** A fresh piece becomes an open one. */
  #begin(piece: number): OpenPiece {
    this.#fresh.leave(piece);
    const open = new OpenPiece(piece, this.#geometry.blockCount(piece));
    this.#open.set(piece, open);
    return open;
  }

  /** Whatever the piece is, it is neither free nor open now. */
  #abandon(piece: number): void {
    this.#fresh.leave(piece);
    const open = this.#open.get(piece);
    if (open === undefined) return;
    open.releaseAll();
    this.#open.delete(piece);
    this.#setPartial(open, false);
  }

  /** Puts an open piece where its blocks say after they changed. */
  #settle(open: OpenPiece): void {
    if (open.missing === open.blockCount) {
      this.#open.delete(open.piece);
      this.#setPartial(open, false);
      this.#fresh.enter(open.piece);
    } else {
      this.#setPartial(open, open.missing > 0 && this.#fresh.priorities[open.piece] !== 0);
    }
  }

  #setPartial(open: OpenPiece, partial: boolean): void {
    if (open.slot >= 0 === partial) return;
    if (partial) {
      open.slot = this.#partials.length;
      this.#partials.push(open);
      return;
    }
    const last = this.#partials.pop() as OpenPiece;
    if (last !== open) {
      this.#partials[open.slot] = last;
      last.slot = open.slot;
    }
    open.slot = -1;
  }

  #forgetPieces(peer: Peer): void {
    this.#fresh.forget(peer);
    if (peer.seed) this.#seeds--;
    peer.pieces.visitCommon(peer.pieces, 0, (piece) => this.#fresh.lower(piece));
  }

  #interestIn(peer: Peer): number {
    if (peer.seed) return this.#wanted.count;
    if (peer.interestEpoch !== this.#interestEpoch) this.#countInterest(peer);
    return peer.interest;
  }

  #countInterest(peer: Peer): void {
    peer.interest = peer.pieces.countCommon(this.#wanted);
    peer.interestEpoch = this.#interestEpoch;
  }

  #known(peer: PickerPeer): Peer {
    if (!(peer instanceof Peer) || peer.owner !== this) throw new TypeError('not a peer of this picker, or removed');
    return peer;
  }

  #checkPiece(piece: number): void {
    if (!Number.isInteger(piece) || piece < 0 || piece >= this.have.length) {
      throw new RangeError(`piece ${piece} is outside [0, ${this.have.length})`);
    }
  }

  #checkBlock(piece: number, block: number): void {
    this.#checkPiece(piece);
    const count = this.#geometry.blockCount(piece);
    if (!Number.isInteger(block) || block < 0 || block >= count) {
      throw new RangeError(`block ${block} of piece ${piece} is outside [0, ${count})`);
    }
  }
}
