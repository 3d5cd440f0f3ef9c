// The folder's entries as torrents. What was hashed once is kept in the state folder under a fingerprint of names, sizes
// and times, so that a restart reads no data; a changed entry has another fingerprint and is hashed again.
// Invariant: nothing is ever written below the folder itself, but for the state folder where it lies there.
import { createHash } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Metainfo } from '@shoal/metainfo';
import { createTorrent, parseTorrent } from '@shoal/metainfo/node';
import { compareBytes } from '@shoal/primitives';
import { writeFileAtomic } from '@shoal/storage/node';
import { SeederError, wordsFor } from './errors.ts';

export interface LibraryEntry {
  readonly name: string;
  readonly metainfo: Metainfo;
  /** The .torrent, without a tracker: `withAnnounce` puts one in. */
  readonly bytes: Uint8Array;
  /** What was left out of it, in words; known only when it was hashed in this run. */
  readonly warnings: readonly string[];
  /** False where the state folder had it. */
  readonly isNew: boolean;
}

export interface LibraryOptions {
  readonly dir: string;
  readonly stateDir: string;
  /** BEP 27. */
  readonly private: boolean;
}

export interface Scan {
  /** Sorted by bytes. */
  readonly names: readonly string[];
  /** Top-level entries that cannot be torrents, in words. */
  readonly passedOver: readonly { readonly name: string; readonly reason: string }[];
}

/** Bytes of a stored .torrent: there is no point in reading what no client would. */
const MAX_TORRENT = { size: Number.POSITIVE_INFINITY };

export class Library {
  /** Resolved: links on the way are followed once. */
  readonly dir: string;
  readonly #torrents: string;
  readonly #private: boolean;

  /** Use `openLibrary`. */
  constructor(dir: string, torrents: string, isPrivate: boolean) {
    this.dir = dir;
    this.#torrents = torrents;
    this.#private = isPrivate;
  }

  /** What lies at the top of the folder. Dot files are left out in silence. */
  async scan(): Promise<Scan> {
    const names: string[] = [];
    const passedOver: { name: string; reason: string }[] = [];
    const found = await readdir(this.dir, { encoding: 'buffer' });
    for (const bytes of found.sort(compareBytes)) {
      const name = bytes.toString();
      if (name.startsWith('.')) continue;
      const pass = (reason: string): void => void passedOver.push({ name, reason });
      if (!Buffer.from(name).equals(bytes)) {
        pass('its name is not UTF-8 (rename it)');
        continue;
      }
      const status = await lstat(join(this.dir, name)).catch(() => undefined);
      if (status?.isFile() || status?.isDirectory()) names.push(name);
      else if (status?.isSymbolicLink())
        pass('it is a link, and links may lead out of the folder (move the data here)');
      else if (status) pass('it is neither a file nor a folder');
    }
    return { names, passedOver };
  }

  /** The torrent of an entry, from the state folder or by hashing. Rejects with ERR_SEEDER_ENTRY, or the signal's reason. */
  async load(
    name: string,
    options: { readonly signal: AbortSignal; readonly onProgress: (bytesDone: number, bytesTotal: number) => void },
  ): Promise<LibraryEntry> {
    try {
      // Before the data are read: what changes meanwhile has another fingerprint at the next start.
      const file = join(this.#torrents, `${await this.#stem(name)}.torrent`);
      const kept = await this.#kept(name, file);
      if (kept) return kept;
      const created = await createTorrent(join(this.dir, name), {
        creationDate: null,
        private: this.#private,
        ...options,
      });
      await this.#forget(name);
      await writeFileAtomic(file, created.bytes);
      return { name, metainfo: created.metainfo, bytes: created.bytes, warnings: created.warnings, isNew: true };
    } catch (error) {
      options.signal.throwIfAborted();
      throw new SeederError('ERR_SEEDER_ENTRY', wordsFor(error), error);
    }
  }

  /** Drops what was kept of an entry, so that it is hashed again. */
  async forget(name: string): Promise<void> {
    await this.#forget(name);
  }

  async #kept(name: string, file: string): Promise<LibraryEntry | undefined> {
    let bytes: Uint8Array;
    try {
      bytes = await readFile(file);
    } catch {
      return undefined;
    }
    try {
      const metainfo = parseTorrent(bytes, { limits: MAX_TORRENT });
      return { name, metainfo, bytes, warnings: [], isNew: false };
    } catch {
      // Damaged in the state folder: hashing makes it anew.
      return undefined;
    }
  }

  async #forget(name: string): Promise<void> {
    const prefix = `${digestOf(name)}-`;
    for (const file of await readdir(this.#torrents)) {
      if (file.startsWith(prefix)) await rm(join(this.#torrents, file), { force: true });
    }
  }

  /** One file a state of an entry: its name and its fingerprint. */
  async #stem(name: string): Promise<string> {
    const lines: string[] = [this.#private ? 'private' : 'public'];
    await describe(join(this.dir, name), name, lines);
    return `${digestOf(name)}-${digestOf(lines.join('\n'))}`;
  }
}

/** A library whose folders exist and can be used. Rejects ERR_SEEDER_FOLDER or ERR_SEEDER_STATE. */
export async function openLibrary(options: LibraryOptions): Promise<Library> {
  const { stateDir } = options;
  let dir: string;
  try {
    dir = await realpath(options.dir);
    await readdir(dir);
  } catch (error) {
    throw new SeederError('ERR_SEEDER_FOLDER', `cannot read the folder ${options.dir}: ${wordsFor(error)}`, error);
  }
  const torrents = join(stateDir, 'torrents');
  try {
    await mkdir(torrents, { recursive: true });
  } catch (error) {
    const words = `cannot keep state in ${stateDir}: ${wordsFor(error)} (choose another folder with --state-dir)`;
    throw new SeederError('ERR_SEEDER_STATE', words, error);
  }
  return new Library(dir, torrents, options.private);
}

/**
 * A .torrent of this library with a tracker in it. The info dictionary, and with it the info-hash, stays as it is:
 * `announce` sorts before every other key, and the library's own torrents have none (BEP 3).
 */
export function withAnnounce(bytes: Uint8Array, url: string): Uint8Array {
  return Buffer.concat([Buffer.from(`d8:announce${Buffer.byteLength(url)}:${url}`), bytes.subarray(1)]);
}

/** Path, size and time of everything below, one line each; JSON keeps a line break in a name from forging a line. */
async function describe(path: string, shown: string, lines: string[]): Promise<void> {
  const { size, mtimeMs, ...status } = await lstat(path).then((stats) => ({
    size: stats.size,
    mtimeMs: stats.mtimeMs,
    isFolder: stats.isDirectory(),
  }));
  if (!status.isFolder) return void lines.push(JSON.stringify([shown, size, mtimeMs]));
  lines.push(JSON.stringify([`${shown}/`]));
  for (const name of (await readdir(path)).sort()) await describe(join(path, name), `${shown}/${name}`, lines);
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
