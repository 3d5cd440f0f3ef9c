// SHA-1 of a file's pieces on so many threads, and nothing else: bare_hash.mjs FILE PIECE_LENGTH THREADS. What the machine can do.
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { isMainThread, Worker, workerData } from 'node:worker_threads';

if (isMainThread) {
  const [path, pieceLength, threads] = process.argv.slice(2);
  const data = (index) => ({ path, pieceLength: Number(pieceLength), index, threads: Number(threads) });
  for (let index = 1; index < Number(threads); index++)
    new Worker(new URL(import.meta.url), { workerData: data(index) });
  setImmediate(() => hash(data(0)));
} else hash(workerData);

function hash({ path, pieceLength, index, threads }) {
  const { size } = statSync(path);
  const file = openSync(path, 'r');
  const buffer = new Uint8Array(64 * 1024);
  for (let piece = index; piece * pieceLength < size; piece += threads) {
    const sha1 = createHash('sha1');
    const end = Math.min(size, (piece + 1) * pieceLength);
    for (let at = piece * pieceLength; at < end; ) {
      const got = readSync(file, buffer, 0, Math.min(buffer.length, end - at), at);
      sha1.update(buffer.subarray(0, got));
      at += got;
    }
    sha1.digest();
  }
  closeSync(file);
}
