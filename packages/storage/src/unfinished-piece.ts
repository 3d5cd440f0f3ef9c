// What is there of a piece that has no verdict yet, byte by byte: in its buffer, on disk, or on the way.
// Invariants: dirty ⊆ present ⊆ known; stored ⊆ known; without a buffer nothing is present.
import { BLOCK_LENGTH } from '@shoal/primitives';
import type { Unloadable } from './byte-budget.ts';
import type { Verdict } from './hasher.ts';
import { Ranges } from './ranges.ts';

export class UnfinishedPiece implements Unloadable {
  readonly piece: number;
  /** Bytes in the piece, and in its buffer. */
  readonly bytes: number;
  buffer: Uint8Array | undefined;
  /** Everything that arrived, wherever it is now. */
  known: Ranges = new Ranges();
  /** What the buffer holds. */
  present: Ranges = new Ranges();
  /** What the buffer holds and the disk does not. */
  dirty: Ranges = new Ranges();
  /** What the disk holds, unverified. */
  stored: Ranges = new Ranges();
  /** Settles, without ever rejecting, when the write under way is over. */
  spilling: Promise<void> | undefined;
  /** Set from `complete` until its promise settles; no byte changes in between. */
  completion: Promise<Verdict> | undefined;
  /** Counts resets, so that a write that was under way knows that its bytes are no longer wanted. */
  generation = 0;
  /** The budget knows that the buffer will be given back. */
  leaving = false;
  readonly #unload: (piece: UnfinishedPiece) => void;

  constructor(piece: number, bytes: number, unload: (piece: UnfinishedPiece) => void) {
    this.piece = piece;
    this.bytes = bytes;
    this.#unload = unload;
  }

  unload(): void {
    this.leaving = true;
    this.#unload(this);
  }

  get isWhole(): boolean {
    return this.known.covers(0, this.bytes);
  }

  /** Forgets what arrived; a buffer stays. */
  reset(): void {
    this.generation++;
    this.known = new Ranges();
    this.present = new Ranges();
    this.dirty = new Ranges();
    this.stored = new Ranges();
  }

  /**
   * Copies `bytes` to their place. A block that is whole stays as it is (a second sender's copy must not replace the
   * first one's); an incomplete block is overwritten. Answers whether anything was taken.
   */
  put(begin: number, bytes: Uint8Array, buffer: () => Uint8Array): boolean {
    const end = begin + bytes.length;
    let taken = false;
    for (let at = begin; at < end; ) {
      const blockStart = at - (at % BLOCK_LENGTH);
      const blockEnd = Math.min(blockStart + BLOCK_LENGTH, this.bytes);
      const stop = Math.min(end, blockEnd);
      if (!this.known.covers(blockStart, blockEnd)) {
        buffer().set(stop - at === bytes.length ? bytes : bytes.subarray(at - begin, stop - begin), at);
        this.known.add(at, stop);
        this.present.add(at, stop);
        this.dirty.add(at, stop);
        taken = true;
      }
      at = stop;
    }
    return taken;
  }

  /** Whole blocks of which every byte is in `ranges`. */
  blocksIn(ranges: Ranges): number[] {
    const blocks: number[] = [];
    for (const [start, end] of ranges) {
      for (let block = Math.ceil(start / BLOCK_LENGTH); block * BLOCK_LENGTH < end; block++) {
        if (Math.min((block + 1) * BLOCK_LENGTH, this.bytes) <= end) blocks.push(block);
      }
    }
    return blocks;
  }

  checkInvariants(): void {
    const within = (inner: Ranges, outer: Ranges, what: string): void => {
      for (const [start, end] of inner) {
        if (!outer.covers(start, end)) throw new Error(`piece ${this.piece}: ${what} breaks at [${start}, ${end})`);
      }
    };
    within(this.dirty, this.present, 'dirty ⊆ present');
    within(this.present, this.known, 'present ⊆ known');
    within(this.stored, this.known, 'stored ⊆ known');
    if (this.buffer === undefined && !this.present.isEmpty) throw new Error(`piece ${this.piece}: present nowhere`);
  }
}
