// Requests in the order they were made, found by their three numbers. A multiset: two equal requests are two entries.
// Columns of numbers instead of objects, so that asking for and receiving a block allocates nothing. Every entry is in
// exactly one hash chain and in the list of ages; free rows are linked through the same columns.
import type { Request } from './message.ts';

const NONE = -1;

/** An ordered multiset of requests. */
export class RequestTable {
  #size = 0;
  #piece: Uint32Array;
  #begin: Uint32Array;
  #length: Uint32Array;
  /** The next row of the same chain. */
  #chain: Int32Array;
  #older: Int32Array;
  /** The next younger row, or the next free one. */
  #younger: Int32Array;
  #buckets: Int32Array;
  #oldest: number = NONE;
  #youngest: number = NONE;
  #free: number = NONE;

  constructor(capacity = 16) {
    const rows = 2 ** Math.ceil(Math.log2(Math.max(2, capacity)));
    this.#piece = new Uint32Array(rows);
    this.#begin = new Uint32Array(rows);
    this.#length = new Uint32Array(rows);
    this.#chain = new Int32Array(rows);
    this.#older = new Int32Array(rows);
    this.#younger = new Int32Array(rows);
    this.#buckets = new Int32Array(rows).fill(NONE);
    this.#release(0, rows);
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a request as the youngest. */
  add(piece: number, begin: number, length: number): void {
    if (this.#free === NONE) this.#grow();
    const row = this.#free;
    this.#free = this.#younger[row] as number;
    this.#piece[row] = piece;
    this.#begin[row] = begin;
    this.#length[row] = length;
    const bucket = this.#bucketOf(piece, begin);
    this.#chain[row] = this.#buckets[bucket] as number;
    this.#buckets[bucket] = row;
    this.#older[row] = this.#youngest;
    this.#younger[row] = NONE;
    if (this.#youngest === NONE) this.#oldest = row;
    else this.#younger[this.#youngest] = row;
    this.#youngest = row;
    this.#size++;
  }

  has(piece: number, begin: number, length: number): boolean {
    return this.#find(piece, begin, length) !== NONE;
  }

  /** Takes one such request out; answers whether there was one. */
  delete(piece: number, begin: number, length: number): boolean {
    const row = this.#find(piece, begin, length);
    if (row === NONE) return false;
    this.#remove(row);
    return true;
  }

  /** The oldest, left where it is. */
  first(): Request | undefined {
    return this.#oldest === NONE ? undefined : this.#at(this.#oldest);
  }

  /** Forgets the oldest. */
  dropFirst(): void {
    if (this.#oldest !== NONE) this.#remove(this.#oldest);
  }

  /** A snapshot, oldest first, of the `most` oldest. */
  toArray(most: number = Number.POSITIVE_INFINITY): Request[] {
    const requests: Request[] = [];
    for (let row = this.#oldest; row !== NONE && requests.length < most; row = this.#younger[row] as number) {
      requests.push(this.#at(row));
    }
    return requests;
  }

  clear(): void {
    while (this.#oldest !== NONE) this.#remove(this.#oldest);
  }

  /** Throws where the columns contradict one another. For tests. */
  checkInvariants(): void {
    let seen = 0;
    let before = NONE;
    for (let row = this.#oldest; row !== NONE; row = this.#younger[row] as number) {
      if (this.#older[row] !== before) throw new Error(`row ${row} does not know what is older`);
      const { piece, begin, length } = this.#at(row);
      if (!this.has(piece, begin, length)) throw new Error(`row ${row} is in no chain`);
      before = row;
      seen++;
    }
    let free = 0;
    for (let row = this.#free; row !== NONE; row = this.#younger[row] as number) free++;
    if (before !== this.#youngest) throw new Error(`the youngest is row ${this.#youngest}, the list ends at ${before}`);
    if (seen !== this.#size) throw new Error(`${seen} rows are listed, ${this.#size} counted`);
    if (seen + free !== this.#piece.length) throw new Error(`${seen} used and ${free} free of ${this.#piece.length}`);
  }

  #at(row: number): Request {
    return {
      piece: this.#piece[row] as number,
      begin: this.#begin[row] as number,
      length: this.#length[row] as number,
    };
  }

  #bucketOf(piece: number, begin: number): number {
    // Blocks begin at multiples of 2^14, so the low bits alone would put a whole piece into one chain.
    let hash = Math.imul(piece, 0x9e3779b1) ^ Math.imul(begin ^ (begin >>> 14), 0x85ebca6b);
    hash ^= hash >>> 15;
    return hash & (this.#buckets.length - 1);
  }

  #find(piece: number, begin: number, length: number): number {
    let row = this.#buckets[this.#bucketOf(piece, begin)] as number;
    while (row !== NONE && (this.#piece[row] !== piece || this.#begin[row] !== begin || this.#length[row] !== length)) {
      row = this.#chain[row] as number;
    }
    return row;
  }

  #remove(row: number): void {
    const bucket = this.#bucketOf(this.#piece[row] as number, this.#begin[row] as number);
    let at = this.#buckets[bucket] as number;
    if (at === row) {
      this.#buckets[bucket] = this.#chain[row] as number;
    } else {
      while (this.#chain[at] !== row) at = this.#chain[at] as number;
      this.#chain[at] = this.#chain[row] as number;
    }
    const older = this.#older[row] as number;
    const younger = this.#younger[row] as number;
    if (older === NONE) this.#oldest = younger;
    else this.#younger[older] = younger;
    if (younger === NONE) this.#youngest = older;
    else this.#older[younger] = older;
    this.#younger[row] = this.#free;
    this.#free = row;
    this.#size--;
  }

  /** Only ever called when every row is in use. */
  #grow(): void {
    const rows = this.#piece.length;
    this.#piece = widen(this.#piece, new Uint32Array(2 * rows));
    this.#begin = widen(this.#begin, new Uint32Array(2 * rows));
    this.#length = widen(this.#length, new Uint32Array(2 * rows));
    this.#older = widen(this.#older, new Int32Array(2 * rows));
    this.#younger = widen(this.#younger, new Int32Array(2 * rows));
    this.#chain = new Int32Array(2 * rows);
    this.#buckets = new Int32Array(2 * rows).fill(NONE);
    for (let row = 0; row < rows; row++) {
      const bucket = this.#bucketOf(this.#piece[row] as number, this.#begin[row] as number);
      this.#chain[row] = this.#buckets[bucket] as number;
      this.#buckets[bucket] = row;
    }
    this.#release(rows, 2 * rows);
  }

  #release(from: number, to: number): void {
    for (let row = to - 1; row >= from; row--) {
      this.#younger[row] = this.#free;
      this.#free = row;
    }
  }
}

function widen<T extends Uint32Array | Int32Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
