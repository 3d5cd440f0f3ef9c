// A bounded set of open files, least recently used closed first. One may be shared by many DiskStorages.
// Invariants: a handle in use is never closed; at most `limit` files are open or being opened.
import type { FileHandle } from 'node:fs/promises';
import { systemCode } from './system-error.ts';

/** Keeps files open, up to a number of them; the one unused for longest is closed first. */
export class OpenFiles {
  readonly #limit: number;
  /** By key; those being opened included. */
  readonly #entries = new Map<string, Entry>();
  /** Those of them that nobody uses, in the order in which they were let go. */
  readonly #idle = new Set<Entry>();
  /** Files being closed still count. */
  #closing = 0;
  /** Those who want room, first come first served. Whoever is woken uses a file, and wakes the next when done. */
  readonly #waiting: (() => void)[] = [];
  readonly #closers: (() => void)[] = [];

  constructor(options: { readonly limit: number }) {
    if (!(options.limit >= 1)) throw new RangeError(`at least one file must be open at a time, not ${options.limit}`);
    this.#limit = options.limit;
  }

  /** Files open, being opened or being closed. */
  get count(): number {
    return this.#entries.size + this.#closing;
  }

  /**
   * Runs `work` with a handle for `key`, opened by `open` unless it is open already. Two keys never share a handle.
   * Where the system has no more handles, idle ones are closed and it is tried again.
   */
  async use<T>(key: string, open: () => Promise<FileHandle>, work: (handle: FileHandle) => Promise<T>): Promise<T> {
    const entry = await this.#acquire(key, open);
    try {
      return await work(await entry.handle);
    } finally {
      entry.users--;
      if (entry.users === 0 && !entry.forgotten) this.#idle.add(entry);
      if (entry.forgotten && entry.users === 0) await this.#shut(entry);
      this.#wake();
    }
  }

  /** Closes the files whose key `belongs`, waiting for those in use. */
  async close(belongs: (key: string) => boolean): Promise<void> {
    for (;;) {
      const mine = [...this.#entries].filter(([key]) => belongs(key));
      if (mine.length === 0) return;
      const idle = mine.filter(([, entry]) => entry.users === 0);
      if (idle.length > 0) await Promise.all(idle.map(([, entry]) => this.#close(entry)));
      else await new Promise<void>((resolve) => this.#closers.push(resolve));
    }
  }

  /** The next use of `key` opens it afresh; those who use it now are not disturbed. */
  forget(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    entry.forgotten = true;
    this.#entries.delete(key);
    this.#idle.delete(entry);
    this.#closing++;
    // A handle that cannot be closed is no use to anybody; what was written through it is told by whoever flushes.
    if (entry.users === 0) this.#shut(entry).catch(() => {});
  }

  async #acquire(key: string, open: () => Promise<FileHandle>): Promise<Entry> {
    for (;;) {
      const there = this.#entries.get(key);
      if (there !== undefined) {
        this.#idle.delete(there);
        there.users++;
        return there;
      }
      if (this.count < this.#limit) break;
      await this.#makeRoom();
    }
    const entry: Entry = { key, users: 1, forgotten: false, handle: this.#open(open) };
    this.#entries.set(key, entry);
    try {
      await entry.handle;
    } catch (error) {
      entry.users--;
      if (!entry.forgotten) this.#entries.delete(key);
      else if (entry.users === 0) this.#closing--;
      this.#wake();
      throw error;
    }
    return entry;
  }

  async #open(open: () => Promise<FileHandle>): Promise<FileHandle> {
    for (;;) {
      try {
        return await open();
      } catch (error) {
        const code = systemCode(error);
        if ((code !== 'EMFILE' && code !== 'ENFILE') || !(await this.#closeOldest())) throw error;
      }
    }
  }

  async #makeRoom(): Promise<void> {
    if (await this.#closeOldest()) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Closes the least recently used idle file; false where all are in use. */
  async #closeOldest(): Promise<boolean> {
    for (const entry of this.#idle) {
      await this.#close(entry);
      return true;
    }
    return false;
  }

  async #close(entry: Entry): Promise<void> {
    this.#entries.delete(entry.key);
    this.#idle.delete(entry);
    this.#closing++;
    await this.#shut(entry);
  }

  /** Ends what `#closing++` began. */
  async #shut(entry: Entry): Promise<void> {
    try {
      const handle = await entry.handle;
      await handle.close();
    } finally {
      this.#closing--;
      this.#wake();
    }
  }

  #wake(): void {
    this.#waiting.shift()?.();
    for (const resolve of this.#closers.splice(0)) resolve();
  }
}

interface Entry {
  readonly key: string;
  users: number;
  /** No longer in the map; closed when the last user is done. */
  forgotten: boolean;
  readonly handle: Promise<FileHandle>;
}
