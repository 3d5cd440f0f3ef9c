// Verified bytes kept in memory for those who ask: runs of extents read ahead from the storage, and whole pieces that
// were just written. All of it is spare to the budget and goes least recently used first.
// Who asks here and there gets one extent; who continues where the last read ended gets four: a piece of
// 4 MiB then takes 5 reads instead of 16. Once memory is so short that what was read before is gone
// again, nobody continues, and all reads are small.
// Invariant: an extent is in `#extents` or being read in `#loading`, not both; nothing handed out is ever written to again.
import { concatBytes, type Layout } from '@shoal/primitives';
import type { Allocate, BufferPool } from './buffer-pool.ts';
import type { ByteBudget, Spare } from './byte-budget.ts';
import type { Storage } from './storage.ts';

/** Extents read at once for who reads on. */
const RUN = 4;
/** A run takes at most this share of the budget. */
const SHARE = 1 / 32;

export class ReadCache {
  readonly #layout: Layout;
  readonly #storage: Storage;
  readonly #budget: ByteBudget;
  readonly #pool: BufferPool;
  readonly #allocate: Allocate;
  readonly #extentLength: number;
  readonly #extentsPerPiece: number;
  /** By `piece * #extentsPerPiece + extent`; the extents of a run share their entry. */
  readonly #extents = new Map<number, Run>();
  readonly #pieces = new Map<number, Cached>();
  readonly #loading = new Map<number, Loading>();

  constructor(options: {
    readonly layout: Layout;
    readonly storage: Storage;
    readonly budget: ByteBudget;
    readonly pool: BufferPool;
    readonly extentLength: number;
    readonly allocate: Allocate;
  }) {
    this.#layout = options.layout;
    this.#storage = options.storage;
    this.#budget = options.budget;
    this.#pool = options.pool;
    this.#allocate = options.allocate;
    this.#extentLength = options.extentLength;
    this.#extentsPerPiece = Math.ceil(options.layout.pieceLength / options.extentLength);
  }

  /** The bytes where they are in memory; a view that stays as it is. */
  peek(piece: number, begin: number, length: number): Uint8Array | undefined {
    const whole = this.#pieces.get(piece);
    if (whole !== undefined) return this.#use(whole, begin, length);
    const run = this.#extents.get(this.#keyOf(piece, begin));
    if (run === undefined) return undefined;
    const from = begin - run.begin;
    return from + length <= run.buffer.length ? this.#use(run, from, length) : undefined;
  }

  async load(piece: number, begin: number, length: number): Promise<Uint8Array> {
    const there = this.peek(piece, begin, length);
    if (there !== undefined) return there;
    const parts: Promise<Uint8Array>[] = [];
    const end = begin + length;
    for (let at = begin; at < end; ) {
      const stop = Math.min(end, (Math.floor(at / this.#extentLength) + 1) * this.#extentLength);
      parts.push(this.#part(piece, at, stop));
      at = stop;
    }
    const [only] = parts;
    return parts.length === 1 ? (only as Promise<Uint8Array>) : concatBytes(await Promise.all(parts));
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
      const run = this.#extents.get(key);
      if (run !== undefined && this.#budget.withdraw(run)) run.drop();
      this.#loading.delete(key);
    }
  }

  close(): void {
    for (const cached of [...this.#pieces.values(), ...this.#extents.values()]) this.#budget.withdraw(cached);
    this.#pieces.clear();
    this.#extents.clear();
    this.#loading.clear();
  }

  checkInvariants(): void {
    for (const [key, run] of this.#extents) {
      if (this.#loading.has(key)) throw new Error(`extent ${key} is cached and being read`);
      const begin = (key % this.#extentsPerPiece) * this.#extentLength;
      if (begin < run.begin || begin >= run.begin + run.buffer.length) {
        throw new Error(`extent ${key} lies outside its run [${run.begin}, ${run.begin + run.buffer.length})`);
      }
    }
  }

  #keyOf(piece: number, begin: number): number {
    return piece * this.#extentsPerPiece + Math.floor(begin / this.#extentLength);
  }

  #use(cached: Cached, from: number, length: number): Uint8Array {
    this.#budget.touch(cached);
    cached.exposed = true;
    return cached.buffer.subarray(from, from + length);
  }

  /** Bytes [from, to) of one extent. Memory that is full of what must stay reads no further than asked. */
  async #part(piece: number, from: number, to: number): Promise<Uint8Array> {
    const key = this.#keyOf(piece, from);
    const there = this.#extents.get(key);
    if (there !== undefined) return this.#use(there, from - there.begin, to - from);
    const loading = this.#loading.get(key);
    if (loading !== undefined) return (await loading.bytes).subarray(from - loading.begin, to - loading.begin);
    if (this.#budget.isFull) return this.#read(piece, from, to - from);
    return this.#loadRun(key, piece, from, to);
  }

  async #loadRun(key: number, piece: number, from: number, to: number): Promise<Uint8Array> {
    const begin = (key % this.#extentsPerPiece) * this.#extentLength;
    const count = this.#runAt(key, piece);
    const length = Math.min(count * this.#extentLength, this.#layout.pieceSize(piece) - begin);
    const loading: Loading = { begin, bytes: this.#read(piece, begin, length) };
    for (let at = key; at < key + count; at++) this.#loading.set(at, loading);
    try {
      const bytes = await loading.bytes;
      this.#keepRun(key, count, loading, bytes);
      return bytes.subarray(from - begin, to - begin);
    } finally {
      for (let at = key; at < key + count; at++) if (this.#loading.get(at) === loading) this.#loading.delete(at);
    }
  }

  /** How many extents to read from `key` on, none of which is here already. */
  #runAt(key: number, piece: number): number {
    if (!this.#extents.has(key - 1) && !this.#loading.has(key - 1)) return 1;
    const most = Math.min(RUN, Math.floor((this.#budget.limit * SHARE) / this.#extentLength));
    const end = Math.min(key + most, this.#keyOf(piece, this.#layout.pieceSize(piece) - 1) + 1);
    let stop = key + 1;
    while (stop < end && !this.#extents.has(stop) && !this.#loading.has(stop)) stop++;
    return stop - key;
  }

  /** Keeps what was read, unless it was forgotten meanwhile. */
  #keepRun(key: number, count: number, loading: Loading, buffer: Uint8Array): void {
    if (this.#loading.get(key) !== loading) return;
    const run: Run = {
      buffer,
      begin: loading.begin,
      bytes: buffer.length,
      exposed: true,
      drop: () => {
        for (let at = key; at < key + count; at++) if (this.#extents.get(at) === run) this.#extents.delete(at);
      },
    };
    for (let at = key; at < key + count; at++) {
      this.#loading.delete(at);
      this.#extents.set(at, run);
    }
    this.#budget.lend(run);
  }

  async #read(piece: number, begin: number, length: number): Promise<Uint8Array> {
    this.#budget.take(length);
    this.#budget.leave(length);
    try {
      const buffer = this.#allocate(length);
      await this.#storage.read(piece, begin, buffer);
      return buffer;
    } finally {
      this.#budget.left(length);
    }
  }
}

interface Cached extends Spare {
  readonly buffer: Uint8Array;
  /** A view of it was handed out. */
  exposed: boolean;
}

interface Run extends Cached {
  /** Where in the piece it starts. */
  readonly begin: number;
}

interface Loading {
  /** Where in the piece it starts. */
  readonly begin: number;
  readonly bytes: Promise<Uint8Array>;
}
