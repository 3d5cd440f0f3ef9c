// A torrent's files below one folder: found, opened, read, written, flushed, and known again.
// Invariants: reading creates nothing; nothing is ever shortened, and a file longer than the torrent's is not written to;
// no path is followed out of the root. A file that was removed or replaced behind our back is told once, by the first
// call that would go on as if nothing had happened, and vouched for by no stamp until `forget`.
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, stat, symlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Layout } from '@shoal/primitives';
import { StorageError } from '../errors.ts';
import { sameStamp } from '../resume.ts';
import type { FileStamp } from '../storage.ts';
import type { OpenFiles } from './open-files.ts';
import { SafeFolder } from './safe-path.ts';
import { storageErrorOf, systemCode } from './system-error.ts';

/** One file of a torrent, as it lies on disk. */
export interface DiskFile {
  /** Components below the root, each safe as one name. */
  readonly path: readonly string[];
  /** BEP 47: made with the executable bit. */
  readonly executable?: boolean;
  /** Components below the root of what this symbolic link (BEP 47) points to. */
  readonly symlink?: readonly string[];
}

/** A file as it was when somebody last looked. */
interface Known {
  /** Device and inode; undefined where it was missing. */
  id: string | undefined;
  /** Undefined before the first look by `stamp`. */
  stamp: FileStamp | null | undefined;
  /** We wrote to it since. */
  written: boolean;
}

/** 0 on Windows, which has no such flag: there links are looked at beforehand only. */
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;
let nextOwner = 0;

export class TorrentFiles {
  readonly #layout: Layout;
  readonly #files: readonly DiskFile[];
  readonly #openFiles: OpenFiles;
  #folder: SafeFolder;
  /** Keeps these handles apart from others' in shared OpenFiles. */
  readonly #prefix = `${nextOwner++}:`;
  readonly #known = new Map<number, Known>();
  /** Removed or replaced by somebody else since `forget`. */
  readonly #lost = new Set<number>();
  /** Files written to since they were last flushed, and which inode that was. */
  readonly #dirty = new Map<number, string>();

  constructor(options: {
    readonly root: string;
    readonly layout: Layout;
    readonly files: readonly DiskFile[];
    readonly openFiles: OpenFiles;
  }) {
    this.#layout = options.layout;
    this.#files = options.files;
    this.#openFiles = options.openFiles;
    this.#folder = new SafeFolder(options.root);
  }

  get folder(): SafeFolder {
    return this.#folder;
  }

  pathOf(index: number): string {
    return join(this.#folder.root, ...(this.#files[index] as DiskFile).path);
  }

  /** Fills `target`. ERR_STORAGE_SHORT. */
  async read(index: number, offset: number, target: Uint8Array): Promise<void> {
    const path = this.pathOf(index);
    try {
      await this.#use(index, 'r', async (handle) => {
        for (let done = 0; done < target.length; ) {
          const { bytesRead } = await handle.read(target, done, target.length - done, offset + done);
          if (bytesRead === 0) {
            throw new StorageError(
              'ERR_STORAGE_SHORT',
              `${path} ends at byte ${offset + done}, before the ${offset + target.length} bytes that are needed`,
              { path },
            );
          }
          done += bytesRead;
        }
      });
    } catch (error) {
      const wrong = storageErrorOf(error, 'read', path);
      if (wrong.code !== 'ERR_STORAGE_MISSING' || wrong.cause === undefined) throw wrong;
      throw new StorageError('ERR_STORAGE_SHORT', `${path} is missing`, { path, cause: error });
    }
  }

  /** For who reads it by its name, links not followed; undefined where its folder does not lie inside the root, or nobody knows. */
  async place(index: number): Promise<{ readonly path: string; readonly id: string | undefined } | undefined> {
    try {
      await this.#folder.folder((this.#files[index] as DiskFile).path.slice(0, -1), false);
    } catch (error) {
      if (storageErrorOf(error, 'enter', this.#folder.root).code !== 'ERR_STORAGE_MISSING') return undefined;
    }
    return this.#lost.has(index) ? undefined : { path: this.pathOf(index), id: this.#known.get(index)?.id };
  }

  async write(index: number, offset: number, bytes: Uint8Array): Promise<void> {
    try {
      await this.#use(index, 'w', async (handle) => {
        this.wrote(index);
        try {
          for (let done = 0; done < bytes.length; ) {
            done += (await handle.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
          }
        } finally {
          // Once more: a stamp or a flush in between does not speak of what came after it.
          this.wrote(index);
        }
      });
    } catch (error) {
      throw storageErrorOf(error, 'write', this.pathOf(index));
    }
  }

  /** Makes the file, empty, unless it is there. */
  async create(index: number): Promise<void> {
    try {
      await this.#use(index, 'w', async () => {});
    } catch (error) {
      throw storageErrorOf(error, 'make', this.pathOf(index));
    }
  }

  /** Makes a symbolic link of the torrent (BEP 47), unless something is there. */
  async link(index: number, target: readonly string[]): Promise<void> {
    const path = this.pathOf(index);
    const folder = await this.#folder.folder((this.#files[index] as DiskFile).path.slice(0, -1), true);
    try {
      await symlink(relative(folder, join(this.#folder.root, ...target)), path);
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw storageErrorOf(error, 'make the link', path);
    }
  }

  /** Bytes in the file as it is now; undefined where there is none. */
  async size(index: number): Promise<number | undefined> {
    return (await this.#look(index))?.stamp.size;
  }

  /** Null where it is missing, or no longer what we left. */
  async stamp(index: number): Promise<FileStamp | null> {
    for (;;) {
      const known = this.#known.get(index);
      const id = known?.id;
      const wrote = known?.written === true;
      if (known !== undefined) known.written = false;
      const now = await this.#look(index);
      const stamp = now?.stamp ?? null;
      if (this.#lost.has(index)) return null;
      // Made, or found, while we looked: look again.
      if (this.#known.get(index)?.id !== id) continue;
      const written = this.#known.get(index)?.written === true;
      if (known !== undefined) {
        const isOurs = known.stamp === undefined || wrote || written || sameStamp(known.stamp, stamp);
        if (id !== now?.id || !isOurs) {
          const unflushed = this.#dirty.get(index);
          this.#lose(index);
          // Who flushes is still owed the error.
          if (unflushed !== undefined) this.#dirty.set(index, unflushed);
          return null;
        }
      }
      this.#known.set(index, { id: now?.id, stamp, written });
      return stamp;
    }
  }

  /** What was written survives a loss of power. ERR_STORAGE_MISSING where what was written to is no longer there. */
  async flush(): Promise<void> {
    for (const [index, id] of [...this.#dirty]) {
      this.#dirty.delete(index);
      try {
        await this.#use(index, 'flush', (handle) => handle.datasync());
        if ((await this.#look(index))?.id !== id) throw this.#lose(index);
      } catch (error) {
        const wrong = storageErrorOf(error, 'flush', this.pathOf(index));
        if (wrong.code !== 'ERR_STORAGE_MISSING') this.#dirty.set(index, id);
        else if (!this.#lost.has(index)) this.#lose(index);
        throw wrong;
      }
    }
  }

  /** Whatever was known is to be looked at afresh, and no file stays open. */
  async forget(): Promise<void> {
    await this.close();
    this.#folder.forget();
    this.#known.clear();
    this.#lost.clear();
    for (const [index, id] of [...this.#dirty]) {
      // What became of it will be seen: nobody is owed an error any more.
      if ((await this.#look(index))?.id !== id) this.#dirty.delete(index);
    }
  }

  /** The files lie below another folder now, the same ones (`moved`) or copies that are safe on its disk. */
  async relocate(root: string, as: 'moved' | 'copied'): Promise<void> {
    await this.close();
    this.#folder = new SafeFolder(root);
    this.#known.clear();
    if (as === 'copied') this.#dirty.clear();
  }

  async close(): Promise<void> {
    await this.#openFiles.close((key) => key.startsWith(this.#prefix));
  }

  /** Notes that the file is changed by us: nobody is to wonder at its new time. */
  wrote(index: number): void {
    const known = this.#known.get(index);
    if (known?.id === undefined) return;
    known.written = true;
    this.#dirty.set(index, known.id);
  }

  /** Answers the error that says so. */
  #lose(index: number): StorageError {
    this.#known.delete(index);
    this.#dirty.delete(index);
    this.#lost.add(index);
    for (const kind of ['r', 'w']) this.#openFiles.forget(`${this.#prefix}${kind}${index}`);
    const path = this.pathOf(index);
    return new StorageError('ERR_STORAGE_MISSING', `${path} was removed or replaced by somebody else`, { path });
  }

  /** Reading and writing have a handle each: a file that may not be written to can still be read. */
  #use<T>(index: number, how: 'r' | 'w' | 'flush', work: (handle: FileHandle) => Promise<T>): Promise<T> {
    const key = `${this.#prefix}${how === 'r' ? 'r' : 'w'}${index}`;
    return this.#openFiles.use(key, () => this.#open(index, how), work);
  }

  async #open(index: number, how: 'r' | 'w' | 'flush'): Promise<FileHandle> {
    const path = this.pathOf(index);
    const folder = (this.#files[index] as DiskFile).path.slice(0, -1);
    // Where there was a file, a new one would hide that it is gone.
    const makes = how === 'w' && this.#known.get(index)?.id === undefined;
    let handle: FileHandle;
    try {
      await this.#folder.folder(folder, makes);
      handle = await this.#openInside(index, path, how !== 'r', makes);
    } catch (error) {
      if (how === 'r' || storageErrorOf(error, 'open', path).code !== 'ERR_STORAGE_MISSING') throw error;
      if (!makes) throw this.#lose(index);
      // A folder that was there has been removed: look, and make it, once more.
      this.#folder.forget();
      await this.#folder.folder(folder, true);
      handle = await this.#openInside(index, path, true, true);
    }
    try {
      await this.#recognize(index, path, handle, how !== 'r');
    } catch (error) {
      await handle.close();
      throw error;
    }
    return handle;
  }

  async #openInside(index: number, path: string, writing: boolean, makes: boolean): Promise<FileHandle> {
    const flags = writing ? constants.O_RDWR : constants.O_RDONLY;
    const mode = this.#files[index]?.executable ? 0o777 : 0o666;
    if (NO_FOLLOW === 0 && (await isLink(path))) await this.#folder.inside(path);
    try {
      return await open(path, flags | (makes ? constants.O_CREAT : 0) | NO_FOLLOW, mode);
    } catch (error) {
      // ELOOP: it is a symbolic link (EMLINK on FreeBSD). One that stays inside is the user's own arrangement.
      const code = systemCode(error);
      if (code !== 'ELOOP' && code !== 'EMLINK') throw error;
      await this.#folder.inside(path);
      return open(path, flags);
    }
  }

  async #recognize(index: number, path: string, handle: FileHandle, writing: boolean): Promise<void> {
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
    const id = idOf(stats);
    const known = this.#known.get(index);
    if (known?.id !== undefined) {
      if (known.id !== id) throw this.#lose(index);
    } else if (writing) {
      // What a reader has open from before may be another file that lay here.
      this.#openFiles.forget(`${this.#prefix}r${index}`);
      this.#known.set(index, { id, stamp: known?.stamp, written: true });
    }
  }

  async #look(index: number): Promise<{ id: string; stamp: FileStamp } | undefined> {
    const path = this.pathOf(index);
    try {
      let stats = await lstat(path);
      if (stats.isSymbolicLink()) {
        await this.#folder.inside(path);
        stats = await stat(path);
      }
      return stats.isFile() ? { id: idOf(stats), stamp: { size: stats.size, mtimeMs: stats.mtimeMs } } : undefined;
    } catch (error) {
      const wrong = storageErrorOf(error, 'look at', path);
      if (wrong.code === 'ERR_STORAGE_MISSING' || wrong.code === 'ERR_STORAGE_NOT_A_FILE') return undefined;
      throw wrong;
    }
  }
}

function idOf({ dev, ino }: { readonly dev: number; readonly ino: number }): string {
  return `${dev}:${ino}`;
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink();
  } catch {
    return false;
  }
}
