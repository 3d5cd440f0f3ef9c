// SHA-1 of each piece of files that lie behind one another. Much is hashed on all cores, little here, where threads would take
// longer to start: with two chunks of memory, whatever the piece length; one is hashed while the next is read.
import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { MetainfoError } from '../errors.ts';
import { quoted } from '../text.ts';
import { hashOnThreads } from './hash-on-threads.ts';

/** Bytes of one read: hashing it holds the event loop for about a millisecond. */
const CHUNK = 1024 * 1024;
/** Bytes for each thread at least. */
const FOR_A_THREAD = 64 * 1024 * 1024;
/** Past this the disk is the bound. */
const MAX_THREADS = 8;

export interface FileToHash {
  readonly path: string;
  /** Bytes it must have, no more and no less. */
  readonly length: number;
}

export interface HashPiecesOptions {
  readonly files: readonly FileToHash[];
  readonly pieceLength: number;
  readonly onProgress?: ((bytesDone: number, bytesTotal: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** From 0 (all on this one) up. Default: as many as there are cores, up to 8, where there is enough to do. */
  readonly threads?: number | undefined;
}

/** The hashes behind one another. Rejects with ERR_METAINFO_FILE_CHANGED where a file has not the length given. */
export async function hashPieces(options: HashPiecesOptions): Promise<Uint8Array> {
  const { files, pieceLength, onProgress, signal } = options;
  const total = files.reduce((sum, file) => sum + file.length, 0);
  const useful = Math.min(availableParallelism(), MAX_THREADS, Math.floor(total / FOR_A_THREAD));
  const threads = options.threads ?? (useful > 1 ? useful : 0);
  if (threads > 0 && total > 0) return hashOnThreads(options, threads);
  const hashes = new Uint8Array(Math.ceil(total / pieceLength) * 20);
  let hash: Hash = createHash('sha1');
  let done = 0;
  const finishPiece = (piece: number): void => {
    hashes.set(hash.digest(), piece * 20);
    hash = createHash('sha1');
  };
  for await (const chunk of chunksOf(files)) {
    signal?.throwIfAborted();
    for (let at = 0; at < chunk.length; ) {
      const end = Math.min(chunk.length, at + pieceLength - (done % pieceLength));
      hash.update(chunk.subarray(at, end));
      done += end - at;
      at = end;
      if (done % pieceLength === 0) finishPiece(done / pieceLength - 1);
    }
    onProgress?.(done, total);
  }
  if (done % pieceLength !== 0) finishPiece(Math.floor(done / pieceLength));
  return hashes;
}

/** The files' bytes. A chunk is valid until the next but one is asked for. */
async function* chunksOf(files: readonly FileToHash[]): AsyncGenerator<Uint8Array, void, void> {
  const buffers = [new Uint8Array(CHUNK), new Uint8Array(CHUNK)] as const;
  let turn = 0;
  for (const file of files) {
    const handle = await open(file.path, 'r');
    try {
      let next = read(handle, file, 0, buffers[turn & 1] as Uint8Array);
      for (let offset = 0; offset < file.length; ) {
        const chunk = await next;
        offset += chunk.length;
        turn++;
        next = read(handle, file, offset, buffers[turn & 1] as Uint8Array);
        // Awaited above or below; until then a failure must not count as unhandled.
        next.catch(() => {});
        yield chunk;
      }
      await next;
    } finally {
      await handle.close();
    }
  }
}

/** The bytes from `offset`, as many as fit; none at the end, where it checks that the file ends too. */
async function read(handle: FileHandle, file: FileToHash, offset: number, into: Uint8Array): Promise<Uint8Array> {
  const length = Math.min(into.length, file.length - offset);
  const { bytesRead } = await handle.read(into, 0, Math.max(1, length), offset);
  if ((bytesRead === 0) !== (length === 0)) {
    throw new MetainfoError(
      'ERR_METAINFO_FILE_CHANGED',
      `${quoted(file.path)} had ${file.length} bytes and now has ${length === 0 ? 'more' : `only ${offset}`}`,
    );
  }
  return into.subarray(0, Math.min(bytesRead, length));
}
