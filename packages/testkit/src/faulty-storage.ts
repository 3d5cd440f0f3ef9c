// A storage whose disk can be slow, full or broken, in front of any other storage. Without faults it is that storage.
// Invariant: a call that a fault rejects has not reached the storage behind it.

import type { SimStamp, SimStorage } from './contracts.ts';

export type StorageFault = 'full' | 'read' | 'write' | 'flush' | 'move' | 'remove';

export interface FaultyStorageOptions {
  /** Needed by `slow`. */
  readonly clock?: { setTimer(callback: () => void, delayMs: number): unknown };
  /** The error a fault rejects with; by default the platform's (ENOSPC, EIO). */
  readonly error?: (fault: StorageFault, message: string) => Error;
}

type Places = (piece: number, begin: number) => boolean;

export class FaultyStorage implements SimStorage {
  readonly #inner: SimStorage;
  readonly #options: FaultyStorageOptions;
  #room = Number.POSITIVE_INFINITY;
  #readDelayMs = 0;
  #writeDelayMs = 0;
  #failsToRead: Places = () => false;
  #failsToWrite: Places = () => false;
  readonly #failsTo = new Set<StorageFault>();
  /** What reached the storage behind. */
  readonly counters: { reads: number; writes: number; bytesRead: number; bytesWritten: number; faults: number } = {
    reads: 0,
    writes: 0,
    bytesRead: 0,
    bytesWritten: 0,
    faults: 0,
  };

  constructor(inner: SimStorage, options: FaultyStorageOptions = {}) {
    this.#inner = inner;
    this.#options = options;
  }

  /** The disk has room for this many bytes more; a write that needs more is refused whole. */
  full(roomBytes = 0): void {
    this.#room = roomBytes;
  }

  /** Every read and write takes this long on the clock, beside the others. */
  slow(readMs: number, writeMs: number = readMs): void {
    if (this.#options.clock === undefined) throw new TypeError('a slow disk needs a clock');
    this.#readDelayMs = readMs;
    this.#writeDelayMs = writeMs;
  }

  failReads(where: Places = () => true): void {
    this.#failsToRead = where;
  }

  failWrites(where: Places = () => true): void {
    this.#failsToWrite = where;
  }

  /** What a disk does seldom, and then to the whole torrent. */
  fail(...what: ('flush' | 'move' | 'remove')[]): void {
    for (const fault of what) this.#failsTo.add(fault);
  }

  /** Takes every fault away. */
  heal(): void {
    this.#room = Number.POSITIVE_INFINITY;
    this.#readDelayMs = 0;
    this.#writeDelayMs = 0;
    this.#failsToRead = () => false;
    this.#failsToWrite = () => false;
    this.#failsTo.clear();
  }

  open(): Promise<void> {
    return this.#inner.open();
  }

  async read(piece: number, begin: number, into: Uint8Array): Promise<void> {
    await this.#delay(this.#readDelayMs);
    if (this.#failsToRead(piece, begin)) throw this.#fault('read', `cannot read piece ${piece} at ${begin}`);
    await this.#inner.read(piece, begin, into);
    this.counters.reads++;
    this.counters.bytesRead += into.length;
  }

  async write(piece: number, begin: number, bytes: Uint8Array): Promise<void> {
    await this.#delay(this.#writeDelayMs);
    if (this.#failsToWrite(piece, begin)) throw this.#fault('write', `cannot write piece ${piece} at ${begin}`);
    if (bytes.length > this.#room) {
      throw this.#fault('full', `no room: ${bytes.length} bytes to write, ${this.#room} left`);
    }
    this.#room -= bytes.length;
    await this.#inner.write(piece, begin, bytes);
    this.counters.writes++;
    this.counters.bytesWritten += bytes.length;
  }

  stamps(): Promise<SimStamp[]> {
    return this.#inner.stamps();
  }

  async flush(): Promise<void> {
    this.#failWhole('flush');
    await this.#inner.flush();
  }

  setWanted(files: readonly boolean[]): Promise<void> {
    return this.#inner.setWanted(files);
  }

  async move(to: string): Promise<void> {
    this.#failWhole('move');
    await this.#inner.move(to);
  }

  async remove(): Promise<void> {
    this.#failWhole('remove');
    await this.#inner.remove();
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #failWhole(what: 'flush' | 'move' | 'remove'): void {
    if (this.#failsTo.has(what)) throw this.#fault(what, `cannot ${what} the torrent`);
  }

  #delay(ms: number): Promise<void> | undefined {
    if (ms === 0) return undefined;
    return new Promise((resolve) => {
      this.#options.clock!.setTimer(resolve, ms);
    });
  }

  #fault(fault: StorageFault, message: string): Error {
    this.counters.faults++;
    const made = this.#options.error?.(fault, message);
    return made ?? Object.assign(new Error(message), { code: fault === 'full' ? 'ENOSPC' : 'EIO' });
  }
}
