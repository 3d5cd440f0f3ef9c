// Piece buffers, used again instead of allocated again: a fresh megabyte costs its page faults every time.
// Invariant: a buffer is either out (counted as firm by the budget) or idle (counted as spare), never both.
import type { ByteBudget, Spare } from './byte-budget.ts';

/** Idle memory kept at most, unless two buffers are more. */
const IDLE_BYTES = 8 * 1024 * 1024;

/** Makes memory of exactly so many bytes; what it holds is overwritten before it is read. */
export type Allocate = (bytes: number) => Uint8Array;

export const allocateZeros: Allocate = (bytes) => new Uint8Array(bytes);

export class BufferPool {
  readonly #budget: ByteBudget;
  /** The length of the buffers it keeps. */
  readonly size: number;
  readonly #most: number;
  readonly #allocate: Allocate;
  readonly #idle: Idle[] = [];
  #closed = false;

  /** `size` is the length worth keeping (most pieces have it); other lengths are allocated each time. */
  constructor(budget: ByteBudget, size: number, allocate: Allocate = allocateZeros) {
    this.#budget = budget;
    this.size = size;
    this.#allocate = allocate;
    this.#most = Math.max(2, Math.floor(IDLE_BYTES / Math.max(1, size)));
  }

  /** A buffer of exactly `size` bytes, counted as taken. What it holds is undefined. */
  take(size: number): Uint8Array {
    // Cached pieces that must go sooner or later come back here as idle buffers: use those rather than allocate. Fresh
    // megabytes are what makes V8 look for garbage: it did so 24 times a GiB, with an eighth of all CPU time.
    while (this.#idle.length === 0 && this.#budget.held + size > this.#budget.spareLimit && this.#budget.dropOldest());
    const idle = size === this.size ? this.#idle.pop() : undefined;
    if (idle) this.#budget.withdraw(idle);
    this.#budget.take(size);
    return idle?.buffer ?? this.#allocate(size);
  }

  /** The caller has given the bytes back to the budget, and nobody else sees the buffer any more. */
  keep(buffer: Uint8Array): void {
    if (this.#closed || buffer.length !== this.size || this.#idle.length >= this.#most) return;
    const idle: Idle = {
      buffer,
      bytes: buffer.length,
      drop: () => {
        this.#idle.splice(this.#idle.indexOf(idle), 1);
      },
    };
    this.#idle.push(idle);
    this.#budget.lend(idle);
  }

  /** Nothing is kept from here on. */
  close(): void {
    this.#closed = true;
    for (const idle of this.#idle) this.#budget.withdraw(idle);
    this.#idle.length = 0;
  }
}

interface Idle extends Spare {
  readonly buffer: Uint8Array;
}
