// A bounded set of open files, least recently used closed first. One may be shared by many DiskStorages.
// Invariants: a handle in use is never closed; at most `limit` files are open or being opened.
import type { FileHandle } from 'node:fs/promises';
import { systemCode } from './system-error.ts';

/** Keeps files open, up to a number of them; the one unused for longest is closed first. */
export class OpenFiles {
  readonly #limit: number;
  /** In order of use, least recent first; those being opened included. */
  readonly #entries = new Map<string, Entry>();
  /** Files being closed still count. */
  #closing = 0;
  readonly #waiting: (() => void)[] = [];

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
      if (idle.length > 0) await Promise.all(idle.map(([key, entry]) => this.#close(key, entry)));
      else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** The next use of `key` opens it afresh; those who use it now are not disturbed. */
  forget(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    entry.forgotten = true;
    this.#entries.delete(key);
    this.#closing++;
    // A handle that cannot be closed is no use to anybody; what was written through it is told by whoever flushes.
    if (entry.users === 0) this.#shut(entry).catch(() => {});
  }

  async #acquire(key: string, open: () => Promise<FileHandle>): Promise<Entry> {
    for (;;) {
      const there = this.#entries.get(key);
      if (there !== undefined) {
        this.#entries.delete(key);
        this.#entries.set(key, there);
        there.users++;
        return there;
      }
      if (this.count < this.#limit) break;
      await this.#makeRoom();
    }
    const entry: Entry = { users: 1, forgotten: false, handle: this.#open(open) };
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
    for (const [key, entry] of this.#entries) {
      if (entry.users > 0) continue;
      await this.#close(key, entry);
      return true;
    }
    return false;
  }

  async #close(key: string, entry: Entry): Promise<void> {
    this.#entries.delete(key);
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
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

interface Entry {
  users: number;
  /** No longer in the map; closed when the last user is done. */
  forgotten: boolean;
  readonly handle: Promise<FileHandle>;
}
