// A torrent's files under one folder, by positional reads and writes.
// Invariants: those of TorrentFiles and PartsFile; padding is never stored. A file's bytes lie in the parts file only where the
// file was neither wanted nor there when it was last looked at, by `open` or `setWanted`. Nobody reads or writes
// while files are opened afresh, moved in or out of the parts file, or to another folder.
import { setTimeout as delay } from 'node:timers/promises';
import type { FileSpan, Layout } from '@shoal/primitives';
import { StorageError } from '../errors.ts';
import { checkWanted, type FileStamp, type Storage, type Verification } from '../storage.ts';
import { checkRoom, fillUp } from './allocate.ts';
import { checkOnThreads } from './check-on-threads.ts';
import { moveFiles, type Rename } from './move-files.ts';
import { OpenFiles } from './open-files.ts';
import { type OwnFile, ownFiles, removeOwn } from './own-files.ts';
import { PartsFile } from './parts-file.ts';
import { type DiskFile, TorrentFiles } from './torrent-files.ts';
import { Turns } from './turns.ts';

/** Where the files of a torrent lie, and what they are. */
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
  /** Creates nothing, and everything that would change something rejects with ERR_STORAGE_ACCESS. */
  readonly readOnly?: boolean;
  /**
   * `full`: wanted files get all their room when they are opened, filled with zeros, or ERR_STORAGE_FULL before anything
   * is written. `sparse`, unless told: they grow with what is written.
   */
  readonly allocate?: 'sparse' | 'full';
  /**
   * Threads that `verify` checks on, shared by all storages of this process; 0: it leaves everything. Unless told, as many as there
   * are cores, up to 8, where there are 96 MiB or more to check.
   */
  readonly threads?: number;
  /** Something is not as the torrent would have it, and the storage goes on without: a link that the system does not make. */
  readonly onWarning?: (warning: StorageError) => void;
  /** Stands in for the system's when files are moved. */
  readonly rename?: Rename;
}

/** Linux stamps files by a clock that moves every 1-10 ms; a stamp younger than this may hide a later write. */
const STAMP_SETTLES_MS = 20;
const STATS_AT_ONCE = 16;

export class DiskStorage implements Storage {
  readonly #layout: Layout;
  readonly #paths: readonly DiskFile[];
  readonly #files: TorrentFiles;
  readonly #parts: PartsFile;
  readonly #options: DiskStorageOptions;
  readonly #turns = new Turns();
  #wanted: readonly boolean[];
  /** Not wanted and not there: their bytes go to the parts file. */
  readonly #hidden = new Set<number>();
  /** Where in a file begin the zeros that `open` filled it up with, until something is written to it. */
  readonly #blank = new Map<number, number>();
  #opened = false;
  #closed = false;

  constructor(options: DiskStorageOptions) {
    const { root, layout, files } = options;
    if (files.length !== layout.files.length) {
      throw new RangeError(`${files.length} paths for ${layout.files.length} files`);
    }
    const openFiles = options.openFiles ?? new OpenFiles({ limit: options.maxOpenFiles ?? 64 });
    this.#layout = layout;
    this.#paths = files;
    this.#options = options;
    this.#files = new TorrentFiles({ root, layout, files, openFiles });
    this.#parts = new PartsFile({ root, layout, files, openFiles });
    this.#wanted = layout.files.map(() => true);
  }

  /** The folder the torrent lies in now. */
  get root(): string {
    return this.#files.folder.root;
  }

  open(): Promise<void> {
    return this.#alone(() => this.#open());
  }

  read(piece: number, begin: number, into: Uint8Array): Promise<void> {
    return this.#shared(() => this.#read(piece, begin, into));
  }

  /** On threads where there is enough to do, `read`ing nothing here. */
  verify(pieces: readonly number[], verification: Verification): Promise<readonly number[]> {
    return checkOnThreads({
      ...verification,
      goesOn: () => !this.#closed && verification.goesOn(),
      layout: this.#layout,
      pieces,
      threads: this.#options.threads,
      isPlain: (piece) => this.#layout.spans(piece).every((span) => this.#isPlain(piece, span)),
      place: (file) => this.#files.place(file),
      inTurn: (work) => this.#shared(work),
    });
  }

  write(piece: number, begin: number, bytes: Uint8Array): Promise<void> {
    return this.#shared(() => this.#write(piece, begin, bytes));
  }

  stamps(): Promise<(FileStamp | null)[]> {
    return this.#shared(() => this.#stamps());
  }

  flush(): Promise<void> {
    return this.#shared(async () => {
      await this.#files.flush();
      await this.#parts.flush();
    });
  }

  setWanted(files: readonly boolean[]): Promise<void> {
    return this.#alone(async () => {
      checkWanted(files, this.#layout);
      this.#wanted = [...files];
      if (this.#opened) await this.#settle();
    });
  }

  move(to: string): Promise<void> {
    return this.#alone(() => this.#move(to));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#turns.alone(() => this.#closeFiles());
  }

  async remove(): Promise<void> {
    if (this.#options.readOnly) throw this.#readOnlyError('remove what lies');
    this.#closed = true;
    await this.#turns.alone(async () => {
      await this.#closeFiles();
      await this.#parts.remove();
      await removeOwn(this.#files.folder, ownFiles(this.#layout, this.#paths));
    });
  }

  checkInvariants(): void {
    this.#parts.checkInvariants();
    for (const index of this.#hidden) {
      if (this.#wanted[index] && this.#opened) throw new Error(`file ${index} is wanted and hidden`);
    }
  }

  #shared<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(this.#closedError());
    return this.#turns.shared(async () => {
      if (this.#closed) throw this.#closedError();
      await this.#parts.load();
      return work();
    });
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(this.#closedError());
    return this.#turns.alone(async () => {
      if (this.#closed) throw this.#closedError();
      await this.#parts.load();
      return work();
    });
  }

  async #closeFiles(): Promise<void> {
    await this.#files.close();
    await this.#parts.close();
  }

  async #open(): Promise<void> {
    await this.#files.forget();
    await this.#parts.forget();
    await this.#parts.load();
    this.#opened = true;
    if (this.#options.readOnly) return;
    await this.#files.folder.folder([], true);
    await this.#checkFolders();
    await this.#settle();
  }

  async #read(piece: number, begin: number, into: Uint8Array): Promise<void> {
    for (const span of this.#layout.spans(piece, begin, into.length)) {
      const target = into.subarray(span.at, span.at + span.length);
      if (span.padding) target.fill(0);
      else if (this.#isInParts(piece, span)) await this.#parts.read(piece, begin + span.at, target);
      else {
        this.#refuseBlank(span);
        await this.#files.read(span.file, span.offset, target);
      }
    }
  }

  async #write(piece: number, begin: number, bytes: Uint8Array): Promise<void> {
    const spans = this.#layout.spans(piece, begin, bytes.length);
    if (this.#options.readOnly) throw this.#readOnlyError('write');
    for (const span of spans) {
      const part = bytes.subarray(span.at, span.at + span.length);
      if (span.padding) continue;
      if (this.#hidden.has(span.file) || this.#isInParts(piece, span)) {
        await this.#parts.write(piece, span.file, begin + span.at, part);
      } else {
        this.#blank.delete(span.file);
        await this.#files.write(span.file, span.offset, part);
      }
    }
  }

  #isPlain(piece: number, span: FileSpan): boolean {
    return span.padding || !(this.#blank.has(span.file) || this.#isInParts(piece, span));
  }

  #isInParts(piece: number, span: FileSpan): boolean {
    return !this.#parts.isEmpty && this.#parts.has(piece, span.file);
  }

  /** Room that nothing was written to is no content, and not worth reading. */
  #refuseBlank({ file, offset, length }: FileSpan): void {
    const blank = this.#blank.get(file);
    if (blank === undefined || offset + length <= blank) return;
    const path = this.#files.pathOf(file);
    throw new StorageError('ERR_STORAGE_SHORT', `${path} has nothing but room from byte ${blank} on`, { path });
  }

  async #stamps(): Promise<(FileStamp | null)[]> {
    const partsTime = await this.#parts.mtimeMs();
    const inParts = partsTime === undefined ? new Set<number>() : this.#parts.files();
    const stamps = new Array<FileStamp | null>(this.#paths.length).fill(null);
    let next = 0;
    const walk = async (): Promise<void> => {
      while (next < stamps.length) {
        const index = next++;
        const { length, padding } = this.#layout.files[index] as { length: number; padding?: boolean };
        if (padding) continue;
        // Its bytes lie in two places, or in the other one: any change of that place makes all of them doubtful.
        if (partsTime !== undefined && inParts.has(index)) {
          stamps[index] = { size: length, mtimeMs: partsTime, hidden: true };
        } else stamps[index] = await this.#files.stamp(index);
      }
    };
    await Promise.all(Array.from({ length: STATS_AT_ONCE }, walk));
    const newest = stamps.reduce((latest, stamp) => Math.max(latest, stamp?.mtimeMs ?? 0), 0);
    const age = Date.now() - newest;
    if (age >= 0 && age < STAMP_SETTLES_MS) await delay(STAMP_SETTLES_MS - age);
    return stamps;
  }

  /** Brings the disk to what is wanted. Where it fails, every byte is still found where it is; call it again. */
  async #settle(): Promise<void> {
    if (this.#options.readOnly) return;
    await this.#settleHidden();
    for (const [index, { length, padding }] of this.#layout.files.entries()) {
      if (!padding && length === 0 && this.#wanted[index]) await this.#makeEmpty(index);
    }
    if (this.#options.allocate === 'full') await this.#allocate();
  }

  /** Decides which files are hidden, and moves the bytes of the others out of the parts file. */
  async #settleHidden(): Promise<void> {
    const inParts = this.#parts.files();
    const toMove: number[] = [];
    for (const [index, { padding }] of this.#layout.files.entries()) {
      if (padding) continue;
      const isThere = this.#wanted[index] || (await this.#files.size(index)) !== undefined;
      if (!isThere) this.#hidden.add(index);
      else if (inParts.has(index)) toMove.push(index);
      else this.#hidden.delete(index);
    }
    if (toMove.length === 0) return;
    const { moved, failures } = await this.#parts.moveOut(
      toMove,
      (file, offset, bytes) => this.#files.write(file, offset, bytes),
      () => this.#files.flush(),
    );
    for (const index of moved) this.#hidden.delete(index);
    if (failures.length > 0) throw failures[0];
  }

  async #makeEmpty(index: number): Promise<void> {
    const target = this.#paths[index]?.symlink;
    if (target === undefined) {
      if ((await this.#files.size(index)) === undefined) await this.#files.create(index);
      return;
    }
    try {
      await this.#files.link(index, target);
    } catch (error) {
      // Windows makes links for few, FAT for nobody. The data are whole without.
      if (!(error instanceof StorageError) || error.code !== 'ERR_STORAGE_ACCESS') throw error;
      this.#options.onWarning?.(error);
    }
  }

  async #allocate(): Promise<void> {
    const short: { index: number; size: number; length: number }[] = [];
    for (const [index, { length, padding }] of this.#layout.files.entries()) {
      if (padding || length === 0 || !this.#wanted[index]) continue;
      const size = (await this.#files.size(index)) ?? 0;
      if (size < length) short.push({ index, size, length });
    }
    await checkRoom(
      this.root,
      short.reduce((sum, { size, length }) => sum + length - size, 0),
    );
    for (const { index, size, length } of short) {
      await this.#files.create(index);
      await fillUp(this.#files.pathOf(index), length, () => !this.#closed);
      this.#files.wrote(index);
      this.#blank.set(index, Math.min(size, this.#blank.get(index) ?? size));
    }
  }

  /** Folders that are there already must lie inside the root: better said at once than with the first block. */
  async #checkFolders(): Promise<void> {
    const seen = new Set<string>();
    for (const [index, { path }] of this.#paths.entries()) {
      const folder = path.slice(0, -1);
      const key = folder.join('/');
      if (seen.has(key) || this.#layout.files[index]?.padding) continue;
      seen.add(key);
      try {
        await this.#files.folder.folder(folder, false);
      } catch (error) {
        if (!(error instanceof StorageError) || error.code !== 'ERR_STORAGE_MISSING') throw error;
      }
    }
  }

  async #move(to: string): Promise<void> {
    if (this.#options.readOnly) throw this.#readOnlyError('move what lies');
    await this.#files.flush();
    await this.#parts.flush();
    await this.#closeFiles();
    const parts: OwnFile = { path: [this.#parts.name], length: Number.POSITIVE_INFINITY, isLink: false };
    const { rename } = this.#options;
    const how = await moveFiles({
      from: this.#files.folder,
      to,
      // The parts file first: without it, what it holds is fetched again; without the rest, everything is.
      files: [parts, ...ownFiles(this.#layout, this.#paths)],
      aside: this.#parts.name.replace(/parts$/, 'moving'),
      goesOn: () => !this.#closed,
      ...(rename && { rename }),
    });
    if (how === 'same') return;
    await this.#files.relocate(to, how);
    await this.#parts.relocate(to);
  }

  #readOnlyError(action: string): StorageError {
    const { root } = this;
    const message = `cannot ${action} below ${root}: it was opened for reading`;
    return new StorageError('ERR_STORAGE_ACCESS', message, { path: root });
  }

  #closedError(): StorageError {
    return new StorageError('ERR_STORAGE_CLOSED', `the store below ${this.root} is closed`);
  }
}
