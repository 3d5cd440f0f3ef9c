// The hard case of picking is a peer whose pieces all stand late in the common order, or that has few of very many.
// For such a peer the pieces that it has and nobody has begun are found once, 32 at a time, and the best of them are
// kept here. What is begun meanwhile is dropped when it is met; what becomes free to begin is added.
//
// A list that holds all of the peer's free pieces is `complete`, and its best entry is found anew each time: the choice is
// exact. A list that had to be cut is used up in the order it was built in, and then built again; that order may be
// outdated by a few HAVEs, but it is never wrong about priorities: any change of these ends all lists, and what becomes
// free is added only where it is no worse than something listed.
import type { PieceSet } from './piece-set.ts';

/** A piece's place in the order of preference: lower is better. */
export type Rank = (piece: number) => number;

/** The best pieces for one peer to begin. */
export class Shortlist {
  /** Whether nothing was left out. */
  readonly complete: boolean;
  /** Of a list that was cut: the best last. */
  readonly #entries: number[];

  constructor(entries: number[], complete: boolean) {
    this.#entries = entries;
    this.complete = complete;
  }

  /** Collects the `limit` lowest-ranked pieces of both sets; among equal ranks those after piece `from` come first. */
  static build(has: PieceSet, free: PieceSet, limit: number, from: number, rank: Rank): Shortlist {
    const heap = new WorstFirst(limit);
    let seen = 0;
    has.visitCommon(free, from, (piece) => {
      seen++;
      heap.offer(piece, rank(piece));
    });
    return new Shortlist(heap.drain(), seen <= limit);
  }

  get length(): number {
    return this.#entries.length;
  }

  /** A piece became free. A list that was cut may leave it out. */
  add(piece: number, rank: Rank): void {
    if (this.complete) {
      this.#entries.push(piece);
      return;
    }
    const own = rank(piece);
    const worst = this.#entries[0];
    // What was left out is no better than the worst that is listed, but may be better than this.
    if (worst === undefined || own > rank(worst)) return;
    let [low, high] = [0, this.#entries.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rank(this.#entries[middle] as number) > own) low = middle + 1;
      else high = middle;
    }
    this.#entries.splice(low, 0, piece);
  }

  /** The peer has the piece no more. It may stand here twice: begun, not met since, and free to begin again. */
  remove(piece: number): void {
    for (let index = this.#entries.length - 1; index >= 0; index--) {
      if (this.#entries[index] === piece) this.#entries.splice(index, 1);
    }
  }

  includes(piece: number): boolean {
    return this.#entries.includes(piece);
  }

  /** The best piece that is still free, undefined when none is. `random`, in [0, 1), decides among equals. */
  best(free: PieceSet, random: number, rank: Rank): number | undefined {
    const entries = this.#entries;
    if (!this.complete) {
      while (entries.length > 0 && !free.has(entries.at(-1) as number)) entries.pop();
      return entries.at(-1);
    }
    for (let index = entries.length - 1; index >= 0; index--) {
      if (free.has(entries[index] as number)) continue;
      entries[index] = entries.at(-1) as number;
      entries.pop();
    }
    let best: number | undefined;
    let bestRank = Number.POSITIVE_INFINITY;
    let index = Math.floor(random * entries.length);
    for (let rest = entries.length; rest > 0; rest--) {
      const piece = entries[index] as number;
      const own = rank(piece);
      if (own < bestRank) [best, bestRank] = [piece, own];
      if (++index === entries.length) index = 0;
    }
    return best;
  }
}

/** Keeps the `limit` lowest-ranked pieces it is offered: a binary heap with the worst on top. */
class WorstFirst {
  readonly #pieces: number[] = [];
  readonly #ranks: number[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  offer(piece: number, rank: number): void {
    if (this.#pieces.length < this.#limit) {
      this.#pieces.push(piece);
      this.#ranks.push(rank);
      this.#rise(this.#pieces.length - 1);
    } else if (rank < (this.#ranks[0] as number)) {
      this.#pieces[0] = piece;
      this.#ranks[0] = rank;
      this.#sink();
    }
  }

  /** All that is kept, the worst first. */
  drain(): number[] {
    const order = [...this.#pieces.keys()].sort((a, b) => (this.#ranks[b] as number) - (this.#ranks[a] as number));
    return order.map((index) => this.#pieces[index] as number);
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
      if (child >= this.#pieces.length) return;
      if (child + 1 < this.#pieces.length && (this.#ranks[child + 1] as number) > (this.#ranks[child] as number))
        child++;
      if ((this.#ranks[parent] as number) >= (this.#ranks[child] as number)) return;
      this.#swap(parent, child);
      parent = child;
    }
  }

  #swap(a: number, b: number): void {
    [this.#pieces[a], this.#pieces[b]] = [this.#pieces[b] as number, this.#pieces[a] as number];
    [this.#ranks[a], this.#ranks[b]] = [this.#ranks[b] as number, this.#ranks[a] as number];
  }
}
