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
  readonly pieces: PieceSet;
  /** How many wanted pieces it has, as of the picker's `interestEpoch`. Not kept for a seed. */
  interest = 0;
  interestEpoch = 0;
  /** Pieces to begin with, where looking through the common order took too long. */
  shortlist: Shortlist | undefined;
  readonly #pieceCount: number;

  constructor(owner: object, pieceCount: number) {
    this.owner = owner;
    this.#pieceCount = pieceCount;
    this.pieces = new PieceSet(pieceCount);
  }

  /** Whether it has every piece, as a seed or by its HAVEs. */
  get isFull(): boolean {
    return this.seed || this.pieces.count === this.#pieceCount;
  }

  has(piece: number): boolean {
    return this.seed || this.pieces.has(piece);
  }

  /** Takes over a first or a new have-map. */
  assign(have: Bitfield): void {
    this.seed = have.isFull;
    if (this.seed) this.pieces.clear();
    else this.pieces.assign(have);
    this.shortlist = undefined;
  }
}
