// The torrents of a store in memory, each a row of words: as objects with a string for a name they were what made the heap
// grow, and the collector's room for young objects with it.
// Invariants: the rows are 0 to size - 1; each row, plus one, stands in the slot that linear probing from its hash finds
// without meeting an empty one. The hash is keyed: who chooses info-hashes cannot choose where they meet.
import { putWord, wordAt } from './host-words.ts';
import { BOOK_WORDS } from './peer-book.ts';
import { type SipKey, sipHash } from './sip-hash.ts';

/** What stands where in a row, behind the five words of the info-hash and that of its hash. */
export const SWARM = {
  /** Downloads completed, unsigned. */
  completed: 6,
  /** The newest announce, in minutes of the times that the store is told. */
  announcedAt: 7,
  /** A tick. */
  nextExpiry: 8,
  /** How many peers may be looked at for expired ones. */
  credit: 9,
  /** The heads of its two books, `BOOK_WORDS` each. */
  four: 10,
  six: 16,
} as const;

const HASH = 5;
const ROW_WORDS = SWARM.six + BOOK_WORDS;
/** Rows of a segment: a table grows without copying them. */
const SEGMENT_SHIFT = 11;
const SEGMENT_MASK = (1 << SEGMENT_SHIFT) - 1;
const INFO_HASH_LENGTH = 20;

export class SwarmTable {
  size = 0;
  readonly #segments: Int32Array<ArrayBuffer>[] = [];
  #slots: Int32Array<ArrayBuffer> = new Int32Array(256);
  readonly #key: SipKey;
  readonly #hash = new Int32Array(2);

  constructor(key: SipKey) {
    this.#key = key;
  }

  /** The row of a torrent, good until the next `remove`; -1 where there is none. */
  find(infoHash: Uint8Array): number {
    const first = wordAt(infoHash, 0);
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = this.#hashOf(infoHash) & mask; ; slot = (slot + 1) & mask) {
      const row = (slots[slot] as number) - 1;
      if (row < 0) return -1;
      if (this.words(row)[this.at(row)] === first && this.isOf(row, infoHash)) return row;
    }
  }

  /** Whether a row there is is that torrent's. */
  isOf(row: number, infoHash: Uint8Array): boolean {
    if (row >= this.size) return false;
    const words = this.words(row);
    const at = this.at(row);
    for (let word = 0; word < HASH; word++) if (words[at + word] !== wordAt(infoHash, 4 * word)) return false;
    return true;
  }

  /** A row of zeros for a torrent that has none. */
  add(infoHash: Uint8Array): number {
    if (4 * (this.size + 1) > 3 * this.#slots.length) this.#grow();
    const row = this.size++;
    if (row >> SEGMENT_SHIFT === this.#segments.length) {
      this.#segments.push(new Int32Array(ROW_WORDS << SEGMENT_SHIFT));
    }
    const words = this.words(row);
    const at = this.at(row);
    words.fill(0, at, at + ROW_WORDS);
    for (let word = 0; word < HASH; word++) words[at + word] = wordAt(infoHash, 4 * word);
    words[at + HASH] = this.#hashOf(infoHash);
    this.#put(row);
    return row;
  }

  /** Takes out a row; the last one takes its place. */
  remove(row: number): void {
    this.#take(row);
    const last = this.size - 1;
    if (last !== row) {
      const from = this.at(last);
      this.#slots[this.#slotOf(last)] = row + 1;
      this.words(row).set(this.words(last).subarray(from, from + ROW_WORDS), this.at(row));
    }
    this.size = last;
  }

  /** What a row lies in, from `at(row)` on. */
  words(row: number): Int32Array<ArrayBuffer> {
    return this.#segments[row >> SEGMENT_SHIFT] as Int32Array<ArrayBuffer>;
  }

  at(row: number): number {
    return (row & SEGMENT_MASK) * ROW_WORDS;
  }

  /** A copy. */
  infoHash(row: number): Uint8Array {
    const bytes = new Uint8Array(INFO_HASH_LENGTH);
    for (let word = 0; word < HASH; word++) putWord(bytes, 4 * word, this.words(row)[this.at(row) + word] as number);
    return bytes;
  }

  /** Throws where an invariant does not hold. */
  checkInvariants(): void {
    const used = this.#slots.reduce((count, entry) => count + (entry > 0 ? 1 : 0), 0);
    if (used !== this.size) throw new Error(`swarm table: ${used} slots in use for ${this.size}`);
    for (let row = 0; row < this.size; row++) {
      const found = this.find(this.infoHash(row));
      if (found !== row) throw new Error(`swarm table: row ${row} is found at ${found}`);
    }
  }

  #hashOf(infoHash: Uint8Array): number {
    sipHash(this.#key, infoHash, INFO_HASH_LENGTH, this.#hash);
    return this.#hash[0] as number;
  }

  #hashAt(row: number): number {
    return this.words(row)[this.at(row) + HASH] as number;
  }

  #put(row: number): void {
    const mask = this.#slots.length - 1;
    let slot = this.#hashAt(row) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = row + 1;
  }

  /** The slot that holds a row. */
  #slotOf(row: number): number {
    const mask = this.#slots.length - 1;
    let slot = this.#hashAt(row) & mask;
    while (this.#slots[slot] !== row + 1) slot = (slot + 1) & mask;
    return slot;
  }

  /** Frees the slot of a row; those behind it move up, so that probing meets no gap. */
  #take(row: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let gap = this.#slotOf(row);
    for (let slot = (gap + 1) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const home = this.#hashAt((slots[slot] as number) - 1) & mask;
      // It may move unless its home lies behind the gap.
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
      slots[gap] = slots[slot] as number;
      gap = slot;
    }
    slots[gap] = 0;
  }

  #grow(): void {
    this.#slots = new Int32Array(2 * this.#slots.length);
    for (let row = 0; row < this.size; row++) this.#put(row);
  }
}
