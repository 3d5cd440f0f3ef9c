// The folder's entries as torrents. What was hashed once is kept in the state folder under a fingerprint of names, sizes
// and times, so that a restart reads no data; a changed entry has another fingerprint and is hashed again.
// Invariant: nothing is ever written below the folder itself.
import { mkdir, readdir, readFile, realpath, rm, stat, utimes } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { Metainfo } from '@shoal/metainfo';
import { createTorrent, parseTorrent } from '@shoal/metainfo/node';
import { compareBytes } from '@shoal/primitives';
import { writeFileAtomic } from '@shoal/storage/node';
import { SeederError, wordsFor } from '../errors.ts';
import { digestOf, type Look, lookAt } from './look.ts';
import { mapAtOnce } from './map-at-once.ts';
import { isLeftAlone } from './names.ts';
import { type GivenTorrent, TorrentFiles } from './torrent-files.ts';

export interface LibraryEntry {
  readonly name: string;
  readonly metainfo: Metainfo;
  /** The .torrent; without a tracker where it was made here. */
  readonly bytes: Uint8Array;
  /** What was left out of it, in words; known only when it was hashed in this run. */
  readonly warnings: readonly string[];
  /** False where the state folder had it, or the folder itself. */
  readonly isNew: boolean;
  /** Whether it was found as a .torrent beside the data. */
  readonly isGiven: boolean;
}

export interface LibraryOptions {
  readonly dir: string;
  readonly stateDir: string;
  /** BEP 27. */
  readonly private: boolean;
}

export interface Scan {
  /** In the order of their names' bytes. */
  readonly entries: readonly FolderEntry[];
  /** Top-level entries that cannot be torrents, in words. */
  readonly passedOver: readonly { readonly name: string; readonly reason: string }[];
}

export interface FolderEntry {
  readonly name: string;
  /** The .torrent beside it. */
  readonly given: GivenTorrent | undefined;
}

/** Bytes of a stored .torrent: there is no point in reading what no client would. */
const MAX_TORRENT = { size: Number.POSITIVE_INFINITY };
/** What nobody has asked for in so long is dropped: a disk that was away for a week is hashed no second time. */
const KEPT_MS = 30 * 86_400_000;

export class Library {
  /** Resolved: links on the way are followed once. */
  readonly dir: string;
  readonly #torrents: string;
  readonly #private: boolean;
  readonly #given: TorrentFiles;
  /** What the state folder keeps, by the digest of the entry's name: to read the folder for each entry costs the square of their number. */
  readonly #kept: Map<string, Set<string>> = new Map();

  /** Use `openLibrary`. */
  constructor(dir: string, torrents: string, isPrivate: boolean, kept: readonly string[]) {
    this.dir = dir;
    this.#torrents = torrents;
    this.#private = isPrivate;
    this.#given = new TorrentFiles(dir);
    for (const file of kept) this.#keep(file);
  }

  /** What lies at the top of the folder. Hidden and unfinished files are left out in silence. Rejects with the system's error. */
  async scan(): Promise<Scan> {
    const names: string[] = [];
    const torrents: string[] = [];
    const passedOver: { name: string; reason: string }[] = [];
    const found = await readdir(this.dir, { encoding: 'buffer', withFileTypes: true });
    for (const status of found.sort((a, b) => compareBytes(a.name, b.name))) {
      const name = status.name.toString();
      if (isLeftAlone(name)) continue;
      const pass = (reason: string): void => void passedOver.push({ name, reason });
      if (!Buffer.from(name).equals(status.name)) {
        pass('its name is not UTF-8 (rename it)');
        continue;
      }
      if (status.isFile() && name.toLowerCase().endsWith('.torrent')) torrents.push(name);
      else if (status.isFile() || status.isDirectory()) names.push(name);
      else if (status.isSymbolicLink()) {
        pass('it is a link, and links may lead out of the folder (move the data here)');
      } else pass('it is neither a file nor a folder');
    }
    const given = await this.#given.read(torrents);
    const here = new Set(names);
    for (const [name, { file }] of given.byName) {
      if (!here.has(name)) passedOver.push({ name: file, reason: `its data, ${name}, are not beside it` });
    }
    const entries = names.map((name) => ({ name, given: given.byName.get(name) }));
    return { entries, passedOver: [...passedOver, ...given.passedOver] };
  }

  /** How an entry looks now; another .torrent beside it is another look. Rejects with the system's error. */
  async look({ name, given }: FolderEntry): Promise<Look> {
    const look = await lookAt(this.dir, name);
    const torrent = given ? `${given.file} ${given.stamp}` : '';
    return { ...look, print: digestOf(`${this.#private ? 'private' : 'public'} ${torrent}\n${look.print}`) };
  }

  /** The torrent of an entry that looks like this, where none need be made: beside it, or kept from a former run. */
  async known({ name, given }: FolderEntry, { print }: Look): Promise<LibraryEntry | undefined> {
    if (given) {
      const { metainfo, bytes } = given;
      return { name, metainfo, bytes, warnings: metainfo.warnings, isNew: false, isGiven: true };
    }
    const file = join(this.#torrents, this.#fileOf(name, print));
    try {
      const bytes = await readFile(file);
      const metainfo = parseTorrent(bytes, { limits: MAX_TORRENT });
      const now = new Date();
      await utimes(file, now, now).catch(() => undefined);
      return { name, metainfo, bytes, warnings: [], isNew: false, isGiven: false };
    } catch {
      // Not there, or damaged: hashing makes it anew.
      return undefined;
    }
  }

  /**
   * Makes the torrent of an entry that looked like this. Rejects ERR_SEEDER_CHANGED where it looks different afterwards,
   * ERR_SEEDER_ENTRY, or the signal's reason.
   */
  async make(
    entry: FolderEntry,
    { print }: Look,
    options: { readonly signal: AbortSignal; readonly onProgress: (bytesDone: number, bytesTotal: number) => void },
  ): Promise<LibraryEntry> {
    const { name } = entry;
    try {
      const created = await createTorrent(join(this.dir, name), {
        creationDate: null,
        private: this.#private,
        ...options,
      });
      options.signal.throwIfAborted();
      if ((await this.look(entry)).print !== print) {
        throw new SeederError('ERR_SEEDER_CHANGED', 'it was changed while it was hashed');
      }
      await this.forget(name);
      const { metainfo, bytes, warnings } = created;
      const file = this.#fileOf(name, print);
      this.#keep(file);
      await writeFileAtomic(join(this.#torrents, file), bytes);
      return { name, metainfo, bytes, warnings, isNew: true, isGiven: false };
    } catch (error) {
      options.signal.throwIfAborted();
      if (error instanceof SeederError) throw error;
      throw new SeederError('ERR_SEEDER_ENTRY', wordsFor(error), error);
    }
  }

  /** Drops what was kept of an entry, so that it is hashed again. */
  async forget(name: string): Promise<void> {
    const key = digestOf(name);
    for (const file of this.#kept.get(key) ?? []) await rm(join(this.#torrents, file), { force: true });
    this.#kept.delete(key);
  }

  #keep(file: string): void {
    const key = file.slice(0, file.indexOf('-'));
    const kept = this.#kept.get(key);
    if (kept) kept.add(file);
    else this.#kept.set(key, new Set([file]));
  }

  /** One file a state of an entry: its name and its fingerprint. */
  #fileOf(name: string, print: string): string {
    return `${digestOf(name)}-${print}.torrent`;
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
  const cannot = (words: string, cause?: unknown): SeederError =>
    new SeederError(
      'ERR_SEEDER_STATE',
      `cannot keep state in ${stateDir}: ${words} (choose another folder with --state-dir)`,
      cause,
    );
  // Before anything is made there: the folder is the operator's alone.
  const place = relative(dir, await placeOf(resolve(stateDir)));
  if (place !== '..' && !place.startsWith(`..${sep}`) && !isAbsolute(place)) {
    throw cannot('it lies in the folder that is seeded');
  }
  try {
    await mkdir(torrents, { recursive: true });
    for (const kept of ['torrents', 'resume']) await dropOld(join(stateDir, kept));
    return new Library(dir, torrents, options.private, await readdir(torrents));
  } catch (error) {
    throw cannot(wordsFor(error), error);
  }
}

/** Both are touched whenever they are used. */
async function dropOld(folder: string): Promise<void> {
  const before = Date.now() - KEPT_MS;
  await mapAtOnce(await readdir(folder).catch(() => []), async (name) => {
    const path = join(folder, name);
    const status = await stat(path).catch(() => undefined);
    if (status?.isFile() && status.mtimeMs < before) await rm(path, { force: true });
  });
}

/** Where a path leads that need not be there yet. */
async function placeOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const above = dirname(path);
    return above === path ? path : join(await placeOf(above), basename(path));
  }
}
