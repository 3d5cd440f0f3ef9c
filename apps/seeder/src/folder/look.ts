// What an entry of the folder looks like now, without reading its data: names, sizes and times of everything below it.
import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { mapAtOnce } from './map-at-once.ts';

export interface Look {
  /** Equal where nothing has changed. */
  readonly print: string;
  /** The latest change to content or name, milliseconds of Unix time. */
  readonly changedAt: number;
  /** Bytes of all files. */
  readonly size: number;
  /** Absolute paths of the folders in it, itself included. */
  readonly folders: readonly string[];
}

/** Looks at a file or folder `name` in `dir`. Rejects with the system's error, ENOENT where something vanished meanwhile. */
export async function lookAt(dir: string, name: string): Promise<Look> {
  const found: Found = { lines: [], folders: [], changedAt: 0, size: 0 };
  const path = join(dir, name);
  await walk(path, name, await lstat(path), found);
  const { lines, folders, changedAt, size } = found;
  return { print: digestOf(lines.join('\n')), changedAt, size, folders };
}

export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

interface Found {
  readonly lines: string[];
  readonly folders: string[];
  changedAt: number;
  size: number;
}

/** One line each; JSON keeps a line break in a name from forging a line. */
async function walk(path: string, shown: string, status: Stats, found: Found): Promise<void> {
  // The inode's time too: copies that keep the content's time are fresh all the same.
  found.changedAt = Math.max(found.changedAt, status.mtimeMs, status.ctimeMs);
  if (!status.isDirectory()) {
    found.size += status.size;
    found.lines.push(JSON.stringify([shown, status.size, status.mtimeMs]));
    return;
  }
  found.lines.push(JSON.stringify([`${shown}/`]));
  found.folders.push(path);
  const names = (await readdir(path)).sort();
  const statuses = await mapAtOnce(names, (name) => lstat(join(path, name)));
  for (const [index, name] of names.entries()) {
    await walk(join(path, name), `${shown}/${name}`, statuses[index] as Stats, found);
  }
}
