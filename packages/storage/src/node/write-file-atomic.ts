// A file that is either as it was or wholly new, whatever happens in between.
import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { storageErrorOf, systemCode } from './system-error.ts';

/** Writes a temporary file beside `path`, syncs it, renames it over `path`, and syncs the folder. StorageError. */
export async function writeFileAtomic(path: string, bytes: Uint8Array): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.tmp-${randomBytes(8).toString('hex')}`);
  try {
    const handle = await open(temporary, 'wx', 0o666);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw storageErrorOf(error, 'write', path);
  }
  await syncFolder(folder);
}

/** Some systems cannot open or sync a folder (Windows; some network disks): the rename itself stands. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = systemCode(error);
    if (code === 'EIO' || code === 'ENOSPC') throw storageErrorOf(error, 'sync the folder', folder);
  }
}
