// Verified bytes kept in memory for those who ask: aligned extents read ahead from the storage, and whole pieces that
// were just written. All of it is spare to the budget and goes least recently used first.
// Invariant: an extent is in `#extents` or being read in `#loading`, not both; nothing handed out is ever written to again.
import { concatBytes, type Layout } from '@shoal/primitives';
import type { BufferPool } from './buffer-pool.ts';
import type { ByteBudget, Spare } from './byte-budget.ts';
import type { Storage } from './storage.ts';

export class ReadCache {
  readonly #layout: Layout;
  readonly #storage: Storage;
  readonly #budget: ByteBudget;
  readonly #pool: BufferPool;
  readonly #extentLength: number;
  readonly #extentsPerPiece: number;
  /** By `piece * #extentsPerPiece + extent`. */
  readonly #extents = new Map<number, Cached>();
  readonly #pieces = new Map<number, Cached>();
  readonly #loading = new Map<number, Promise<Uint8Array>>();

  constructor(options: {
    readonly layout: Layout;
    readonly storage: Storage;
    readonly budget: ByteBudget;
    readonly pool: BufferPool;
    readonly extentLength: number;
  }) {
    this.#layout = options.layout;
    this.#storage = options.storage;
    this.#budget = options.budget;
    this.#pool = options.pool;
    this.#extentLength = options.extentLength;
    this.#extentsPerPiece = Math.ceil(options.layout.pieceLength / options.extentLength);
  }

  /** The bytes where they are in memory; a view that stays as it is. */
  peek(piece: number, begin: number, length: number): Uint8Array | undefined {
    const whole = this.#pieces.get(piece);
    if (whole !== undefined) return this.#use(whole, begin, length);
    const extent = Math.floor(begin / this.#extentLength);
    const from = begin - extent * this.#extentLength;
    if (from + length > this.#extentLength) return undefined;
    const cached = this.#extents.get(piece * this.#extentsPerPiece + extent);
    return cached && this.#use(cached, from, length);
  }

  async load(piece: number, begin: number, length: number): Promise<Uint8Array> {
    const there = this.peek(piece, begin, length);
    if (there !== undefined) return there;
    const first = Math.floor(begin / this.#extentLength);
    const last = Math.floor((begin + length - 1) / this.#extentLength);
    if (first === last) {
      const from = begin - first * this.#extentLength;
      return this.#part(piece, first, from, from + length);
    }
    const parts: Promise<Uint8Array>[] = [];
    for (let extent = first; extent <= last; extent++) {
      const start = extent * this.#extentLength;
      const to = Math.min(begin + length, start + this.#extentLength);
      parts.push(this.#part(piece, extent, Math.max(begin, start) - start, to - start));
    }
    return concatBytes(await Promise.all(parts));
  }

  /** Keeps a piece that was just verified and written. The caller has given its bytes back to the budget. */
  keep(piece: number, buffer: Uint8Array): void {
    this.forget(piece);
    const cached: Cached = {
      buffer,
      bytes: buffer.length,
      exposed: false,
      drop: () => {
        this.#pieces.delete(piece);
        // Somebody's output queue may still point into it: then it is left to the garbage collector.
        if (!cached.exposed) this.#pool.keep(buffer);
      },
    };
    this.#pieces.set(piece, cached);
    this.#budget.lend(cached);
  }

  /** The bytes of this piece changed, or are no longer believed. */
  forget(piece: number): void {
    const whole = this.#pieces.get(piece);
    if (whole !== undefined && this.#budget.withdraw(whole)) whole.drop();
    const from = piece * this.#extentsPerPiece;
    for (let key = from; key < from + this.#extentsPerPiece; key++) {
      const cached = this.#extents.get(key);
      if (cached !== undefined && this.#budget.withdraw(cached)) cached.drop();
      this.#loading.delete(key);
    }
  }

  close(): void {
    for (const cached of [...this.#pieces.values(), ...this.#extents.values()]) this.#budget.withdraw(cached);
    this.#pieces.clear();
    this.#extents.clear();
    this.#loading.clear();
  }

  #use(cached: Cached, from: number, length: number): Uint8Array {
    this.#budget.touch(cached);
    cached.exposed = true;
    return cached.buffer.subarray(from, from + length);
  }

  /** Bytes [from, to) of an extent. Memory that is full of what must stay reads no further than asked. */
  async #part(piece: number, extent: number, from: number, to: number): Promise<Uint8Array> {
    const key = piece * this.#extentsPerPiece + extent;
    const there = this.#extents.get(key);
    if (there !== undefined) return this.#use(there, from, to - from);
    const loading = this.#loading.get(key);
    if (loading !== undefined) return (await loading).subarray(from, to);
    const start = extent * this.#extentLength;
    if (this.#budget.isFull) {
      const length = to - from;
      return this.#counted(length, () => this.#read(piece, start + from, length));
    }
    const length = Math.min(this.#extentLength, this.#layout.pieceSize(piece) - start);
    const reading = this.#counted(length, () => this.#read(piece, start, length));
    this.#loading.set(key, reading);
    try {
      const buffer = await reading;
      if (this.#loading.get(key) === reading) this.#keepExtent(key, buffer);
      return buffer.subarray(from, to);
    } finally {
      if (this.#loading.get(key) === reading) this.#loading.delete(key);
    }
  }

  #keepExtent(key: number, buffer: Uint8Array): void {
    const cached: Cached = {
      buffer,
      bytes: buffer.length,
      exposed: true,
      drop: () => {
        this.#extents.delete(key);
      },
    };
    this.#extents.set(key, cached);
    this.#budget.lend(cached);
  }

  async #counted(length: number, work: () => Promise<Uint8Array>): Promise<Uint8Array> {
    this.#budget.take(length);
    this.#budget.leave(length);
    try {
      return await work();
    } finally {
      this.#budget.left(length);
    }
  }

  async #read(piece: number, begin: number, length: number): Promise<Uint8Array> {
    const buffer = new Uint8Array(length);
    await this.#storage.read(piece, begin, buffer);
    return buffer;
  }
}

interface Cached extends Spare {
  readonly buffer: Uint8Array;
  /** A view of it was handed out. */
  exposed: boolean;
}
