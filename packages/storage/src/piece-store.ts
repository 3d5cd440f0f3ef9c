// Between blocks and Storage: the buffers of unfinished pieces, their verdicts, their writes and the read cache, all
// counted by one ByteBudget. Only verified bytes are ever claimed; unverified ones are written in place at most.
// Invariants: a piece is verified or unfinished, never both; at most one write per piece is under way.
import { Bitfield, BLOCK_LENGTH, type Layout } from '@shoal/primitives';
import { blockChecksums } from './block-checksums.ts';
import { type Allocate, allocateZeros, BufferPool } from './buffer-pool.ts';
import type { ByteBudget } from './byte-budget.ts';
import { StorageError } from './errors.ts';
import type { Expectation, Hasher, Verdict } from './hasher.ts';
import type { Holds } from './holds.ts';
import { Ranges } from './ranges.ts';
import { ReadCache } from './read-cache.ts';
import type { PartialPiece } from './resume.ts';
import type { Storage } from './storage.ts';
import { UnfinishedPiece } from './unfinished-piece.ts';

/** What a piece store stands on. */
export interface PieceStoreOptions {
  readonly layout: Layout;
  /** Open already; the piece store neither opens nor closes it. */
  readonly storage: Storage;
  readonly hasher: Hasher;
  readonly expectation: (piece: number) => Expectation;
  /** Shared by all torrents of a session. */
  readonly budget: ByteBudget;
  /** Bytes read ahead of a request, aligned within the piece; 256 KiB unless told. */
  readonly readAhead?: number;
  /** A write nobody waits for failed; the bytes stay in memory, and are tried again with the piece's next block. */
  readonly onError?: (error: unknown) => void;
  /**
   * Evidence of who sent what: the CRC32-C of each block of every attempt at a piece that was bad, and of the first good
   * one after it. The block that differs came from the liar. Called before the bytes are forgotten; nothing is computed
   * for a piece that never failed.
   */
  readonly onAttempt?: (piece: number, verdict: Verdict, checksums: Uint32Array) => void;
  /** Makes the big buffers; zeroed memory unless told. `./node` has `allocateUninitialized`, which saves the zeroing. */
  readonly allocate?: Allocate;
}

/** An unfinished piece. */
export interface PendingPiece extends PartialPiece {
  /** Those of `blocks` that lie on disk already: what resume data may speak of. */
  readonly stored: readonly number[];
}

/** The pieces of one torrent between the wire and the disk: blocks in, verdicts and blocks out, under a byte budget. */
export class PieceStore {
  readonly #layout: Layout;
  readonly #storage: Storage;
  readonly #hasher: Hasher;
  readonly #expectation: (piece: number) => Expectation;
  readonly #budget: ByteBudget;
  readonly #pool: BufferPool;
  readonly #cache: ReadCache;
  readonly #onError: (error: unknown) => void;
  readonly #onAttempt: PieceStoreOptions['onAttempt'];
  /** Pieces whose last verdict was bad; empty where nobody asks for evidence. */
  readonly #failed = new Set<number>();
  readonly #unfinished = new Map<number, UnfinishedPiece>();
  /** Pieces being read from disk for a verdict: nothing is written to them meanwhile. */
  readonly #checking = new Map<number, Promise<Verdict>>();
  readonly #verified: Bitfield;
  /** Everything that must end before `close` does. */
  readonly #underWay = new Set<Promise<unknown>>();
  /** Reading pieces back from disk goes one by one: each needs a whole buffer, full budget or not. */
  #readBack: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(options: PieceStoreOptions) {
    const { layout, storage, budget } = options;
    this.#layout = layout;
    this.#storage = storage;
    this.#hasher = options.hasher;
    this.#expectation = options.expectation;
    this.#budget = budget;
    this.#onError = options.onError ?? (() => {});
    this.#onAttempt = options.onAttempt;
    const allocate = options.allocate ?? allocateZeros;
    this.#verified = new Bitfield(layout.pieceCount);
    this.#pool = new BufferPool(budget, Math.min(layout.pieceLength, layout.totalLength), allocate);
    const extentLength = options.readAhead ?? 16 * BLOCK_LENGTH;
    if (!(extentLength > 0)) throw new RangeError(`bytes to read ahead are positive: ${extentLength}`);
    this.#cache = new ReadCache({ layout, storage, budget, pool: this.#pool, extentLength, allocate });
  }

  /** False: stop asking for new pieces (`ByteBudget.onRoom` tells when to go on). */
  get hasRoom(): boolean {
    return !this.#closed && !this.#budget.isFull;
  }

  /**
   * Copies the bytes into the piece's buffer; any run of bytes will do, whole blocks or parts. Bytes for a piece that is
   * verified or being verified, and for a block that is whole already, are dropped. RangeError outside the torrent.
   */
  put(piece: number, begin: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#checkRange(piece, begin, bytes.length);
    if (this.#closed || this.#verified.has(piece) || this.#checking.has(piece)) return;
    const entry = this.#unfinishedPiece(piece);
    if (entry.completion !== undefined) return;
    const taken = entry.put(begin, bytes, (block) => this.#allocate(entry, block));
    if (taken === 'block') entry.hashOn(this.#hasher);
    if (taken === 'nothing' || entry.spilling !== undefined) return;
    // Nobody unloads half a block for its own sake: the rest of it is about to arrive.
    if (taken === 'part') this.#budget.enlist(entry);
    else this.#budget.offer(entry);
  }

  /**
   * Verifies a piece of which every byte was put or restored, and writes it when it is ok. `bad` forgets all its bytes.
   * Rejects with StorageError where the disk fails: the bytes stay and `complete` can be called again, except after
   * ERR_STORAGE_SHORT (blocks that lay on disk are gone), which forgets the piece. RangeError where bytes are missing.
   */
  complete(piece: number): Promise<Verdict> {
    const entry = this.#unfinished.get(piece);
    if (entry?.completion !== undefined) return entry.completion;
    if (this.#closed) return Promise.reject(closedError());
    if (entry === undefined || !entry.isWhole) {
      return Promise.reject(new RangeError(`piece ${piece} cannot be complete: bytes of it are missing`));
    }
    const checking = this.#checking.get(piece);
    if (checking !== undefined) {
      const onDisk = checking.catch((): Verdict => 'bad');
      return onDisk.then((verdict) => (verdict === 'ok' ? verdict : this.complete(piece)));
    }
    entry.completion = this.#track(this.#finish(entry));
    return entry.completion;
  }

  /** Forgets what is there of a piece, so that it can be fetched again. No effect while its verdict is under way. */
  discard(piece: number): void {
    const entry = this.#unfinished.get(piece);
    if (entry?.completion !== undefined) return;
    if (this.#verified.has(piece)) this.#verified.clear(piece);
    this.#cache.forget(piece);
    if (entry === undefined) return;
    entry.reset();
    if (entry.spilling === undefined) this.#drop(entry);
  }

  /**
   * Reads and verifies what lies on disk; `bad` where it is missing. Takes a buffer of the piece's size meanwhile, and
   * drops what is put to the piece. Rejects with StorageError where the disk fails otherwise.
   */
  check(piece: number): Promise<Verdict> {
    this.#checkRange(piece, 0, 1);
    if (this.#closed) return Promise.reject(closedError());
    const underWay = this.#unfinished.get(piece)?.completion ?? this.#checking.get(piece);
    if (underWay !== undefined) return underWay;
    const checking = this.#track(this.#check(piece));
    this.#checking.set(piece, checking);
    return checking;
  }

  /** Pieces known to be whole on disk without a check: what is put to them is dropped. */
  trust(pieces: Iterable<number>): void {
    for (const piece of pieces) {
      this.#verified.set(piece);
      const entry = this.#unfinished.get(piece);
      if (entry === undefined || entry.completion !== undefined) continue;
      entry.reset();
      if (entry.spilling === undefined) this.#drop(entry);
    }
  }

  /**
   * The bytes where they are in memory; a view that does not change until `holds` is released, or ever where there are none:
   * memory that was shown for good is not used again. RangeError outside the torrent.
   */
  peek(piece: number, begin: number, length: number, holds?: Holds): Uint8Array | undefined {
    this.#checkRange(piece, begin, length);
    return this.#cache.peek(piece, begin, length, holds);
  }

  /** Whether the byte at `begin` is in memory, or being read: loading it would bring nothing. RangeError outside the torrent. */
  isAtHand(piece: number, begin: number): boolean {
    this.#checkRange(piece, begin, 1);
    return this.#cache.isAtHand(piece, begin);
  }

  /** Bytes of a verified piece, reading ahead; concurrent loads share a read. A view as `peek` gives it. */
  load(piece: number, begin: number, length: number, holds?: Holds): Promise<Uint8Array> {
    this.#checkRange(piece, begin, length);
    if (this.#closed) return Promise.reject(closedError());
    return this.#track(this.#cache.load(piece, begin, length, holds));
  }

  /** Writes every unfinished piece's bytes in place, as for a clean exit. Rejects with the first failure, having tried all. */
  async spill(): Promise<void> {
    const failures: unknown[] = [];
    const writes: Promise<void>[] = [];
    for (const entry of this.#unfinished.values()) {
      if (entry.completion === undefined) writes.push(this.#settle(entry, (error) => failures.push(error)));
    }
    await Promise.all(writes);
    if (failures.length > 0) throw failures[0];
  }

  /** The unfinished pieces with their whole blocks, in memory or on disk. */
  *pending(): IterableIterator<PendingPiece> {
    for (const entry of this.#unfinished.values()) {
      const blocks = entry.blocksIn(entry.known);
      if (blocks.length > 0) yield { piece: entry.piece, blocks, stored: entry.blocksIn(entry.stored) };
    }
  }

  /** Blocks that a former run left on disk, unverified. RangeError for blocks the piece does not have. */
  restore(piece: number, blocks: Iterable<number>): void {
    this.#checkRange(piece, 0, 1);
    if (this.#closed || this.#verified.has(piece)) return;
    const entry = this.#unfinishedPiece(piece);
    if (entry.completion !== undefined) return;
    for (const block of blocks) {
      const begin = block * BLOCK_LENGTH;
      const end = begin + this.#layout.blockSize(piece, block);
      entry.stored.add(begin, end);
      entry.known.add(begin, end);
    }
    if (entry.known.isEmpty) this.#unfinished.delete(piece);
  }

  /** Waits for what is under way and gives all memory back. Unfinished bytes that were not spilled are lost. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#underWay.size > 0) await Promise.allSettled([...this.#underWay]);
    for (const entry of [...this.#unfinished.values()]) this.#drop(entry);
    this.#cache.close();
    this.#pool.close();
  }

  checkInvariants(): void {
    for (const [piece, entry] of this.#unfinished) {
      entry.checkInvariants();
      if (this.#verified.has(piece) && entry.completion === undefined && entry.spilling === undefined) {
        throw new Error(`piece ${piece} is verified and unfinished`);
      }
    }
    this.#cache.checkInvariants();
    this.#budget.checkInvariants();
  }

  async #finish(entry: UnfinishedPiece): Promise<Verdict> {
    const { piece } = entry;
    this.#budget.retract(entry);
    try {
      await entry.spilling;
      this.#markLeaving(entry);
      if (!entry.isLoaded) await this.#inTurn(() => this.#fillFromDisk(entry));
      const buffer = entry.buffer as Uint8Array;
      const verdict = await this.#judge(entry, buffer);
      this.#testify(piece, verdict, buffer);
      if (verdict === 'ok') await this.#writeVerified(entry, buffer);
      this.#unfinished.delete(piece);
      this.#release(entry, entry.held);
      if (verdict === 'ok') {
        this.#verified.set(piece);
        this.#cache.keep(piece, buffer);
      } else {
        this.#cache.forget(piece);
        this.#pool.keep(buffer);
      }
      return verdict;
    } catch (error) {
      entry.completion = undefined;
      if (error instanceof StorageError && error.code === 'ERR_STORAGE_SHORT') {
        this.#drop(entry);
      } else {
        this.#unmarkLeaving(entry);
        this.#offer(entry);
      }
      throw error;
    }
  }

  #judge(entry: UnfinishedPiece, buffer: Uint8Array): Verdict | Promise<Verdict> {
    const expected = this.#expectation(entry.piece);
    const begun = entry.takeHash();
    if (begun === undefined) return this.#hasher.verify(buffer, expected);
    return begun.hash.finish(buffer.subarray(begun.hashed), expected);
  }

  #testify(piece: number, verdict: Verdict, bytes: Uint8Array): void {
    if (this.#onAttempt === undefined) return;
    if (verdict === 'bad') this.#failed.add(piece);
    else if (!this.#failed.delete(piece)) return;
    this.#onAttempt(piece, verdict, blockChecksums(bytes));
  }

  async #fillFromDisk(entry: UnfinishedPiece): Promise<void> {
    const buffer = entry.buffer ?? this.#gather(entry);
    this.#markLeaving(entry);
    for (const [start, end] of entry.present.gaps(entry.size)) {
      await this.#storage.read(entry.piece, start, buffer.subarray(start, end));
      entry.present.add(start, end);
    }
  }

  async #writeVerified(entry: UnfinishedPiece, buffer: Uint8Array): Promise<void> {
    if (entry.stored.isEmpty) {
      await this.#storage.write(entry.piece, 0, buffer);
      return;
    }
    for (const [start, end] of entry.dirty) {
      await this.#storage.write(entry.piece, start, buffer.subarray(start, end));
    }
  }

  async #check(piece: number): Promise<Verdict> {
    const entry = this.#unfinished.get(piece);
    if (entry !== undefined) this.#budget.retract(entry);
    await entry?.spilling;
    const size = this.#layout.pieceSize(piece);
    const buffer = this.#pool.take(size);
    this.#budget.leave(size);
    let verdict: Verdict;
    try {
      await this.#storage.read(piece, 0, buffer);
      verdict = await this.#hasher.verify(buffer, this.#expectation(piece));
      // What lay on disk is no attempt of anybody's, unless it shows what the bad one should have been.
      if (verdict === 'ok') this.#testify(piece, verdict, buffer);
    } catch (error) {
      if (!(error instanceof StorageError) || error.code !== 'ERR_STORAGE_SHORT') throw error;
      verdict = 'bad';
    } finally {
      this.#budget.left(size);
      this.#pool.keep(buffer);
      this.#checking.delete(piece);
      if (entry !== undefined) this.#offer(entry);
    }
    if (verdict === 'ok') this.trust([piece]);
    else if (this.#verified.has(piece)) this.discard(piece);
    return verdict;
  }

  /** Writes what is dirty until nothing is; ends early, with the error reported, where a write fails. */
  async #settle(entry: UnfinishedPiece, onError: (error: unknown) => void): Promise<void> {
    const { generation } = entry;
    let failed = false;
    for (;;) {
      while (entry.spilling !== undefined) await entry.spilling;
      const idle = entry.completion === undefined && !this.#checking.has(entry.piece);
      if (failed || !idle || entry.generation !== generation || entry.dirty.isEmpty) return;
      this.#budget.retract(entry);
      this.#markLeaving(entry);
      this.#startSpill(entry, (error) => {
        failed = true;
        onError(error);
      });
    }
  }

  #startSpill(entry: UnfinishedPiece, onError: (error: unknown) => void): void {
    entry.spilling = this.#track(this.#writeDirty(entry, onError));
  }

  /** Never rejects. The memory is given back at the end unless more bytes came, or the piece awaits its verdict. */
  async #writeDirty(entry: UnfinishedPiece, onError: (error: unknown) => void): Promise<void> {
    const { generation, dirty } = entry;
    let failed = false;
    entry.dirty = new Ranges();
    try {
      for (const part of [...dirty].flatMap(([start, end]) => entry.parts(start, end))) {
        await this.#storage.write(entry.piece, part.at, part.bytes);
        if (entry.generation === generation) entry.stored.add(part.at, part.at + part.bytes.length);
      }
    } catch (error) {
      failed = true;
      if (entry.generation === generation) entry.dirty.addAll(dirty);
      onError(error);
    }
    entry.spilling = undefined;
    // Whoever waits for a verdict decides about the memory.
    if (entry.completion !== undefined) return;
    if (entry.known.isEmpty) this.#drop(entry);
    else if (entry.dirty.isEmpty) this.#releaseAll(entry);
    else {
      this.#release(entry, entry.dropClean());
      this.#unmarkLeaving(entry);
      // A disk that just failed is tried again with the next block, not at once.
      if (!failed && !this.#checking.has(entry.piece)) this.#offer(entry);
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#readBack.then(work);
    this.#readBack = turn.catch(() => {});
    return turn;
  }

  #unfinishedPiece(piece: number): UnfinishedPiece {
    let entry = this.#unfinished.get(piece);
    if (entry === undefined) {
      entry = new UnfinishedPiece(piece, this.#layout.pieceSize(piece), (self) =>
        this.#startSpill(self, this.#onError),
      );
      this.#unfinished.set(piece, entry);
    }
    return entry;
  }

  /** Makes memory for a block: the whole piece's where there is room, otherwise the block's alone. */
  #allocate(entry: UnfinishedPiece, block: number): void {
    if (!this.#budget.isFull || entry.size <= BLOCK_LENGTH) {
      this.#gather(entry);
      return;
    }
    const bytes = new Uint8Array(this.#layout.blockSize(entry.piece, block));
    this.#budget.retract(entry);
    this.#budget.take(bytes.length);
    entry.held += bytes.length;
    entry.loose.set(block, bytes);
  }

  /** Gives the piece a buffer, with its loose blocks in it. */
  #gather(entry: UnfinishedPiece): Uint8Array {
    this.#budget.retract(entry);
    const buffer = this.#pool.take(entry.size);
    entry.held += entry.size;
    this.#release(entry, entry.gather(buffer));
    return buffer;
  }

  #offer(entry: UnfinishedPiece): void {
    if (!entry.dirty.isEmpty) this.#budget.offer(entry);
  }

  #markLeaving(entry: UnfinishedPiece): void {
    this.#budget.leave(entry.held - entry.leaving);
    entry.leaving = entry.held;
  }

  #unmarkLeaving(entry: UnfinishedPiece): void {
    const { leaving } = entry;
    entry.leaving = 0;
    this.#budget.stayed(leaving);
  }

  /** Gives `bytes` of the piece's memory back, those that were leaving first. */
  #release(entry: UnfinishedPiece, bytes: number): void {
    const leaving = Math.min(bytes, entry.leaving);
    entry.leaving -= leaving;
    entry.held -= bytes;
    this.#budget.left(leaving);
    this.#budget.give(bytes - leaving);
  }

  #releaseAll(entry: UnfinishedPiece): void {
    const { buffer } = entry;
    this.#budget.retract(entry);
    this.#release(entry, entry.held);
    entry.takeHash();
    entry.buffer = undefined;
    entry.loose.clear();
    entry.present = new Ranges();
    if (buffer !== undefined) this.#pool.keep(buffer);
  }

  #drop(entry: UnfinishedPiece): void {
    this.#releaseAll(entry);
    this.#unfinished.delete(entry.piece);
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#underWay.add(work);
    const done = (): void => {
      this.#underWay.delete(work);
    };
    work.then(done, done);
    return work;
  }

  #checkRange(piece: number, begin: number, length: number): void {
    if (!this.#layout.isRange(piece, begin, length)) {
      throw new RangeError(`piece ${piece} has no bytes [${begin}, ${begin + length})`);
    }
  }
}

function closedError(): StorageError {
  return new StorageError('ERR_STORAGE_CLOSED', 'the piece store is closed');
}
