// The regular files under a path, in the order of their data. Symbolic links never lead the walk away.
import type { Stats } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { compareBytes } from '@shoal/primitives';
import { MetainfoError } from '../errors.ts';
import { quoted } from '../text.ts';

export interface FoundFile {
  /** Components, the first being the torrent's name. */
  readonly path: string[];
  readonly length: number;
  /** Its owner may execute it (BEP 47); never on Windows, which does not know. */
  readonly executable: boolean;
}

export interface FoundFiles {
  /** The folder that holds the file or folder. */
  readonly folder: string;
  readonly name: string;
  readonly files: FoundFile[];
  /** What was passed over, in words. */
  readonly warnings: string[];
}

/** Directories inside one another; a torrent's paths have at most 100 components. */
const MAX_LEVELS = 100;

/**
 * The file at `path`, or all files under the folder there, sorted component by component by the bytes of their names (as BEP
 * 52 wants them). Links to files inside the folder count as the file; other links and special files are passed over.
 */
export async function walkFiles(path: string, signal?: AbortSignal): Promise<FoundFiles> {
  const top = await realpath(path);
  const name = basename(top);
  const found: FoundFiles = { folder: dirname(top), name, files: [], warnings: [] };
  const status = await stat(top);
  if (status.isDirectory()) await walkFolder(top, top, [name], found, signal);
  else if (status.isFile()) found.files.push(foundFile([name], status));
  else throw new MetainfoError('ERR_METAINFO_FILES', `${quoted(path)} is neither a file nor a folder`);
  return found;
}

async function walkFolder(
  top: string,
  folder: string,
  components: string[],
  found: FoundFiles,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted();
  if (components.length >= MAX_LEVELS) {
    throw new MetainfoError(
      'ERR_METAINFO_FILE_NAME',
      `more than ${MAX_LEVELS} folders in one another at ${quoted(folder)}`,
    );
  }
  const names = await readdir(folder, { encoding: 'buffer' });
  for (const bytes of names.sort(compareBytes)) {
    const name = bytes.toString();
    const path = join(folder, name);
    if (!Buffer.from(name).equals(bytes)) {
      throw new MetainfoError('ERR_METAINFO_FILE_NAME', `a name that is not UTF-8: ${quoted(path)}`);
    }
    const status = await statusOf(top, path, found);
    if (status?.isDirectory()) await walkFolder(top, path, [...components, name], found, signal);
    else if (status?.isFile()) found.files.push(foundFile([...components, name], status));
    else if (status) found.warnings.push(`${quoted(path)} is neither a file nor a folder: left out`);
  }
}

function foundFile(path: string[], { size, mode }: Stats): FoundFile {
  return { path, length: size, executable: process.platform !== 'win32' && (mode & 0o100) !== 0 };
}

/** What lies at `path`; through a link only where that leads to a file inside `top`. Undefined: passed over, and said so. */
async function statusOf(top: string, path: string, found: FoundFiles): Promise<Stats | undefined> {
  const status = await lstat(path);
  if (!status.isSymbolicLink()) return status;
  const target = await realpath(path).catch(() => undefined);
  if (target === undefined) {
    found.warnings.push(`the link ${quoted(path)} leads nowhere: left out`);
  } else if (!target.startsWith(top + sep)) {
    found.warnings.push(`the link ${quoted(path)} leads out of the folder: left out`);
  } else {
    const behind = await stat(target);
    if (behind.isFile()) return behind;
    found.warnings.push(`the link ${quoted(path)} leads to a folder: left out`);
  }
  return undefined;
}
