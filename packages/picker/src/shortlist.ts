// The hard case of picking is a peer whose pieces all stand late in the common order, or that has few of very many.
// For such a peer the pieces that it has and nobody has begun are found once, 32 at a time, and the best of them are
// kept here. Entries leave when they are found begun; pieces that become free to begin are pushed. While `complete`,
// every piece the peer could begin is an entry (entries may also be stale or double), so the choice stays exact; a
// list that was cut is used up, then built again.
import type { PieceSet } from './piece-set.ts';

/** The best pieces for one peer to begin. */
export class Shortlist {
  /** Whether nothing was left out. */
  readonly complete: boolean;
  readonly #entries: number[];

  constructor(entries: number[], complete: boolean) {
    this.#entries = entries;
    this.complete = complete;
  }

  /** Collects the `limit` lowest-ranked pieces of both sets; among equal ranks those after piece `from` come first. */
  static build(has: PieceSet, free: PieceSet, limit: number, from: number, rank: (piece: number) => number): Shortlist {
    const heap = new WorstFirst(limit);
    let seen = 0;
    has.visitCommon(free, from, (piece) => {
      seen++;
      heap.offer(piece, rank(piece));
    });
    return new Shortlist(heap.pieces, seen <= limit);
  }

  get length(): number {
    return this.#entries.length;
  }

  push(piece: number): void {
    this.#entries.push(piece);
  }

  includes(piece: number): boolean {
    return this.#entries.includes(piece);
  }

  /** The lowest-ranked piece that is still free, undefined when none is. Drops what is not free any more. */
  best(free: PieceSet, random: number, rank: (piece: number) => number): number | undefined {
    const entries = this.#entries;
    for (let index = entries.length - 1; index >= 0; index--) {
      if (free.has(entries[index] as number)) continue;
      entries[index] = entries.at(-1) as number;
      entries.pop();
    }
    const start = Math.floor(random * entries.length);
    let best: number | undefined;
    let bestRank = Number.POSITIVE_INFINITY;
    for (let step = 0; step < entries.length; step++) {
      const piece = entries[(start + step) % entries.length] as number;
      const rankOfPiece = rank(piece);
      if (rankOfPiece < bestRank) {
        best = piece;
        bestRank = rankOfPiece;
      }
    }
    return best;
  }
}

/** Keeps the `limit` lowest-ranked pieces it is offered: a binary heap with the worst on top. */
class WorstFirst {
  readonly pieces: number[] = [];
  readonly #ranks: number[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  offer(piece: number, rank: number): void {
    if (this.pieces.length < this.#limit) {
      this.pieces.push(piece);
      this.#ranks.push(rank);
      this.#rise(this.pieces.length - 1);
    } else if (rank < (this.#ranks[0] as number)) {
      this.pieces[0] = piece;
      this.#ranks[0] = rank;
      this.#sink();
    }
  }

  #rise(from: number): void {
    for (let child = from; child > 0; ) {
      const parent = (child - 1) >> 1;
      if ((this.#ranks[parent] as number) >= (this.#ranks[child] as number)) return;
      this.#swap(parent, child);
      child = parent;
    }
  }

  #sink(): void {
    for (let parent = 0; ; ) {
      let child = parent * 2 + 1;
      if (child >= this.pieces.length) return;
      if (child + 1 < this.pieces.length && (this.#ranks[child + 1] as number) > (this.#ranks[child] as number))
        child++;
      if ((this.#ranks[parent] as number) >= (this.#ranks[child] as number)) return;
      this.#swap(parent, child);
      parent = child;
    }
  }

  #swap(a: number, b: number): void {
    [this.pieces[a], this.pieces[b]] = [this.pieces[b] as number, this.pieces[a] as number];
    [this.#ranks[a], this.#ranks[b]] = [this.#ranks[b] as number, this.#ranks[a] as number];
  }
}
