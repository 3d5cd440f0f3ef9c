// Reads of a file while it downloads: each reader has a window of pieces ahead of it with deadlines, the nearest first.
// Invariant: a piece has a deadline in the picker exactly while a window of some reader covers it and it is not verified.
import type { Layout } from '@shoal/primitives';

/** What is asked for ahead of a reader: so many bytes, and so many pieces at least. */
const WINDOW_BYTES = 8 * 1024 * 1024;
const WINDOW_PIECES = 2;
/** Between the deadlines of neighbouring pieces: only their order matters, and that those far ahead are not urgent. */
const STEP_MS = 1_000;
/** Bytes handed out at once. */
const CHUNK = 256 * 1024;

/** What readers need of their torrent. */
export interface ReaderHost {
  readonly layout: Layout;
  now(): number;
  has(piece: number): boolean;
  /** undefined: none any more. */
  setDeadlines(deadlines: ReadonlyMap<number, number | undefined>): void;
  load(piece: number, begin: number, length: number): Promise<Uint8Array>;
}

/** Which bytes of a file are read, and until when. */
export interface ReadOptions {
  /** First byte. Default: 0. */
  readonly start?: number;
  /** Behind the last byte. Default: the file's length. */
  readonly end?: number;
  readonly signal?: AbortSignal;
}

interface Window {
  first: number;
  /** Behind the last. */
  end: number;
  readonly settle: () => void;
}

export class FileReaders {
  readonly #host: ReaderHost;
  readonly #windows = new Set<Window>();
  #deadlines = new Map<number, number>();
  #failure: Error | undefined;

  constructor(host: ReaderHost) {
    this.#host = host;
  }

  /**
   * The bytes of a file in order, as they become available; views, at most 256 KiB each. Rejects when the torrent stops
   * on an error or closes, and with the signal's reason. RangeError for a range outside the file.
   */
  async *read(file: number, options: ReadOptions): AsyncGenerator<Uint8Array, void, undefined> {
    const { layout } = this.#host;
    const length = layout.files[file]?.length;
    const { start = 0, end = length ?? 0, signal } = options;
    const isRange = Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start <= end;
    if (length === undefined || !isRange || end > length) {
      throw new RangeError(`file ${file} has no bytes [${start}, ${end})`);
    }
    signal?.throwIfAborted();
    const last = layout.fileOffset(file) + end;
    let wake = (): void => undefined;
    const window: Window = { first: 0, end: 0, settle: () => wake() };
    const abort = (): void => wake();
    this.#windows.add(window);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      for (let at = layout.fileOffset(file) + start; at < last; ) {
        // What happened while the consumer had the last bytes.
        signal?.throwIfAborted();
        if (this.#failure) throw this.#failure;
        const piece = Math.floor(at / layout.pieceLength);
        if (piece !== window.first || window.end === 0) this.#move(window, piece, last);
        while (!this.#host.has(piece)) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          signal?.throwIfAborted();
          if (this.#failure) throw this.#failure;
        }
        const begin = at - piece * layout.pieceLength;
        const size = Math.min(CHUNK, last - at, layout.pieceSize(piece) - begin);
        const bytes = await this.#host.load(piece, begin, size);
        signal?.throwIfAborted();
        at += size;
        yield bytes;
      }
    } finally {
      signal?.removeEventListener('abort', abort);
      this.#windows.delete(window);
      this.#plan();
    }
  }

  /** A piece was verified, or the torrent's pieces were found anew. */
  wake(): void {
    for (const { settle } of this.#windows) settle();
  }

  /** The pieces were found anew: deadlines are told again. */
  replan(): void {
    this.#deadlines = new Map();
    this.#plan();
    this.wake();
  }

  /** What is not here will not come: readers that wait for it reject. Undefined: it may come again. */
  fail(error: Error | undefined): void {
    this.#failure = error;
    if (error) this.wake();
  }

  #move(window: Window, piece: number, last: number): void {
    const { pieceLength } = this.#host.layout;
    const pieces = Math.max(WINDOW_PIECES, Math.ceil(WINDOW_BYTES / pieceLength));
    window.first = piece;
    window.end = Math.min(piece + pieces, Math.ceil(last / pieceLength));
    this.#plan();
  }

  #plan(): void {
    const now = this.#host.now();
    const wanted = new Map<number, number>();
    for (const { first, end } of this.#windows) {
      for (let piece = first; piece < end; piece++) {
        if (this.#host.has(piece)) continue;
        const at = now + (piece - first) * STEP_MS;
        wanted.set(piece, Math.min(at, wanted.get(piece) ?? at));
      }
    }
    const changes = new Map<number, number | undefined>(wanted);
    for (const piece of this.#deadlines.keys()) if (!wanted.has(piece)) changes.set(piece, undefined);
    this.#deadlines = wanted;
    if (changes.size > 0) this.#host.setDeadlines(changes);
  }
}
