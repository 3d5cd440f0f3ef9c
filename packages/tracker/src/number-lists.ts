// Lists of numbers that grow, all cut from one array: a small array of its own for each swarm would cost more than what
// stands in it, and every one of them would be the garbage collector's to walk.
// Invariants: a list has room for a power of two of numbers, and nobody else has that room; room given back is taken again
// for lists of the same size alone, so that what lies idle is never more than what once was in use.

export class NumberLists {
  /** Where the lists lie. Another array after a `take`. */
  words: Int32Array<ArrayBuffer> = new Int32Array(1_024);
  #used = 0;
  /** By the binary logarithm of their room. */
  readonly #free: number[][] = [];

  /** Where a list with room for 2 ** `size` numbers begins. What stands in it is left over. */
  take(size: number): number {
    const free = this.#free[size]?.pop();
    if (free !== undefined) return free;
    const begin = this.#used;
    this.#used += 2 ** size;
    if (this.#used > this.words.length) {
      // Untouched pages cost nothing: what is resident is what was used, not what was asked for.
      const words = new Int32Array(2 ** Math.ceil(Math.log2(this.#used)));
      words.set(this.words);
      this.words = words;
    }
    return begin;
  }

  give(begin: number, size: number): void {
    let free = this.#free[size];
    if (free === undefined) {
      while (this.#free.length < size) this.#free.push([]);
      free = [];
      this.#free[size] = free;
    }
    free.push(begin);
  }
}
