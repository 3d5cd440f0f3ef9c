// What the picker remembers of one peer. A seed (its first bitfield was full) has no set of its own: the picker counts
// seeds in one number, so that adding one costs nothing per piece.
//
// Invariants: `outstanding` is how many requests the open pieces know of, and all of these pieces are in `asked`; `works`
// is the open pieces with missing blocks whose `owner` this peer is; what the peer allows and suggests never grows past
// the limits below; a peer without a `witness` has no wanted piece while its epoch is the picker's.
import type { Bitfield } from '@shoal/primitives';
import type { OpenPiece } from './open-piece.ts';
import { PieceSet } from './piece-set.ts';
import type { Shortlist } from './shortlist.ts';

/** A peer as the picker knows it. The caller only hands it back. */
export interface PickerPeer {
  /** Blocks that this peer was asked for and that neither came nor were released. */
  readonly outstanding: number;
}

/** Allowed-fast pieces remembered of a peer, the latest. BEP 6 has senders choose ten. */
const ALLOWED_FAST_LIMIT = 64;
/** Suggestions remembered of a peer, the latest: they tell of a cache, which is small and soon another. */
const SUGGESTION_LIMIT = 16;

/** Closed pieces are swept out of `asked` when it has grown to this, or to twice what was left the last time. */
const MIN_SWEEP = 16;

/** The picker's own view of a peer. */
export class Peer implements PickerPeer {
  /** The picker it belongs to; undefined once it was removed. */
  owner: object | undefined;
  outstanding = 0;
  /** The open pieces it was ever asked for blocks of, and some that are closed. */
  asked: OpenPiece[] = [];
  /** The pieces it took up and goes on with first. */
  readonly works: OpenPiece[] = [];
  /** Counted as a seed, with `pieces` empty. */
  seed = false;
  /** A piece that it had and that was wanted when last looked, -1 where there was none. Not kept for a seed. */
  witness = -1;
  interestEpoch: number;
  /** Pieces to begin with, where looking through the common order took too long. */
  shortlist: Shortlist | undefined;
  /** In sequential order, by priority: it has no piece that is free to begin below this one. */
  cursors: Uint32Array | undefined;
  /** What it answers for even while it chokes us. */
  readonly allowedFast: Set<number> = new Set();
  readonly suggested: Set<number> = new Set();
  readonly #pieceCount: number;
  readonly #none: PieceSet;
  #pieces: PieceSet;
  #sweepAt: number = MIN_SWEEP;

  /** `none` is an empty set, which all peers without pieces share. */
  constructor(owner: object, interestEpoch: number, pieceCount: number, none: PieceSet) {
    this.owner = owner;
    this.interestEpoch = interestEpoch;
    this.#pieceCount = pieceCount;
    this.#none = none;
    this.#pieces = none;
  }

  /** Read only. */
  get pieces(): PieceSet {
    return this.#pieces;
  }

  has(piece: number): boolean {
    return this.seed || this.#pieces.has(piece);
  }

  /** Whether it would answer for the piece: it has it, and does not choke us or allows the piece all the same. */
  serves(piece: number, choked: boolean): boolean {
    return this.has(piece) && (!choked || this.allowedFast.has(piece));
  }

  /** Takes over a first or a new have-map. */
  assign(have: Bitfield): void {
    this.seed = have.isFull;
    this.#pieces = this.seed || have.isEmpty ? this.#none : new PieceSet(this.#pieceCount);
    if (this.#pieces !== this.#none) this.#pieces.assign(have);
  }

  /** Answers whether the piece was news. */
  add(piece: number): boolean {
    if (this.seed) return false;
    if (this.#pieces === this.#none) this.#pieces = new PieceSet(this.#pieceCount);
    return this.#pieces.add(piece);
  }

  /** Takes a piece away. Not for a seed: call `unseed` before. */
  remove(piece: number): void {
    this.#pieces.delete(piece);
  }

  /** A seed gets a set of its own, with every piece. */
  unseed(): void {
    this.seed = false;
    this.#pieces = new PieceSet(this.#pieceCount);
    this.#pieces.fill();
  }

  allow(piece: number): void {
    remember(this.allowedFast, piece, ALLOWED_FAST_LIMIT);
  }

  suggest(piece: number): void {
    remember(this.suggested, piece, SUGGESTION_LIMIT);
  }

  /** It is asked for a block of the piece for the first time. Amortised O(1). */
  noteAsked(open: OpenPiece): void {
    if (this.asked.length >= this.#sweepAt) {
      this.asked = this.asked.filter((one) => !one.isClosed);
      this.#sweepAt = Math.max(MIN_SWEEP, this.asked.length * 2);
    }
    this.asked.push(open);
  }

  /** Throws where its tables contradict each other, or the requests found in the blocks. */
  checkInvariants(found: Map<OpenPiece, number>): void {
    let outstanding = 0;
    for (const [open, count] of found) {
      outstanding += count;
      if (!this.asked.includes(open)) throw new Error(`piece ${open.piece} is asked of a peer that does not know`);
    }
    if (outstanding !== this.outstanding) throw new Error(`${this.outstanding} outstanding is wrong`);
    for (const open of this.works) if (open.owner !== this) throw new Error(`piece ${open.piece} is not this peer's`);
    if (this.allowedFast.size > ALLOWED_FAST_LIMIT || this.suggested.size > SUGGESTION_LIMIT)
      throw new Error('a peer allows or suggests too much');
  }
}

/** Adds the latest piece; the oldest makes room. */
function remember(pieces: Set<number>, piece: number, limit: number): void {
  pieces.delete(piece);
  pieces.add(piece);
  if (pieces.size <= limit) return;
  for (const oldest of pieces) {
    pieces.delete(oldest);
    return;
  }
}
