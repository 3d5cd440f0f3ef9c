// Where the peers of a large book are found: a table of their positions by the hash of address and port, and how many come
// from each site (an IPv4 address, an IPv6 /64), by the hash of that.
// Invariants: `slots` has each position, plus one, where linear probing from its hash finds it without meeting an empty
// slot; a site's cell counts at least its own records, as long as it has not been full.

export class BookIndex {
  readonly slots: Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;
  readonly #sites: Uint16Array<ArrayBuffer>;

  /** `slots`: a power of two, of which three quarters at most are to be used. */
  constructor(slots: number) {
    // A position plus one fits 16 bits while at most three quarters of 65,536 slots are used.
    this.slots = slots <= 0x1_0000 ? new Uint16Array(slots) : new Uint32Array(slots);
    this.#sites = new Uint16Array(slots / 2);
  }

  put(position: number, hash: number): void {
    const mask = this.slots.length - 1;
    let slot = hash & mask;
    while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
    this.slots[slot] = position + 1;
  }

  /** The record at `from` goes to `to`. */
  move(from: number, to: number, hash: number): void {
    this.slots[this.#slotOf(from, hash)] = to + 1;
  }

  /** Frees the slot of a position; those behind it move up, so that probing meets no gap. */
  take(position: number, hashAt: (position: number) => number): void {
    const slots = this.slots;
    const mask = slots.length - 1;
    let gap = this.#slotOf(position, hashAt(position));
    for (let slot = (gap + 1) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const home = hashAt((slots[slot] as number) - 1) & mask;
      // It may move unless its home lies behind the gap.
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
      slots[gap] = slots[slot] as number;
      gap = slot;
    }
    slots[gap] = 0;
  }

  /** Records of a site, and of those whose hash falls into its cell. */
  siteCount(hash: number): number {
    return this.#sites[hash & (this.#sites.length - 1)] as number;
  }

  countSite(hash: number, by: 1 | -1): void {
    const site = hash & (this.#sites.length - 1);
    // A cell that once was full says nothing any more; it stays.
    if (this.#sites[site] !== 0xffff) this.#sites[site] = (this.#sites[site] as number) + by;
  }

  #slotOf(position: number, hash: number): number {
    const mask = this.slots.length - 1;
    let slot = hash & mask;
    while (this.slots[slot] !== position + 1) slot = (slot + 1) & mask;
    return slot;
  }
}

/** The indexes of all large books, by numbers from 1 up. */
export class BookIndexes {
  readonly #indexes: (BookIndex | undefined)[] = [undefined];
  readonly #free: number[] = [];

  /** Undefined for 0. */
  at(number: number): BookIndex | undefined {
    return this.#indexes[number];
  }

  add(index: BookIndex): number {
    const number = this.#free.pop() ?? this.#indexes.length;
    this.#indexes[number] = index;
    return number;
  }

  remove(number: number): void {
    this.#indexes[number] = undefined;
    this.#free.push(number);
  }
}
