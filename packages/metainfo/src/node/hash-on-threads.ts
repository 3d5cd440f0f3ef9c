// SHA-1 of each piece, on several cores. Every thread takes the next few pieces that nobody has, reads them itself and writes the
// hashes into memory that all share: 64 KiB a thread, however long the pieces.
import { stat } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { MetainfoError } from '../errors.ts';
import { quoted } from '../text.ts';
import type { HashPiecesOptions } from './hash-pieces.ts';
import { hashThread, type ThreadData, type ThreadMessage } from './hash-thread.ts';

/** Bytes that a thread takes at a time: enough that a message for each is nothing. */
const RUN = 8 * 1024 * 1024;

/** As `hashPieces`, with this many threads. */
export async function hashOnThreads(
  { files, pieceLength, onProgress, signal }: HashPiecesOptions,
  threads: number,
): Promise<Uint8Array> {
  signal?.throwIfAborted();
  const starts = new Float64Array(files.length + 1);
  for (const [index, { length }] of files.entries()) starts[index + 1] = (starts[index] as number) + length;
  const total = starts[files.length] as number;
  const shared = new Uint8Array(new SharedArrayBuffer(Math.ceil(total / pieceLength) * 20));
  const workerData: ThreadData = {
    files,
    starts,
    pieceLength,
    run: Math.max(1, Math.floor(RUN / pieceLength)),
    next: new Int32Array(new SharedArrayBuffer(4)),
    hashes: shared,
  };
  let done = 0;
  const onHashed = (bytes: number): void => {
    done += bytes;
    onProgress?.(done, total);
  };
  const workers = Array.from(
    { length: threads },
    () => new Worker(`(${hashThread.toString()})()`, { eval: true, workerData }),
  );
  try {
    await Promise.all(workers.map((worker) => finished(worker, workerData, onHashed, signal)));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  for (const { path, length } of files) {
    signal?.throwIfAborted();
    const { size } = await stat(path);
    if (size !== length) throw changed(path, length, size > length ? 'more' : `only ${size}`);
  }
  return shared.slice();
}

function finished(
  worker: Worker,
  { files }: ThreadData,
  onHashed: (bytes: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    worker.on('message', (message: ThreadMessage) => {
      if ('hashed' in message) onHashed(message.hashed);
      else if ('message' in message) reject(Object.assign(new Error(message.message), message.properties));
      else {
        const length = files.find(({ path }) => path === message.file)?.length ?? 0;
        reject(changed(message.file, length, `only ${message.short}`));
      }
    });
    worker.on('error', reject);
    worker.on('exit', () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
  });
}

function changed(path: string, length: number, now: string): MetainfoError {
  return new MetainfoError('ERR_METAINFO_FILE_CHANGED', `${quoted(path)} had ${length} bytes and now has ${now}`);
}
