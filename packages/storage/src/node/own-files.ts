// What of a folder is the torrent's: its files by their paths, and the folders that hold nothing else.
// Invariant: nothing else is ever moved or deleted, and no symbolic link is followed to get there.
import type { Dirent } from 'node:fs';
import { lstat, readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Layout } from '@shoal/primitives';
import type { StorageError } from '../errors.ts';
import type { SafeFolder } from './safe-path.ts';
import { storageErrorOf, systemCode } from './system-error.ts';
import type { DiskFile } from './torrent-files.ts';

/** A torrent's file as it may lie on the disk. */
export interface OwnFile {
  readonly path: readonly string[];
  /** Bytes; a file that is longer is somebody else's. */
  readonly length: number;
  /** A symbolic link of the torrent (BEP 47). */
  readonly isLink: boolean;
}

/** All files of a torrent but padding. */
export function ownFiles(layout: Layout, files: readonly DiskFile[]): OwnFile[] {
  return files.flatMap(({ path, symlink }, index) => {
    const { length, padding } = layout.files[index] as { length: number; padding?: boolean };
    return padding ? [] : [{ path, length, isLink: symlink !== undefined }];
  });
}

/** The folders of these files, deepest first. */
export function foldersOf(files: readonly OwnFile[]): string[][] {
  const folders = new Map<string, string[]>();
  for (const { path } of files) {
    for (let depth = path.length - 1; depth > 0; depth--) {
      const folder = path.slice(0, depth);
      const key = folder.join('/');
      if (folders.has(key)) break;
      folders.set(key, folder);
    }
  }
  return [...folders.values()].sort((a, b) => b.length - a.length);
}

/** Deletes the torrent's files, and then its folders that are empty. Tries all, and throws the first failure. */
export async function removeOwn(folder: SafeFolder, files: readonly OwnFile[]): Promise<void> {
  const failures: StorageError[] = [];
  // A folder that was one of ours may have been replaced by a link since.
  folder.forget();
  for (const file of files) {
    const path = join(folder.root, ...file.path);
    try {
      await folder.folder(file.path.slice(0, -1), false);
      const stats = await lstat(path);
      // A longer file was never written to: it is another one of the same name.
      if (stats.isSymbolicLink() || (stats.isFile() && stats.size <= file.length)) await rm(path, { force: true });
    } catch (error) {
      const wrong = storageErrorOf(error, 'remove', path);
      // Not there, or not below this folder: then it is not ours to delete.
      if (!['ERR_STORAGE_MISSING', 'ERR_STORAGE_OUTSIDE', 'ERR_STORAGE_NOT_A_FILE'].includes(wrong.code)) {
        failures.push(wrong);
      }
    }
  }
  await removeEmpty(folder, foldersOf(files));
  if (failures.length > 0) throw failures[0];
}

/** Deletes those of the folders, deepest first, that are empty and below the root. */
export async function removeEmpty(folder: SafeFolder, folders: readonly (readonly string[])[]): Promise<void> {
  for (const components of folders) {
    try {
      await folder.folder(components.slice(0, -1), false);
      // Not through a link: `rmdir` refuses those.
      await rmdir(join(folder.root, ...components));
    } catch {
      // Somebody's files are in it, or it is gone, or a link: it stays as it is.
    }
  }
  folder.forget();
}

/** Whether a folder holds nothing but these files and their folders. */
export async function holdsOnly(root: string, top: string, files: readonly OwnFile[]): Promise<boolean> {
  const names = new Set(files.map(({ path }) => path.join('/')));
  const folders = new Set(foldersOf(files).map((path) => path.join('/')));
  const walk = async (path: string): Promise<boolean> => {
    let entries: Dirent[];
    try {
      entries = await readdir(join(root, path), { withFileTypes: true });
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return true;
      throw storageErrorOf(error, 'list', join(root, path));
    }
    for (const entry of entries) {
      const inside = `${path}/${entry.name}`;
      if (entry.isDirectory() ? !folders.has(inside) || !(await walk(inside)) : !names.has(inside)) return false;
    }
    return true;
  };
  return folders.has(top) && walk(top);
}
