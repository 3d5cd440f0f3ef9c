// Room on the disk taken before it is needed: by writing zeros, for Node can ask for it in no other way.
// Invariant: what a file holds already is not touched.
import { type FileHandle, open, statfs } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { StorageError } from '../errors.ts';
import { storageErrorOf } from './system-error.ts';

/** Bytes written at a time; the loop turns in between. */
const CHUNK = 1024 * 1024;

/** Throws ERR_STORAGE_FULL, with both figures, where the file system of `root` has less room than that. */
export async function checkRoom(root: string, needed: number): Promise<void> {
  if (needed === 0) return;
  let free: number;
  try {
    const { bavail, bsize } = await statfs(root);
    free = bavail * bsize;
  } catch (error) {
    throw storageErrorOf(error, 'measure the room of', root);
  }
  if (needed <= free) return;
  throw new StorageError('ERR_STORAGE_FULL', `${needed} bytes are needed below ${root}, and ${free} are free`, {
    path: root,
  });
}

/** Fills a file with zeros from its end up to `length`. ERR_STORAGE_CLOSED once `goesOn` says no. */
export async function fillUp(path: string, length: number, goesOn: () => boolean): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r+');
    const { size } = await handle.stat();
    const zeros = Buffer.alloc(Math.min(CHUNK, Math.max(1, length - size)));
    for (let at = size; at < length; ) {
      if (!goesOn()) throw new StorageError('ERR_STORAGE_CLOSED', `filling ${path} was ended`, { path });
      at += (await handle.write(zeros, 0, Math.min(zeros.length, length - at), at)).bytesWritten;
      await nextTurn();
    }
  } catch (error) {
    throw storageErrorOf(error, 'make room for', path);
  } finally {
    await handle?.close();
  }
}
