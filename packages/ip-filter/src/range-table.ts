// Ranges of addresses of one family, as 32-bit words in flat arrays: 8 bytes a range for IPv4, 32 for IPv6.
// Invariants: first <= last in each; ranges ascend and neither overlap nor touch, so that an address lies in the last one
// that begins at or before it, or in none.

/** Words of an address: 1 for IPv4, 4 for IPv6, the most significant first. */
export type Width = 1 | 4;

export class RangeTable {
  readonly width: Width;
  readonly size: number;
  readonly #first: Uint32Array;
  readonly #last: Uint32Array;

  /** Use `RangeTableBuilder`. Takes the arrays over. */
  constructor(width: Width, first: Uint32Array, last: Uint32Array) {
    this.width = width;
    this.size = first.length / width;
    this.#first = first;
    this.#last = last;
  }

  contains(address: ArrayLike<number>): boolean {
    const { width } = this;
    // The ranges before `low` begin at or before the address, those from `high` on behind it.
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compare(this.#first, middle * width, address, 0, width) <= 0) low = middle + 1;
      else high = middle;
    }
    return low > 0 && compare(address, 0, this.#last, (low - 1) * width, width) <= 0;
  }

  /** The words of one range: its first address, then its last. */
  at(index: number): number[] {
    const from = index * this.width;
    const to = from + this.width;
    return [...this.#first.subarray(from, to), ...this.#last.subarray(from, to)];
  }

  /** Throws Error where an invariant of this file does not hold. */
  checkInvariants(): void {
    const { width } = this;
    for (let at = 0; at < this.#first.length; at += width) {
      if (compare(this.#first, at, this.#last, at, width) > 0) throw new Error(`range ${at / width} is upside down`);
      if (at > 0 && reaches(this.#last, at - width, this.#first, at, width)) {
        throw new Error(`range ${at / width} is not apart from the one before`);
      }
    }
  }
}

export class RangeTableBuilder {
  readonly #width: Width;
  /** First and last of each range, one behind the other. */
  #words: Uint32Array;
  #count = 0;
  #isSorted = true;

  constructor(width: Width) {
    this.#width = width;
    this.#words = new Uint32Array(0);
  }

  get count(): number {
    return this.#count;
  }

  /** `words`: those of the first address, then those of the last, which is not below it. */
  add(words: ArrayLike<number>): void {
    const record = 2 * this.#width;
    const at = this.#count * record;
    if (at === this.#words.length) {
      const larger = new Uint32Array(Math.max(64 * record, 2 * at));
      larger.set(this.#words);
      this.#words = larger;
    }
    this.#words.set(words, at);
    if (at > 0 && compare(this.#words, at - record, this.#words, at, this.#width) > 0) this.#isSorted = false;
    this.#count++;
  }

  /** What was added so far, sorted, with ranges that overlap or touch made one. */
  build(): RangeTable {
    const width = this.#width;
    const words = this.#words;
    const record = 2 * width;
    const first = new Uint32Array(this.#count * width);
    const last = new Uint32Array(this.#count * width);
    /** Words of `first` and `last` that are in use. */
    let used = 0;
    for (const index of this.#order()) {
      const from = index * record;
      const to = from + width;
      if (used > 0 && reaches(last, used - width, words, from, width)) {
        if (compare(words, to, last, used - width, width) > 0) last.set(words.subarray(to, to + width), used - width);
        continue;
      }
      first.set(words.subarray(from, to), used);
      last.set(words.subarray(to, to + width), used);
      used += width;
    }
    return new RangeTable(width, first.slice(0, used), last.slice(0, used));
  }

  /** The ranges' indices by their first address. */
  #order(): Uint32Array {
    const width = this.#width;
    const words = this.#words;
    const order = Uint32Array.from({ length: this.#count }, (_, index) => index);
    // Published lists are sorted, mostly.
    if (this.#isSorted) return order;
    return order.sort((one, other) => compare(words, one * 2 * width, words, other * 2 * width, width));
  }
}

/** Negative, zero or positive, as the one address is below, equal to or above the other. */
export function compare(
  one: ArrayLike<number>,
  at: number,
  other: ArrayLike<number>,
  otherAt: number,
  width: Width,
): number {
  for (let word = 0; word < width; word++) {
    const difference = (one[at + word] as number) - (other[otherAt + word] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whether a range that ends at `last` overlaps or touches one that begins at `first`, which is not below its beginning. */
function reaches(
  last: ArrayLike<number>,
  at: number,
  first: ArrayLike<number>,
  firstAt: number,
  width: Width,
): boolean {
  if (compare(first, firstAt, last, at, width) <= 0) return true;
  // Whether first is last + 1: the low words that are full turn over to zero, the next one grows by one.
  let word = width - 1;
  while (word >= 0 && last[at + word] === 0xffff_ffff && first[firstAt + word] === 0) word--;
  if (word < 0 || (last[at + word] as number) + 1 !== first[firstAt + word]) return false;
  return word === 0 || compare(first, firstAt, last, at, word as Width) === 0;
}
