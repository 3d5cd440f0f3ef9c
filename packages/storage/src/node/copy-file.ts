// A file copied to another file system: in bounded parts, with its holes, safe on the disk when it is told to be there.
import { open } from 'node:fs/promises';
import { StorageError } from '../errors.ts';

/** Bytes read and written at a time. */
const CHUNK = 1024 * 1024;

/**
 * Copies the bytes, the mode and the time of change to `to`, which must not be there yet, and syncs it. Follows a link at
 * `from`. Rejects with the system's error, or with ERR_STORAGE_CLOSED once `goesOn` says no.
 */
export async function copyFile(from: string, to: string, goesOn: () => boolean): Promise<void> {
  const source = await open(from, 'r');
  try {
    const { mode, size, atime, mtime } = await source.stat();
    const target = await open(to, 'wx', mode & 0o777);
    try {
      const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK, Math.max(1, size)));
      const zeros = Buffer.alloc(chunk.length);
      let at = 0;
      for (;;) {
        if (!goesOn()) throw new StorageError('ERR_STORAGE_CLOSED', `copying ${from} was ended`, { path: from });
        const { bytesRead } = await source.read(chunk, 0, chunk.length, at);
        if (bytesRead === 0) break;
        // Zeros are most likely a hole: it stays one.
        if (chunk.compare(zeros, 0, bytesRead, 0, bytesRead) !== 0) {
          for (let done = 0; done < bytesRead; ) {
            done += (await target.write(chunk, done, bytesRead - done, at + done)).bytesWritten;
          }
        }
        at += bytesRead;
      }
      await target.truncate(at);
      await target.utimes(atime, mtime);
      await target.sync();
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}
