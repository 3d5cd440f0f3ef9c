// Verified bytes of one piece in memory, spare to the budget. The memory goes back to its pool, to be written to again, when it
// was dropped and nobody holds it; where a view was handed out for good, never: then it is left to the garbage collector.
import type { BufferPool } from './buffer-pool.ts';
import type { Spare } from './byte-budget.ts';
import type { Holdable, Holds } from './holds.ts';

export class Cached implements Spare, Holdable {
  /** The memory, of which the content may fill less. */
  readonly buffer: Uint8Array;
  /** Where in the piece its content begins, and how much that is. */
  readonly begin: number;
  readonly length: number;
  readonly #pool: BufferPool;
  readonly #onDrop: (cached: Cached) => void;
  #holders = 0;
  #exposed = false;
  #dropped = false;

  constructor(options: {
    readonly buffer: Uint8Array;
    readonly begin: number;
    readonly length: number;
    readonly pool: BufferPool;
    readonly onDrop: (cached: Cached) => void;
  }) {
    this.buffer = options.buffer;
    this.begin = options.begin;
    this.length = options.length;
    this.#pool = options.pool;
    this.#onDrop = options.onDrop;
  }

  get bytes(): number {
    return this.buffer.length;
  }

  /** The memory is the reader's to look at until it lets go, or for good where there are no `holds`. */
  lendTo(holds: Holds | undefined): void {
    if (holds) holds.add(this);
    else this.#exposed = true;
  }

  /** A view of [begin, begin + length) of the piece. */
  view(begin: number, length: number): Uint8Array {
    const from = begin - this.begin;
    return this.buffer.subarray(from, from + length);
  }

  hold(): void {
    this.#holders++;
  }

  release(): void {
    this.#holders--;
    this.#giveBack();
  }

  drop(): void {
    this.#dropped = true;
    this.#onDrop(this);
    this.#giveBack();
  }

  #giveBack(): void {
    if (this.#dropped && this.#holders === 0 && !this.#exposed) this.#pool.keep(this.buffer);
  }
}
