// What the picker remembers of one peer. A seed (its first bitfield was full) has no set of its own: the picker counts
// seeds in one number, so that adding one costs nothing per piece.
import type { Bitfield } from '@shoal/primitives';
import { PieceSet } from './piece-set.ts';
import type { Shortlist } from './shortlist.ts';

/** A peer as the picker knows it. The caller only hands it back. */
export interface PickerPeer {
  /** Blocks that this peer was asked for and that neither came nor were released. */
  readonly outstanding: number;
}

/** The picker's own view of a peer. */
export class Peer implements PickerPeer {
  /** The picker it belongs to; undefined once it was removed. */
  owner: object | undefined;
  outstanding = 0;
  /** Counted as a seed, with `pieces` empty. */
  seed = false;
  /** How many wanted pieces it has, as of the picker's `interestEpoch`. Not kept for a seed. */
  interest = 0;
  interestEpoch: number;
  /** Pieces to begin with, where looking through the common order took too long. */
  shortlist: Shortlist | undefined;
  readonly #pieceCount: number;
  readonly #none: PieceSet;
  #pieces: PieceSet;

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
}
