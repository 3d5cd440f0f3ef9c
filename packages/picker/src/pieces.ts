// The stages of all pieces, and how a piece gets from one to another: fresh (nobody has begun it), open (some of its
// blocks are asked for or received; complete ones wait here for their verdict) or verified. A piece of priority 0 is not
// wanted: it is in none of the tables that are picked from, but stays open where it was.
//
// Invariants: a wanted piece that is neither open nor verified is in `fresh`, and nothing else is; an open piece is placed
// where its blocks say; `wanted` is what has a priority and is not verified; nothing verified is on parole.
import type { Bitfield } from '@shoal/primitives';
import type { Effort } from './effort.ts';
import { FreshPieces } from './fresh-pieces.ts';
import type { OpenPiece } from './open-piece.ts';
import { OpenPieces } from './open-pieces.ts';
import type { Peer } from './peer.ts';
import { PieceSet } from './piece-set.ts';

/** What the picker needs to know of a torrent's layout. */
export interface PickerGeometry {
  readonly pieceCount: number;
  blockCount(piece: number): number;
}

/** Figures that may be tuned; the defaults are meant to stay. */
export interface PickerLimits {
  /** So many pieces are begun at random before rarest first applies, to have something to give soon. */
  readonly randomFirst: number;
  /** Pieces of the common order, and begun ones of one kind, looked at before other means are used. */
  readonly probes: number;
  /** Pieces kept in a peer's shortlist. */
  readonly shortlist: number;
  /** A piece is late from so many ms before its deadline: what is asked of one peer may be asked of another. */
  readonly late: number;
}

/** Every piece and its stage. Indices and priorities are not checked here. */
export class Pieces {
  readonly have: Bitfield;
  readonly wanted: PieceSet;
  readonly parole: PieceSet;
  readonly fresh: FreshPieces;
  readonly open: OpenPieces;
  readonly #geometry: PickerGeometry;
  readonly #randomFirst: number;

  constructor(geometry: PickerGeometry, have: Bitfield, random: () => number, limits: PickerLimits, effort: Effort) {
    const count = geometry.pieceCount;
    this.have = have;
    this.wanted = new PieceSet(count);
    this.parole = new PieceSet(count);
    this.fresh = new FreshPieces(count, random, limits, effort);
    this.open = new OpenPieces(count, limits.probes, effort);
    this.#geometry = geometry;
    this.#randomFirst = limits.randomFirst;
    for (let piece = 0; piece < count; piece++) {
      if (have.has(piece)) continue;
      this.wanted.add(piece);
      this.fresh.enter(piece);
    }
  }

  /** Whether enough pieces were begun for rarest first. */
  get byRarity(): boolean {
    return this.have.count + this.open.size >= this.#randomFirst;
  }

  /** Nobody has begun the piece, and it is not verified. It may be unwanted. */
  isFree(piece: number): boolean {
    return !this.have.has(piece) && this.open.get(piece) === undefined;
  }

  /** The piece as an open one; a fresh one becomes open. Call `settle` once its blocks changed. */
  opened(piece: number): OpenPiece {
    const open = this.open.get(piece);
    if (open !== undefined) return open;
    this.fresh.leave(piece);
    return this.open.begin(piece, this.#geometry.blockCount(piece), this.parole.has(piece));
  }

  /** Puts an open piece where its blocks say after they changed. */
  settle(open: OpenPiece): void {
    if (open.missing === open.blockCount) {
      this.open.close(open);
      this.fresh.enter(open.piece);
    } else {
      this.open.place(open, this.fresh.priorities[open.piece] as number);
    }
  }

  /** The worker of an open piece works at it no more. A piece on parole stays its own while it is asked for blocks of it. */
  resign(open: OpenPiece): void {
    if (!open.parole || open.requested === 0) open.worker = undefined;
    this.settle(open);
  }

  /** The peer chokes us: pieces on parole that it does not allow all the same are for others. */
  leaveParole(peer: Peer): void {
    for (const open of [...peer.works]) if (open.parole && !peer.serves(open.piece, true)) this.resign(open);
  }

  verify(piece: number): void {
    if (!this.have.set(piece)) return;
    this.parole.delete(piece);
    this.#abandon(piece);
    this.wanted.delete(piece);
  }

  /** All blocks are missing again. Answers whether the piece is wanted anew. */
  fail(piece: number, parole: boolean): boolean {
    if (parole) this.parole.add(piece);
    this.#abandon(piece);
    const anew = this.have.clear(piece) && this.fresh.priorities[piece] !== 0 && this.wanted.add(piece);
    this.fresh.enter(piece);
    return anew;
  }

  /** Answers whether this changed what is wanted. */
  setPriority(piece: number, priority: number): boolean {
    if (this.fresh.priorities[piece] === priority) return false;
    this.fresh.setPriority(piece, priority);
    if (this.have.has(piece)) return false;
    const open = this.open.get(piece);
    if (open === undefined) this.fresh.enter(piece);
    else this.settle(open);
    return priority === 0 ? this.wanted.delete(piece) : this.wanted.add(piece);
  }

  /** O(pieces). */
  setPriorities(priorities: Uint8Array): void {
    this.fresh.setPriorities(priorities, (piece) => this.isFree(piece));
    for (let piece = 0; piece < priorities.length; piece++) {
      if (priorities[piece] === 0) this.wanted.delete(piece);
      else if (!this.have.has(piece)) this.wanted.add(piece);
    }
    for (const open of this.open.values()) this.settle(open);
  }

  /** Throws where the tables contradict each other. Adds all requests to `requests`. */
  checkInvariants(requests: Parameters<OpenPieces['checkInvariants']>[0]): void {
    this.fresh.checkInvariants();
    this.open.checkInvariants(requests);
    for (let piece = 0; piece < this.have.length; piece++) {
      const [has, open] = [this.have.has(piece), this.open.get(piece)];
      const priority = this.fresh.priorities[piece] as number;
      if (has && open !== undefined) throw new Error(`piece ${piece} is verified and open`);
      if (has && this.parole.has(piece)) throw new Error(`piece ${piece} is verified and on parole`);
      if (this.wanted.has(piece) !== (priority > 0 && !has)) throw new Error(`piece ${piece} is wrongly (not) wanted`);
      if (this.fresh.set.has(piece) !== (priority > 0 && this.isFree(piece)))
        throw new Error(`piece ${piece} is wrongly (not) free`);
      if (open !== undefined && open.stage !== 'unlisted' && open.priority !== priority)
        throw new Error(`piece ${piece} is open with priority ${open.priority}`);
      if (open !== undefined && open.parole !== this.parole.has(piece))
        throw new Error(`piece ${piece} is wrongly (not) on parole`);
    }
  }

  /** Whatever the piece is, it is neither free nor open now. */
  #abandon(piece: number): void {
    this.fresh.leave(piece);
    const open = this.open.get(piece);
    if (open !== undefined) this.open.close(open);
  }
}
