// A torrent's files under one folder, by positional reads and writes.
// Invariants: reading creates nothing; nothing is ever shortened, and a file longer than the torrent's is not written to;
// no path is followed out of the root; padding is never stored.
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, stat, symlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { FileSpan, Layout } from '@shoal/primitives';
import { StorageError } from '../errors.ts';
import type { FileStamp, Storage } from '../storage.ts';
import { OpenFiles } from './open-files.ts';
import { SafeFolder } from './safe-path.ts';
import { storageErrorOf, systemCode } from './system-error.ts';

export interface DiskFile {
  /** Components below the root, each safe as one name. */
  readonly path: readonly string[];
  readonly executable?: boolean;
  /** Components below the root of what this symbolic link (BEP 47) points to. */
  readonly symlink?: readonly string[];
}

export interface DiskStorageOptions {
  /** The folder that holds the torrent's top name; made when something is to be written. */
  readonly root: string;
  readonly layout: Layout;
  /** Aligned with `layout.files`; entries of padding are not looked at. */
  readonly files: readonly DiskFile[];
  /** Files open at a time; 64 unless told. */
  readonly maxOpenFiles?: number;
  /** Shared with other storages instead; then `maxOpenFiles` is not looked at. */
  readonly openFiles?: OpenFiles;
  /** Creates nothing, `write` rejects with ERR_STORAGE_ACCESS. */
  readonly readOnly?: boolean;
}

/** Linux stamps files by a clock that moves every 1-10 ms; a stamp younger than this may hide a later write. */
const STAMP_SETTLES_MS = 20;
const STATS_AT_ONCE = 16;
/** 0 on Windows, which has no such flag: there links are looked at beforehand only. */
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;
let nextStorage = 0;

export class DiskStorage implements Storage {
  readonly #layout: Layout;
  readonly #files: readonly DiskFile[];
  readonly #folder: SafeFolder;
  readonly #openFiles: OpenFiles;
  readonly #readOnly: boolean;
  /** Keeps this storage's handles apart from others' in shared OpenFiles. */
  readonly #prefix: string;
  /** Files written to since they were last flushed. */
  readonly #dirty = new Set<number>();
  readonly #underWay = new Set<Promise<unknown>>();
  #closed = false;

  constructor(options: DiskStorageOptions) {
    const { layout, files } = options;
    if (files.length !== layout.files.length) {
      throw new RangeError(`${files.length} paths for ${layout.files.length} files`);
    }
    this.#layout = layout;
    this.#files = files;
    this.#folder = new SafeFolder(options.root);
    this.#openFiles = options.openFiles ?? new OpenFiles({ limit: options.maxOpenFiles ?? 64 });
    this.#readOnly = options.readOnly ?? false;
    this.#prefix = `${nextStorage++}:`;
  }

  open(): Promise<void> {
    return this.#run(() => this.#open());
  }

  read(piece: number, begin: number, into: Uint8Array): Promise<void> {
    return this.#run(() => this.#read(piece, begin, into));
  }

  write(piece: number, begin: number, bytes: Uint8Array): Promise<void> {
    return this.#run(() => this.#write(piece, begin, bytes));
  }

  stamps(): Promise<(FileStamp | null)[]> {
    return this.#run(() => this.#stamps());
  }

  flush(): Promise<void> {
    return this.#run(() => this.#flush());
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled([...this.#underWay]);
    await this.#openFiles.close((key) => key.startsWith(this.#prefix));
  }

  /** Keeps count of what `close` has to wait for. */
  async #run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new StorageError('ERR_STORAGE_CLOSED', `the store below ${this.#folder.root} is closed`);
    const running = work();
    this.#underWay.add(running);
    try {
      return await running;
    } finally {
      this.#underWay.delete(running);
    }
  }

  async #open(): Promise<void> {
    if (this.#readOnly) return;
    await this.#folder.folder([], true);
    await this.#checkFolders();
    for (const [index, { length, padding }] of this.#layout.files.entries()) {
      if (padding || length > 0) continue;
      const target = this.#files[index]?.symlink;
      if (target !== undefined) await this.#makeLink(index, target);
      else if ((await this.#stamp(index)) === null) await this.#withFile(index, true, async () => {});
    }
  }

  async #read(piece: number, begin: number, into: Uint8Array): Promise<void> {
    for (const span of this.#layout.spans(piece, begin, into.length)) {
      const target = into.subarray(span.at, span.at + span.length);
      if (span.padding) target.fill(0);
      else await this.#readSpan(span, target);
    }
  }

  async #write(piece: number, begin: number, bytes: Uint8Array): Promise<void> {
    const spans = this.#layout.spans(piece, begin, bytes.length);
    if (this.#readOnly) {
      throw new StorageError(
        'ERR_STORAGE_ACCESS',
        `cannot write below ${this.#folder.root}: it was opened for reading`,
        {
          path: this.#folder.root,
        },
      );
    }
    for (const span of spans) {
      if (!span.padding) await this.#writeSpan(span, bytes.subarray(span.at, span.at + span.length));
    }
  }

  async #stamps(): Promise<(FileStamp | null)[]> {
    const stamps = new Array<FileStamp | null>(this.#files.length).fill(null);
    let next = 0;
    const walk = async (): Promise<void> => {
      while (next < stamps.length) {
        const index = next++;
        if (!this.#layout.files[index]?.padding) stamps[index] = await this.#stamp(index);
      }
    };
    await Promise.all(Array.from({ length: STATS_AT_ONCE }, walk));
    const newest = stamps.reduce((latest, stamp) => Math.max(latest, stamp?.mtimeMs ?? 0), 0);
    const age = Date.now() - newest;
    if (age >= 0 && age < STAMP_SETTLES_MS) await delay(STAMP_SETTLES_MS - age);
    return stamps;
  }

  async #flush(): Promise<void> {
    for (const index of [...this.#dirty]) {
      this.#dirty.delete(index);
      try {
        await this.#withFile(index, true, (handle) => this.#flushFile(index, handle));
      } catch (error) {
        this.#dirty.add(index);
        throw storageErrorOf(error, 'flush', this.#pathOf(index));
      }
    }
  }

  async #flushFile(index: number, handle: FileHandle): Promise<void> {
    await handle.datasync();
    if ((await handle.stat()).nlink > 0) return;
    // Deleted under the open handle: what was written since is nowhere. The next write makes a new file.
    this.#openFiles.forget(this.#keyOf(index, true));
    const path = this.#pathOf(index);
    throw new StorageError('ERR_STORAGE_MISSING', `${path} was removed while it was being written`, { path });
  }

  /** Folders that are there already must lie inside the root: better said at once than with the first block. */
  async #checkFolders(): Promise<void> {
    const seen = new Set<string>();
    for (const [index, { path }] of this.#files.entries()) {
      const folder = path.slice(0, -1);
      const key = folder.join('/');
      if (seen.has(key) || this.#layout.files[index]?.padding) continue;
      seen.add(key);
      try {
        await this.#folder.folder(folder, false);
      } catch (error) {
        if (!(error instanceof StorageError) || error.code !== 'ERR_STORAGE_MISSING') throw error;
      }
    }
  }

  async #readSpan(span: FileSpan, target: Uint8Array): Promise<void> {
    const path = this.#pathOf(span.file);
    try {
      await this.#withFile(span.file, false, async (handle) => {
        for (let done = 0; done < target.length; ) {
          const { bytesRead } = await handle.read(target, done, target.length - done, span.offset + done);
          if (bytesRead === 0) {
            const needed = span.offset + target.length;
            throw new StorageError(
              'ERR_STORAGE_SHORT',
              `${path} ends at byte ${span.offset + done}, before the ${needed} bytes that are needed`,
              { path },
            );
          }
          done += bytesRead;
        }
      });
    } catch (error) {
      const wrong = storageErrorOf(error, 'read', path);
      if (wrong.code !== 'ERR_STORAGE_MISSING') throw wrong;
      throw new StorageError('ERR_STORAGE_SHORT', `${path} is missing`, { path, cause: error });
    }
  }

  async #writeSpan(span: FileSpan, bytes: Uint8Array): Promise<void> {
    try {
      await this.#withFile(span.file, true, async (handle) => {
        this.#dirty.add(span.file);
        for (let done = 0; done < bytes.length; ) {
          const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, span.offset + done);
          done += bytesWritten;
        }
      });
    } catch (error) {
      throw storageErrorOf(error, 'write', this.#pathOf(span.file));
    }
  }

  /** Reading and writing have a handle each: a file that may not be written to can still be read. */
  async #withFile<T>(index: number, writing: boolean, work: (handle: FileHandle) => Promise<T>): Promise<T> {
    return this.#openFiles.use(this.#keyOf(index, writing), () => this.#openFile(index, writing), work);
  }

  #keyOf(index: number, writing: boolean): string {
    return `${this.#prefix}${writing ? 'w' : 'r'}${index}`;
  }

  async #openFile(index: number, writing: boolean): Promise<FileHandle> {
    const path = this.#pathOf(index);
    const folder = (this.#files[index] as DiskFile).path.slice(0, -1);
    let handle: FileHandle;
    try {
      await this.#folder.folder(folder, writing);
      handle = await this.#openInside(index, path, writing);
    } catch (error) {
      // A folder that was there has been removed: look, and make it, once more.
      if (!writing || storageErrorOf(error, 'open', path).code !== 'ERR_STORAGE_MISSING') throw error;
      this.#folder.forget();
      await this.#folder.folder(folder, true);
      handle = await this.#openInside(index, path, true);
    }
    try {
      await this.#checkFile(index, path, handle, writing);
    } catch (error) {
      await handle.close();
      throw error;
    }
    return handle;
  }

  async #openInside(index: number, path: string, writing: boolean): Promise<FileHandle> {
    const flags = writing ? constants.O_RDWR | constants.O_CREAT : constants.O_RDONLY;
    const mode = this.#files[index]?.executable ? 0o777 : 0o666;
    if (NO_FOLLOW === 0 && (await isLink(path))) await this.#folder.inside(path);
    try {
      return await open(path, flags | NO_FOLLOW, mode);
    } catch (error) {
      // ELOOP: it is a symbolic link (EMLINK on FreeBSD). One that stays inside is the user's own arrangement.
      const code = systemCode(error);
      if (code !== 'ELOOP' && code !== 'EMLINK') throw error;
      await this.#folder.inside(path);
      return open(path, writing ? constants.O_RDWR : constants.O_RDONLY);
    }
  }

  async #checkFile(index: number, path: string, handle: FileHandle, writing: boolean): Promise<void> {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new StorageError('ERR_STORAGE_NOT_A_FILE', `${path} is no file`, { path });
    const { length } = this.#layout.files[index] as { length: number };
    if (writing && stats.size > length) {
      throw new StorageError(
        'ERR_STORAGE_LONGER',
        `${path} has ${stats.size} bytes, the torrent's file only ${length}: it may be another file, move it away`,
        { path },
      );
    }
  }

  async #makeLink(index: number, target: readonly string[]): Promise<void> {
    const path = this.#pathOf(index);
    const folder = await this.#folder.folder((this.#files[index] as DiskFile).path.slice(0, -1), true);
    try {
      await symlink(relative(folder, join(this.#folder.root, ...target)), path);
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw storageErrorOf(error, 'make the link', path);
    }
  }

  async #stamp(index: number): Promise<FileStamp | null> {
    const path = this.#pathOf(index);
    try {
      let stats = await lstat(path);
      if (stats.isSymbolicLink()) {
        await this.#folder.inside(path);
        stats = await stat(path);
      }
      return stats.isFile() ? { size: stats.size, mtimeMs: stats.mtimeMs } : null;
    } catch (error) {
      const wrong = storageErrorOf(error, 'look at', path);
      if (wrong.code === 'ERR_STORAGE_MISSING' || wrong.code === 'ERR_STORAGE_NOT_A_FILE') return null;
      throw wrong;
    }
  }

  #pathOf(index: number): string {
    return join(this.#folder.root, ...(this.#files[index] as DiskFile).path);
  }
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink();
  } catch {
    return false;
  }
}
