// A torrent's files moved below another folder: by renaming, or by copying where the folders are on different file systems.
// Invariants: all or nothing, whatever fails; nothing is overwritten, and nothing but the torrent's own files is moved. A
// torrent whose folder holds nothing else moves in one step, so that not even a crash leaves half of it here and half there;
// copies are made aside, and take their place in the same way when all of them are safe on the disk.
import { lstat, mkdir, readlink, realpath, rename as renameFile, rm, rmdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StorageError } from '../errors.ts';
import { copyFile } from './copy-file.ts';
import { foldersOf, holdsOnly, type OwnFile, removeEmpty, removeOwn } from './own-files.ts';
import { SafeFolder } from './safe-path.ts';
import { storageErrorOf, systemCode } from './system-error.ts';
import { syncFolder } from './write-file-atomic.ts';

/** Gives a file another path, as `rename` of node:fs/promises does: EXDEV between file systems. */
export type Rename = (from: string, to: string) => Promise<void>;

export interface MoveOptions {
  readonly from: SafeFolder;
  /** Made where it is not there. */
  readonly to: string;
  /** In the order in which they are moved. */
  readonly files: readonly OwnFile[];
  /** The name of a folder below `to` for copies until all are there; one that is left of a crash is deleted. */
  readonly aside: string;
  /** The system's, unless told. */
  readonly rename?: Rename;
  /** Once it says no, copying ends, with nothing changed. */
  readonly goesOn: () => boolean;
}

/** How the files came to their new place. Rejects with StorageError: then all of them are where they were. */
export async function moveFiles(options: MoveOptions): Promise<'moved' | 'copied' | 'same'> {
  const { from, to } = options;
  const made: string[] = [];
  try {
    await makeRoot(to, made);
    if (await isSame(from.root, to)) return 'same';
    const target = new SafeFolder(to);
    from.forget();
    await refuseExisting(target, options.files);
    const files = await present(from, options.files);
    if (!(await hasLinks(from, files))) {
      try {
        await place(from.root, to, files, options.rename ?? renameFile);
        await finish(from, to, files);
        return 'moved';
      } catch (error) {
        if (systemCode(error) !== 'EXDEV') throw error;
      }
    }
    await copyAll(options, files);
    // What cannot be deleted is left behind: the torrent has its new place.
    await removeOwn(from, files).catch(() => {});
    return 'copied';
  } catch (error) {
    for (const folder of made) await rmdir(folder).catch(() => {});
    throw storageErrorOf(error, 'move to', to);
  }
}

/** Copies everything aside, and then has it take its place. */
async function copyAll({ from, to, aside, goesOn }: MoveOptions, files: readonly OwnFile[]): Promise<void> {
  const stage = join(to, aside);
  try {
    await rm(stage, { recursive: true, force: true });
    await mkdir(stage);
    for (const folder of foldersOf(files).reverse()) await mkdir(join(stage, ...folder), { recursive: true });
    for (const file of files) await copyOne(file, join(from.root, ...file.path), join(stage, ...file.path), goesOn);
    for (const folder of foldersOf(files)) await syncFolder(join(stage, ...folder));
    // The same file system now, whatever stood in for `rename` before.
    await place(stage, to, files, renameFile);
    await syncFolder(to);
  } finally {
    await rm(stage, { recursive: true, force: true }).catch(() => {});
  }
}

async function copyOne(file: OwnFile, from: string, to: string, goesOn: () => boolean): Promise<void> {
  try {
    if (file.isLink && (await lstat(from)).isSymbolicLink()) await symlink(await readlink(from), to);
    else await copyFile(from, to, goesOn);
  } catch (error) {
    throw storageErrorOf(error, 'copy', from);
  }
}

/** Renames everything, or nothing. Throws the system's errors as they are, for EXDEV's sake. */
async function place(from: string, to: string, files: readonly OwnFile[], rename: Rename): Promise<void> {
  const undo: (() => Promise<unknown>)[] = [];
  const step = async (path: string): Promise<void> => {
    const [source, target] = [join(from, path), join(to, path)];
    await rename(source, target);
    undo.push(() => rename(target, source));
  };
  try {
    for (const top of new Set(files.map(({ path }) => path[0] as string))) {
      const inside = files.filter(({ path }) => path[0] === top);
      if (!(await exists(join(to, top))) && (await holdsOnly(from, top, inside))) {
        await step(top);
        continue;
      }
      for (const folder of foldersOf(inside).reverse()) {
        const path = join(to, ...folder);
        if (await exists(path)) continue;
        await mkdir(path);
        undo.push(() => rmdir(path));
      }
      for (const { path } of inside) await step(join(...path));
    }
  } catch (error) {
    for (const back of undo.reverse()) await back().catch(() => {});
    throw error;
  }
}

async function finish(from: SafeFolder, to: string, files: readonly OwnFile[]): Promise<void> {
  await removeEmpty(from, foldersOf(files));
  await syncFolder(to).catch(() => {});
}

/** Makes the folder, and notes what was made, deepest first. */
async function makeRoot(to: string, made: string[]): Promise<void> {
  const first = await mkdir(to, { recursive: true });
  if (first === undefined) return;
  for (let path = to; path.length >= first.length; path = dirname(path)) made.push(path);
}

async function isSame(a: string, b: string): Promise<boolean> {
  const real = await realpath(a).catch(() => undefined);
  return real !== undefined && real === (await realpath(b));
}

async function refuseExisting(target: SafeFolder, files: readonly OwnFile[]): Promise<void> {
  for (const { path } of files) {
    try {
      await target.folder(path.slice(0, -1), false);
    } catch (error) {
      if (storageErrorOf(error, 'enter', target.root).code !== 'ERR_STORAGE_MISSING') throw error;
      continue;
    }
    const full = join(target.root, ...path);
    if (!(await exists(full))) continue;
    throw new StorageError('ERR_STORAGE_EXISTS', `${full} is there already: it was not overwritten`, { path: full });
  }
}

/** Those that are there. */
async function present(from: SafeFolder, files: readonly OwnFile[]): Promise<OwnFile[]> {
  const found: OwnFile[] = [];
  for (const file of files) {
    try {
      await from.folder(file.path.slice(0, -1), false);
    } catch (error) {
      if (storageErrorOf(error, 'enter', from.root).code === 'ERR_STORAGE_MISSING') continue;
      throw error;
    }
    if (await exists(join(from.root, ...file.path))) found.push(file);
  }
  return found;
}

/** Whether a file is a link of the user's own: moved, it might lead elsewhere, so what it leads to is copied. */
async function hasLinks(from: SafeFolder, files: readonly OwnFile[]): Promise<boolean> {
  let found = false;
  for (const { path, isLink } of files) {
    const full = join(from.root, ...path);
    if (isLink || !(await lstat(full)).isSymbolicLink()) continue;
    await from.inside(full);
    found = true;
  }
  return found;
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw error;
  }
}
