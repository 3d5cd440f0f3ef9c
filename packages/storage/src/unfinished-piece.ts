// What is there of a piece that has no verdict yet, byte by byte: in memory, on disk, or on the way.
// Memory is one buffer for the whole piece or, where the budget was full, single loose blocks; never both.
// In order as it is there, and while it is in one buffer, it is hashed on the way: hashing at the end finds the bytes cold, and
// behind those of other pieces.
// Invariants: dirty ⊆ present ⊆ known; stored ⊆ known; what is present has memory; leaving <= held; what is hashed is whole
// blocks in the buffer, which do not change.
import { BLOCK_LENGTH } from '@shoal/primitives';
import type { Unloadable } from './byte-budget.ts';
import type { Hasher, PieceHash, Verdict } from './hasher.ts';
import { Ranges } from './ranges.ts';

/** Fewer bytes than that are not worth a call of the hasher. */
const HASH_FROM = 64 * 1024;
/** More than that would hold up the event loop: 0.35 ms. */
const HASH_AT_ONCE = 512 * 1024;

export class UnfinishedPiece implements Unloadable {
  readonly piece: number;
  /** Bytes in the piece. */
  readonly size: number;
  /** Everything that arrived, wherever it is now. */
  known: Ranges = new Ranges();
  /** What is in memory. */
  present: Ranges = new Ranges();
  /** What is in memory and not on disk. */
  dirty: Ranges = new Ranges();
  /** What is on disk, unverified. */
  stored: Ranges = new Ranges();
  buffer: Uint8Array | undefined;
  /** By block index. */
  readonly loose: Map<number, Uint8Array> = new Map();
  /** Bytes of memory the budget counts for this piece. */
  held = 0;
  /** Bytes of `held` the budget expects back without further pressure. */
  leaving = 0;
  /** Settles, without ever rejecting, when the write under way is over. */
  spilling: Promise<void> | undefined;
  /** Set from `complete` until its promise settles; no byte changes in between. */
  completion: Promise<Verdict> | undefined;
  /** Counts resets, so that a write that was under way knows that its bytes are no longer wanted. */
  generation = 0;
  readonly #unload: (piece: UnfinishedPiece) => void;
  #hash: PieceHash | undefined;
  /** Bytes from the start of the piece that `#hash` has seen. */
  #hashed = 0;

  constructor(piece: number, size: number, unload: (piece: UnfinishedPiece) => void) {
    this.piece = piece;
    this.size = size;
    this.#unload = unload;
  }

  /** What unloading would bring. */
  get bytes(): number {
    return this.held - this.leaving;
  }

  unload(): void {
    this.leaving = this.held;
    this.#unload(this);
  }

  get isWhole(): boolean {
    return this.known.covers(0, this.size);
  }

  /** Whether the buffer holds the whole piece. */
  get isLoaded(): boolean {
    return this.buffer !== undefined && this.present.covers(0, this.size);
  }

  /** Hashes more of what arrived in order. */
  hashOn(hasher: Hasher): void {
    if (this.buffer === undefined || hasher.begin === undefined) return;
    const { prefix } = this.present;
    const whole = prefix === this.size ? prefix : prefix - (prefix % BLOCK_LENGTH);
    if (whole - this.#hashed < HASH_FROM) return;
    this.#hash ??= hasher.begin();
    const end = Math.min(whole, this.#hashed + HASH_AT_ONCE);
    this.#hash.update(this.buffer.subarray(this.#hashed, end));
    this.#hashed = end;
  }

  /** What was hashed so far, and how many bytes that is. It is the caller's from now on. */
  takeHash(): { readonly hash: PieceHash; readonly hashed: number } | undefined {
    const taken = this.#hash && { hash: this.#hash, hashed: this.#hashed };
    this.#hash = undefined;
    this.#hashed = 0;
    return taken;
  }

  /** Forgets what arrived; the memory stays. */
  reset(): void {
    this.generation++;
    this.takeHash();
    this.known = new Ranges();
    this.present = new Ranges();
    this.dirty = new Ranges();
    this.stored = new Ranges();
  }

  /**
   * Copies `bytes` to their place, after `allocate` has made memory for a block that has none. A block that is whole
   * stays as it is (a second sender's copy must not replace the first one's), an incomplete one is overwritten.
   * Answers what became of it: nothing was taken, a block is still incomplete, or one became whole.
   */
  put(begin: number, bytes: Uint8Array, allocate: (block: number) => void): 'nothing' | 'part' | 'block' {
    const end = begin + bytes.length;
    let taken: 'nothing' | 'part' | 'block' = 'nothing';
    for (let at = begin; at < end; ) {
      const block = Math.floor(at / BLOCK_LENGTH);
      const blockStart = block * BLOCK_LENGTH;
      const blockEnd = Math.min(blockStart + BLOCK_LENGTH, this.size);
      const stop = Math.min(end, blockEnd);
      if (!this.known.covers(blockStart, blockEnd)) {
        if (this.buffer === undefined && !this.loose.has(block)) allocate(block);
        const part = stop - at === bytes.length ? bytes : bytes.subarray(at - begin, stop - begin);
        if (this.buffer !== undefined) this.buffer.set(part, at);
        else this.loose.get(block)?.set(part, at - blockStart);
        this.known.add(at, stop);
        this.present.add(at, stop);
        this.dirty.add(at, stop);
        if (taken !== 'block') taken = this.known.covers(blockStart, blockEnd) ? 'block' : 'part';
      }
      at = stop;
    }
    return taken;
  }

  /** Views of the memory under [start, end), which is present: one, or one a loose block. */
  parts(start: number, end: number): { at: number; bytes: Uint8Array }[] {
    if (this.buffer !== undefined) return [{ at: start, bytes: this.buffer.subarray(start, end) }];
    const parts: { at: number; bytes: Uint8Array }[] = [];
    for (let at = start; at < end; ) {
      const block = Math.floor(at / BLOCK_LENGTH);
      const blockStart = block * BLOCK_LENGTH;
      const stop = Math.min(end, blockStart + BLOCK_LENGTH);
      parts.push({ at, bytes: (this.loose.get(block) as Uint8Array).subarray(at - blockStart, stop - blockStart) });
      at = stop;
    }
    return parts;
  }

  /** Moves what is present from loose blocks into `buffer`, and answers how many bytes of memory that frees. */
  gather(buffer: Uint8Array): number {
    for (const [start, end] of this.present) {
      for (const { at, bytes } of this.parts(start, end)) buffer.set(bytes, at);
    }
    let freed = 0;
    for (const { length } of this.loose.values()) freed += length;
    this.loose.clear();
    this.buffer = buffer;
    return freed;
  }

  /** Lets go of loose blocks that are wholly on disk, and answers how many bytes of memory that frees. */
  dropClean(): number {
    let freed = 0;
    for (const [block, { length }] of this.loose) {
      const start = block * BLOCK_LENGTH;
      if (this.dirty.overlaps(start, start + length)) continue;
      this.loose.delete(block);
      this.present.remove(start, start + length);
      freed += length;
    }
    return freed;
  }

  /** Whole blocks of which every byte is in `ranges`. */
  blocksIn(ranges: Ranges): number[] {
    const blocks: number[] = [];
    for (const [start, end] of ranges) {
      for (let block = Math.ceil(start / BLOCK_LENGTH); block * BLOCK_LENGTH < end; block++) {
        if (Math.min((block + 1) * BLOCK_LENGTH, this.size) <= end) blocks.push(block);
      }
    }
    return blocks;
  }

  checkInvariants(): void {
    const wrong = (what: string): Error => new Error(`unfinished piece ${this.piece}: ${what}`);
    const within = (inner: Ranges, outer: Ranges, what: string): void => {
      for (const [start, end] of inner)
        if (!outer.covers(start, end)) throw wrong(`${what} fails at [${start}, ${end})`);
    };
    within(this.dirty, this.present, 'dirty ⊆ present');
    within(this.present, this.known, 'present ⊆ known');
    within(this.stored, this.known, 'stored ⊆ known');
    let memory = this.buffer?.length ?? 0;
    for (const { length } of this.loose.values()) memory += length;
    if (memory !== this.held) throw wrong(`${memory} bytes of memory, ${this.held} counted`);
    if (this.leaving < 0 || this.leaving > this.held) throw wrong(`${this.leaving} of ${this.held} bytes are leaving`);
    if (this.buffer !== undefined && this.loose.size > 0) throw wrong('a buffer and loose blocks');
    if (this.#hashed > 0 && !(this.buffer !== undefined && this.present.covers(0, this.#hashed))) {
      throw wrong(`${this.#hashed} bytes are hashed, and not there`);
    }
    if (this.buffer !== undefined) return;
    for (const [start, end] of this.present) {
      for (let block = Math.floor(start / BLOCK_LENGTH); block * BLOCK_LENGTH < end; block++) {
        if (!this.loose.has(block)) throw wrong(`block ${block} is present without memory`);
      }
    }
  }
}
