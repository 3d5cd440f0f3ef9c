// A torrent's bytes in memory, one growing array a file: for tests, browsers and small data.
// It behaves as a disk does: a file is missing until written, and reading past what was written is "short".
import type { Layout } from '@shoal/primitives';
import { StorageError } from './errors.ts';
import { checkWanted, type FileStamp, type Storage } from './storage.ts';

interface MemoryFile {
  bytes: Uint8Array;
  /** Bytes that count; `bytes` may be longer. */
  size: number;
  version: number;
  /** Not wanted when its first byte came, nor since. */
  hidden: boolean;
}

export class MemoryStorage implements Storage {
  readonly #layout: Layout;
  readonly #files: (MemoryFile | undefined)[];
  readonly #wanted: boolean[];
  #version = 0;
  #opened = false;
  #closed = false;

  constructor(options: { readonly layout: Layout }) {
    this.#layout = options.layout;
    this.#files = new Array<MemoryFile | undefined>(options.layout.files.length).fill(undefined);
    this.#wanted = new Array<boolean>(options.layout.files.length).fill(true);
  }

  async open(): Promise<void> {
    this.#checkOpen();
    this.#makeEmptyFiles();
  }

  async read(piece: number, begin: number, into: Uint8Array): Promise<void> {
    this.#checkOpen();
    for (const span of this.#layout.spans(piece, begin, into.length)) {
      const target = into.subarray(span.at, span.at + span.length);
      if (span.padding) {
        target.fill(0);
        continue;
      }
      const file = this.#files[span.file];
      const end = span.offset + span.length;
      if (file === undefined || file.size < end) {
        throw new StorageError(
          'ERR_STORAGE_SHORT',
          `file ${span.file} has ${file?.size ?? 0} bytes, not the ${end} piece ${piece} needs`,
        );
      }
      target.set(file.bytes.subarray(span.offset, end));
    }
  }

  async write(piece: number, begin: number, bytes: Uint8Array): Promise<void> {
    this.#checkOpen();
    for (const span of this.#layout.spans(piece, begin, bytes.length)) {
      if (span.padding) continue;
      this.#files[span.file] ??= this.#emptyFile(!this.#wanted[span.file]);
      const file = this.#files[span.file] as MemoryFile;
      const end = span.offset + span.length;
      if (file.bytes.length < end) {
        const length = this.#layout.files[span.file]?.length ?? end;
        const grown = new Uint8Array(Math.min(length, Math.max(end, file.bytes.length * 2)));
        grown.set(file.bytes);
        file.bytes = grown;
      }
      file.bytes.set(bytes.subarray(span.at, span.at + span.length), span.offset);
      file.size = Math.max(file.size, end);
      file.version = ++this.#version;
    }
  }

  async stamps(): Promise<(FileStamp | null)[]> {
    this.#checkOpen();
    return this.#files.map((file) => {
      if (file === undefined) return null;
      const stamp = { size: file.size, mtimeMs: file.version };
      return file.hidden ? { ...stamp, hidden: true } : stamp;
    });
  }

  async flush(): Promise<void> {
    this.#checkOpen();
  }

  async setWanted(files: readonly boolean[]): Promise<void> {
    this.#checkOpen();
    checkWanted(files, this.#layout);
    for (const [index, wanted] of files.entries()) {
      this.#wanted[index] = wanted;
      const file = this.#files[index];
      if (!wanted || !file?.hidden) continue;
      file.hidden = false;
      file.version = ++this.#version;
    }
    if (this.#opened) this.#makeEmptyFiles();
  }

  /** There are no folders: the bytes stay. */
  async move(_to: string): Promise<void> {
    this.#checkOpen();
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  async remove(): Promise<void> {
    this.#closed = true;
    this.#files.fill(undefined);
  }

  /** What a file holds now, a view; undefined while it is missing, or unwanted and kept out of sight. */
  file(index: number): Uint8Array | undefined {
    const file = this.#files[index];
    return file?.hidden ? undefined : file?.bytes.subarray(0, file.size);
  }

  /** As if somebody deleted a file. */
  lose(index: number): void {
    this.#files[index] = undefined;
  }

  #makeEmptyFiles(): void {
    this.#opened = true;
    for (const [index, { length, padding }] of this.#layout.files.entries()) {
      if (length === 0 && !padding && this.#wanted[index]) this.#files[index] ??= this.#emptyFile(false);
    }
  }

  #emptyFile(hidden: boolean): MemoryFile {
    return { bytes: new Uint8Array(0), size: 0, version: ++this.#version, hidden };
  }

  #checkOpen(): void {
    if (this.#closed) throw new StorageError('ERR_STORAGE_CLOSED', 'the memory store is closed');
  }
}
