// What a hashing thread does. Its source is handed to the thread as text, for then it needs no file of its own, neither beside
// the sources nor in a bundle: it may use nothing from outside the function but its types.
import type { FileToHash } from './hash-pieces.ts';

export interface ThreadData {
  readonly files: readonly FileToHash[];
  /** Where each file begins among all of them, in bytes; one more for the end. */
  readonly starts: Float64Array;
  readonly pieceLength: number;
  /** Pieces taken at a time. */
  readonly run: number;
  /** The next piece that nobody has taken. */
  readonly next: Int32Array;
  /** Shared; 20 bytes a piece. */
  readonly hashes: Uint8Array;
}

/** What it says: bytes hashed since it said so last, and at the end why it could not go on. */
export type ThreadMessage =
  | { readonly hashed: number }
  | { readonly file: string; readonly short: number }
  | { readonly message: string; readonly properties: object };

export function hashThread(): void {
  const { parentPort, workerData } = process.getBuiltinModule('node:worker_threads');
  const { createHash } = process.getBuiltinModule('node:crypto');
  const { closeSync, openSync, readSync } = process.getBuiltinModule('node:fs');
  const { files, starts, pieceLength, run, next, hashes } = workerData as ThreadData;
  const total = starts[files.length] as number;
  // Measured, seconds of the kernel per GiB read: 0.2 with 64 or 128 KiB, 0.6 from 256 KiB on, which is as much as a core's first
  // table of pages holds.
  const buffer = new Uint8Array(64 * 1024);
  const say = (message: ThreadMessage): void => parentPort?.postMessage(message);
  let open: { readonly index: number; readonly handle: number } | undefined;

  const fileAt = (offset: number): number => {
    let low = 0;
    let high = files.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((starts[middle + 1] as number) > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  /** Bytes read into the buffer, from `offset` among all files; 0: the file is shorter than it should be. */
  const read = (index: number, offset: number, length: number): number => {
    if (open?.index !== index) {
      if (open) closeSync(open.handle);
      open = undefined;
      open = { index, handle: openSync((files[index] as FileToHash).path, 'r') };
    }
    return readSync(open.handle, buffer, 0, length, offset - (starts[index] as number));
  };
  /** The path of a file that is too short, and how many bytes it has. */
  const hashPiece = (piece: number): ThreadMessage | undefined => {
    const hash = createHash('sha1');
    const end = Math.min(total, (piece + 1) * pieceLength);
    let at = piece * pieceLength;
    for (let index = fileAt(at); at < end; index++) {
      const fileEnd = Math.min(end, starts[index + 1] as number);
      while (at < fileEnd) {
        const got = read(index, at, Math.min(buffer.length, fileEnd - at));
        if (got === 0) return { file: (files[index] as FileToHash).path, short: at - (starts[index] as number) };
        hash.update(buffer.subarray(0, got));
        at += got;
      }
    }
    hashes.set(hash.digest(), piece * 20);
    return undefined;
  };

  try {
    const pieces = hashes.length / 20;
    for (let first = Atomics.add(next, 0, run); first < pieces; first = Atomics.add(next, 0, run)) {
      const end = Math.min(pieces, first + run);
      for (let piece = first; piece < end; piece++) {
        const fault = hashPiece(piece);
        if (fault) {
          say(fault);
          return;
        }
      }
      say({ hashed: Math.min(total, end * pieceLength) - first * pieceLength });
    }
  } catch (error) {
    // A copy of an Error loses its code.
    say({ message: (error as Error).message, properties: { ...(error as Error) } });
  } finally {
    if (open) closeSync(open.handle);
  }
}
