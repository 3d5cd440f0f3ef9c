// Verified bytes kept in memory for those who ask: runs of extents read ahead from the storage, and whole pieces that
// were just written. All of it is spare to the budget and goes least recently used first.
// Who asks here and there gets one extent; who continues where the last read ended gets four: a piece of
// 4 MiB then takes 5 reads instead of 16. Once memory is so short that what was read before is gone
// again, nobody continues, and all reads are small.
// Invariant: an extent is in `#extents` or being read in `#loading`, not both; what was handed out is not written to before its reader lets go of it.
import { concatBytes, type Layout } from '@shoal/primitives';
import { type Allocate, BufferPool } from './buffer-pool.ts';
import type { ByteBudget } from './byte-budget.ts';
import { Cached } from './cached.ts';
import { Holds } from './holds.ts';
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
  /** Of memory for one extent, and for a run of them. */
  readonly #extentPool: BufferPool;
  readonly #runPool: BufferPool;
  readonly #allocate: Allocate;
  readonly #extentLength: number;
  readonly #extentsPerPiece: number;
  /** By `piece * #extentsPerPiece + extent`; the extents of a run share their entry. */
  readonly #extents = new Map<number, Cached>();
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
    const { layout, budget, allocate, extentLength } = options;
    this.#layout = layout;
    this.#storage = options.storage;
    this.#budget = budget;
    this.#pool = options.pool;
    this.#allocate = allocate;
    this.#extentLength = extentLength;
    this.#extentsPerPiece = Math.ceil(layout.pieceLength / extentLength);
    const most = Math.min(layout.pieceLength, layout.totalLength);
    this.#extentPool = new BufferPool(budget, Math.min(extentLength, most), allocate);
    this.#runPool = new BufferPool(budget, Math.min(RUN * extentLength, most), allocate);
  }

  /**
   * The bytes where they are in memory: a view that stays as it is until `holds` is released, or for good where none is
   * given, which costs memory that is not used again.
   */
  peek(piece: number, begin: number, length: number, holds?: Holds): Uint8Array | undefined {
    const there = this.#pieces.get(piece) ?? this.#extents.get(this.#keyOf(piece, begin));
    if (there === undefined || begin + length > there.begin + there.length) return undefined;
    return this.#use(there, begin, length, holds);
  }

  /** In memory, or about to be. */
  isAtHand(piece: number, begin: number): boolean {
    const key = this.#keyOf(piece, begin);
    return this.#pieces.has(piece) || this.#extents.has(key) || this.#loading.has(key);
  }

  async load(piece: number, begin: number, length: number, holds?: Holds): Promise<Uint8Array> {
    const there = this.peek(piece, begin, length, holds);
    if (there !== undefined) return there;
    const end = begin + length;
    const stop = this.#extentEnd(begin, end);
    if (stop === end) return this.#part(piece, begin, end, holds);
    const parts: Promise<Uint8Array>[] = [];
    const meanwhile = new Holds();
    for (let at = begin; at < end; at = this.#extentEnd(at, end)) {
      parts.push(this.#part(piece, at, this.#extentEnd(at, end), meanwhile));
    }
    try {
      return concatBytes(await Promise.all(parts));
    } finally {
      await Promise.allSettled(parts);
      meanwhile.release();
    }
  }

  /** Keeps a piece that was just verified and written. The caller has given its bytes back to the budget. */
  keep(piece: number, buffer: Uint8Array): void {
    this.forget(piece);
    const onDrop = (): void => {
      this.#pieces.delete(piece);
    };
    const cached = new Cached({ buffer, begin: 0, length: buffer.length, pool: this.#pool, onDrop });
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
    this.#extentPool.close();
    this.#runPool.close();
  }

  checkInvariants(): void {
    for (const [key, { begin, length }] of this.#extents) {
      if (this.#loading.has(key)) throw new Error(`extent ${key} is cached and being read`);
      const at = (key % this.#extentsPerPiece) * this.#extentLength;
      if (at < begin || at >= begin + length) {
        throw new Error(`extent ${key} lies outside its run [${begin}, ${begin + length})`);
      }
    }
  }

  #keyOf(piece: number, begin: number): number {
    return piece * this.#extentsPerPiece + Math.floor(begin / this.#extentLength);
  }

  #extentEnd(at: number, end: number): number {
    return Math.min(end, (Math.floor(at / this.#extentLength) + 1) * this.#extentLength);
  }

  #use(cached: Cached, begin: number, length: number, holds: Holds | undefined): Uint8Array {
    this.#budget.touch(cached);
    cached.lendTo(holds);
    return cached.view(begin, length);
  }

  /** Bytes [from, to) of one extent. Memory that is full of what must stay reads no further than asked. */
  async #part(piece: number, from: number, to: number, holds: Holds | undefined): Promise<Uint8Array> {
    const key = this.#keyOf(piece, from);
    const there = this.#extents.get(key);
    if (there !== undefined) return this.#use(there, from, to - from, holds);
    if (this.#loading.get(key) === undefined && this.#budget.isFull) return this.#readAlone(piece, from, to - from);
    const { cached, done } = this.#loading.get(key) ?? this.#startRun(key, piece);
    // At once: it may be dropped in the very moment in which it is there.
    cached.lendTo(holds);
    await done;
    return cached.view(from, to - from);
  }

  #startRun(key: number, piece: number): Loading {
    const begin = (key % this.#extentsPerPiece) * this.#extentLength;
    const count = this.#runAt(key, piece);
    const length = Math.min(count * this.#extentLength, this.#layout.pieceSize(piece) - begin);
    const pool = length <= this.#extentPool.size ? this.#extentPool : this.#runPool;
    const cached: Cached = new Cached({
      buffer: pool.take(pool.size),
      begin,
      length,
      pool,
      onDrop: (run) => {
        for (let at = key; at < key + count; at++) if (this.#extents.get(at) === run) this.#extents.delete(at);
      },
    });
    this.#budget.leave(cached.bytes);
    const loading: Loading = { cached, done: this.#fill(key, count, piece, cached) };
    for (let at = key; at < key + count; at++) this.#loading.set(at, loading);
    return loading;
  }

  async #fill(key: number, count: number, piece: number, cached: Cached): Promise<void> {
    let isRead = false;
    try {
      await this.#storage.read(piece, cached.begin, cached.view(cached.begin, cached.length));
      isRead = true;
    } finally {
      this.#budget.left(cached.bytes);
      const isWanted = this.#loading.get(key)?.cached === cached;
      for (let at = key; at < key + count; at++) {
        if (this.#loading.get(at)?.cached !== cached) continue;
        this.#loading.delete(at);
        if (isRead && isWanted) this.#extents.set(at, cached);
      }
      // Nobody keeps what was forgotten meanwhile.
      if (isRead && isWanted) this.#budget.lend(cached);
      else cached.drop();
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

  async #readAlone(piece: number, begin: number, length: number): Promise<Uint8Array> {
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

interface Loading {
  readonly cached: Cached;
  /** Rejects where the storage fails. */
  readonly done: Promise<void>;
}
