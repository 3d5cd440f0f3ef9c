// Where the bytes of files lie that are not wanted and not there, as far as pieces had to be written that reach into them:
// one file beside the torrent's, with a slot for each such piece. A slot says which piece it is for and, one bit a file
// under the piece, whose bytes are in it: so the index survives a crash with its slots, and bytes that were moved out are
// never taken for new ones. Nothing here is believed without a hash or a stamp that `flush` came before.
// Invariants: those of SlotTable; a slot's head is written before bytes it speaks of.
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Layout } from '@shoal/primitives';
import { StorageError } from '../errors.ts';
import type { OpenFiles } from './open-files.ts';
import { type Slot, SlotTable } from './slot-table.ts';
import { storageErrorOf, systemCode } from './system-error.ts';

const MAGIC = 'shoal parts 1\n';
/** Magic and fingerprint. */
const HEADER = 64;
/** Bytes moved at a time. */
const CHUNK = 1024 * 1024;
/** Bytes of a torrent's name in the file's name, which may have 255. */
const NAME_BYTES = 200;
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;
let nextOwner = 0;

export class PartsFile {
  readonly #layout: Layout;
  readonly #openFiles: OpenFiles;
  readonly #key: string = `parts${nextOwner++}`;
  readonly #fingerprint: Uint8Array;
  readonly #name: string;
  #root: string;
  readonly #slots: SlotTable;
  #loading: Promise<void> | undefined;
  #id: string | undefined;
  /** It was removed or replaced behind our back, and there has been no `forget` since. */
  #lost = false;
  #dirty = false;
  /** Heads are written one after the other: an older state must not land on a newer one. */
  #heads: Promise<unknown> = Promise.resolve();

  constructor(options: {
    readonly root: string;
    readonly layout: Layout;
    readonly files: readonly { readonly path: readonly string[] }[];
    readonly openFiles: OpenFiles;
  }) {
    this.#root = options.root;
    this.#layout = options.layout;
    this.#openFiles = options.openFiles;
    const { pieceLength, files } = options.layout;
    const shape = files.map(({ length, padding }, index) => [length, padding ? 0 : options.files[index]?.path]);
    this.#fingerprint = createHash('sha256')
      .update(JSON.stringify([pieceLength, shape]))
      .digest();
    const name = options.files.find((_, index) => !files[index]?.padding)?.path[0] ?? '';
    this.#name = `.${cut(name)}.${Buffer.from(this.#fingerprint.subarray(0, 4)).toString('hex')}.shoal-parts`;
    this.#slots = new SlotTable(options.layout);
  }

  /** The file's name below the root. */
  get name(): string {
    return this.#name;
  }

  get path(): string {
    return join(this.#root, this.#name);
  }

  get isEmpty(): boolean {
    return this.#slots.isEmpty;
  }

  /** Reads the index, once. */
  load(): Promise<void> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined;
      throw storageErrorOf(error, 'read', this.path);
    });
    return this.#loading;
  }

  /** Forgets the index: the next `load` reads it again. */
  async forget(): Promise<void> {
    await this.close();
    this.#reset();
    this.#lost = false;
    this.#loading = undefined;
  }

  /** Whether bytes of this file under this piece are here. */
  has(piece: number, file: number): boolean {
    return this.#slots.has(piece, file);
  }

  /** All files of which bytes are here. */
  files(): Set<number> {
    return this.#slots.files();
  }

  /** Bytes from `begin` of a piece; ERR_STORAGE_SHORT where they end too early. To be asked for what it `has` alone. */
  async read(piece: number, begin: number, into: Uint8Array): Promise<void> {
    const slot = this.#slots.get(piece) as Slot;
    const at = this.#dataOf(slot) + begin;
    try {
      await this.#use(false, async (handle) => {
        for (let done = 0; done < into.length; ) {
          const { bytesRead } = await handle.read(into, done, into.length - done, at + done);
          if (bytesRead === 0) {
            const message = `${this.path} ends before the bytes it should have of piece ${piece}`;
            throw new StorageError('ERR_STORAGE_SHORT', message, { path: this.path });
          }
          done += bytesRead;
        }
      });
    } catch (error) {
      const wrong = storageErrorOf(error, 'read', this.path);
      if (wrong.code !== 'ERR_STORAGE_MISSING') throw wrong;
      throw new StorageError('ERR_STORAGE_SHORT', `${this.path} is missing`, { path: this.path, cause: error });
    }
  }

  async write(piece: number, file: number, begin: number, bytes: Uint8Array): Promise<void> {
    const slot = this.#slots.take(piece, file);
    if (slot.saved === undefined) this.#save(slot);
    try {
      await slot.saved;
      await this.#use(true, async (handle) => {
        this.#dirty = true;
        await writeAll(handle, bytes, this.#dataOf(slot) + begin);
        this.#dirty = true;
      });
    } catch (error) {
      throw storageErrorOf(error, 'write', this.path);
    }
  }

  /**
   * Gives the bytes of files to `put`, and forgets them here once `keep` has made sure of them there. Tries all files, and
   * answers which are moved and what went wrong with the others: those stay.
   */
  async moveOut(
    files: readonly number[],
    put: (file: number, offset: number, bytes: Uint8Array) => Promise<void>,
    keep: () => Promise<void>,
  ): Promise<{ moved: number[]; failures: unknown[] }> {
    const moved: number[] = [];
    const failures: unknown[] = [];
    for (const file of files) {
      try {
        for (const slot of this.#slots.slotsOf(file)) await this.#giveOut(slot, file, put);
        moved.push(file);
      } catch (error) {
        failures.push(storageErrorOf(error, 'read', this.path));
      }
    }
    if (moved.length === 0) return { moved, failures };
    await keep();
    const changed = new Set<Slot>();
    for (const file of moved) {
      for (const slot of this.#slots.slotsOf(file)) changed.add(slot);
      this.#slots.clear(file);
    }
    if (this.isEmpty) await this.remove();
    else await this.#saveAll(changed);
    return { moved, failures };
  }

  /** The time of the last change; undefined where it is not what we left, or not there. */
  async mtimeMs(): Promise<number | undefined> {
    const now = await this.#look();
    return !this.#lost && now !== undefined && now.id === this.#id ? now.mtimeMs : undefined;
  }

  async flush(): Promise<void> {
    const id = this.#id;
    const isDue = this.#dirty && id !== undefined;
    this.#dirty = false;
    if (!isDue) return;
    try {
      await this.#heads;
      await this.#use(true, (handle) => handle.datasync());
      if ((await this.#look())?.id !== id) throw this.#gone();
    } catch (error) {
      const wrong = storageErrorOf(error, 'flush', this.path);
      if (wrong.code !== 'ERR_STORAGE_MISSING') this.#dirty = true;
      throw wrong;
    }
  }

  /** It lies below another folder now. */
  async relocate(root: string): Promise<void> {
    await this.forget();
    this.#root = root;
  }

  async remove(): Promise<void> {
    await this.close();
    this.#reset();
    try {
      await rm(this.path, { force: true });
    } catch (error) {
      throw storageErrorOf(error, 'remove', this.path);
    }
  }

  async close(): Promise<void> {
    await this.#heads;
    await this.#openFiles.close((key) => key === `${this.#key}r` || key === `${this.#key}w`);
  }

  checkInvariants(): void {
    this.#slots.checkInvariants();
  }

  async #load(): Promise<void> {
    this.#reset();
    const there = await this.#look();
    if (there === undefined) return;
    await this.#use(false, async (handle) => {
      const header = new Uint8Array(HEADER);
      await handle.read(header, 0, HEADER, 0);
      // Cut off by a crash while it was being made: nothing in it was ever flushed.
      if (!Buffer.from(header).equals(this.#header())) return;
      this.#id = there.id;
      for (;;) {
        const head = new Uint8Array(this.#slots.headLength);
        const { bytesRead } = await handle.read(head, 0, head.length, HEADER + this.#slots.end * this.#stride);
        if (bytesRead < head.length) return;
        this.#slots.register(head);
      }
    });
  }

  #save(slot: Slot): void {
    const saved = this.#heads.then(() => this.#writeHead(slot));
    slot.saved = saved;
    this.#heads = saved.catch(() => {
      if (slot.saved === saved) slot.saved = undefined;
    });
  }

  async #writeHead(slot: Slot): Promise<void> {
    const head = this.#slots.headOf(slot);
    this.#dirty = true;
    await this.#use(true, (handle) => writeAll(handle, head, HEADER + slot.index * this.#stride));
    this.#dirty = true;
  }

  async #giveOut(
    slot: Slot,
    file: number,
    put: (file: number, offset: number, bytes: Uint8Array) => Promise<void>,
  ): Promise<void> {
    const span = this.#layout.spans(slot.piece).find((span) => span.file === file);
    if (span === undefined) return;
    for (let done = 0; done < span.length; done += CHUNK) {
      const wanted = Math.min(CHUNK, span.length - done);
      const bytes = await this.#available(slot, span.at + done, wanted);
      if (bytes.length > 0) await put(file, span.offset + done, bytes);
      if (bytes.length < wanted) return;
    }
  }

  async #saveAll(slots: ReadonlySet<Slot>): Promise<void> {
    for (const slot of slots) this.#save(slot);
    try {
      await Promise.all([...slots].map(({ saved }) => saved));
    } catch (error) {
      throw storageErrorOf(error, 'write', this.path);
    }
    await this.flush();
  }

  /** Up to `length` bytes; fewer where the file ends. */
  async #available(slot: Slot, begin: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    const at = this.#dataOf(slot) + begin;
    return this.#use(false, async (handle) => {
      let done = 0;
      while (done < length) {
        const { bytesRead } = await handle.read(bytes, done, length - done, at + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return bytes.subarray(0, done);
    });
  }

  get #stride(): number {
    return this.#slots.headLength + this.#layout.pieceLength;
  }

  #dataOf(slot: Slot): number {
    return HEADER + slot.index * this.#stride + this.#slots.headLength;
  }

  #header(): Buffer {
    const header = Buffer.alloc(HEADER);
    header.write(MAGIC, 'latin1');
    header.set(this.#fingerprint, HEADER - this.#fingerprint.length);
    return header;
  }

  #reset(): void {
    this.#slots.reset();
    this.#id = undefined;
  }

  /** Answers the error that says so. */
  #gone(): StorageError {
    this.#reset();
    this.#lost = true;
    for (const kind of ['r', 'w']) this.#openFiles.forget(`${this.#key}${kind}`);
    const message = `${this.path} was removed or replaced by somebody else`;
    return new StorageError('ERR_STORAGE_MISSING', message, { path: this.path });
  }

  /** A handle each for reading and writing: where nothing may be written, reading still works. */
  #use<T>(writing: boolean, work: (handle: FileHandle) => Promise<T>): Promise<T> {
    return this.#openFiles.use(`${this.#key}${writing ? 'w' : 'r'}`, () => this.#open(writing), work);
  }

  /** Its own file, by its own name: a symbolic link in its place is refused. */
  async #open(writing: boolean): Promise<FileHandle> {
    const flags = (writing ? constants.O_RDWR : constants.O_RDONLY) | NO_FOLLOW;
    const isNew = writing && this.#id === undefined;
    let handle: FileHandle;
    try {
      handle = await open(this.path, flags | (isNew ? constants.O_CREAT | constants.O_TRUNC : 0), 0o666);
    } catch (error) {
      throw writing && !isNew && systemCode(error) === 'ENOENT' ? this.#gone() : error;
    }
    try {
      const { dev, ino } = await handle.stat();
      const id = `${dev}:${ino}`;
      if (isNew) {
        await writeAll(handle, this.#header(), 0);
        this.#id = id;
      } else if (this.#id !== undefined && this.#id !== id) throw this.#gone();
      return handle;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async #look(): Promise<{ id: string; mtimeMs: number } | undefined> {
    try {
      const stats = await lstat(this.path);
      return stats.isFile() ? { id: `${stats.dev}:${stats.ino}`, mtimeMs: stats.mtimeMs } : undefined;
    } catch (error) {
      const code = systemCode(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      throw storageErrorOf(error, 'look at', this.path);
    }
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
  }
}

/** At most NAME_BYTES bytes, whole characters. */
function cut(name: string): string {
  let bytes = 0;
  let text = '';
  for (const character of name) {
    bytes += Buffer.byteLength(character);
    if (bytes > NAME_BYTES) break;
    text += character;
  }
  return text;
}
