// The file list of an info dictionary (BEP 3) with the attributes of BEP 47. A wrong length is an error, for the geometry
// hangs on it; a wrong name or attribute is put right with a warning.
import { type BencodeDict, type BencodeValue, isDict, textOf } from '@shoal/bencode';
import { MetainfoError } from './errors.ts';
import type { MetainfoFile, Platform } from './metainfo.ts';
import { safePaths } from './safe-paths.ts';
import { quoted, rawNameOf } from './text.ts';
import type { Warnings } from './warnings.ts';

/** Characters of a path that a symbolic link can lead to. */
const MAX_TARGET = 4_000;

/** A file as it stands in the document. */
interface RawFile {
  readonly length: number;
  readonly attributes: string;
  /** Null for padding, whose name means nothing. */
  readonly path: readonly string[] | null;
  readonly symlink: readonly string[] | undefined;
}

/** All files, padding included. `name` is safe already. Throws MetainfoError. */
export function readFiles(
  info: BencodeDict,
  name: string,
  platform: Platform,
  warnings: Warnings,
): { files: MetainfoFile[]; multiFile: boolean } {
  const list = info.get('files');
  if (list === undefined) return { files: [singleFile(info, name)], multiFile: false };
  if (!Array.isArray(list)) throw new MetainfoError('ERR_METAINFO_FILES', "the info dictionary's files are no list");
  if (list.length === 0) throw new MetainfoError('ERR_METAINFO_FILES', 'the list of files is empty');
  if (info.has('length')) warnings.add('there are files and a length: the length is ignored');
  const raw = list.map((entry, index) => rawFile(entry, index, warnings));
  const paths = safePaths(
    raw.map((file) => file.path),
    name,
    platform,
    warnings,
  );
  const files = raw.map((file, index): MetainfoFile => {
    const padding = file.path === null;
    return {
      path: paths[index] ?? [name, '.pad', String(file.length)],
      length: file.length,
      padding,
      executable: !padding && file.attributes.includes('x'),
      hidden: !padding && file.attributes.includes('h'),
    };
  });
  return { files: withSymlinks(files, raw, warnings), multiFile: true };
}

function singleFile(info: BencodeDict, name: string): MetainfoFile {
  if (!info.has('length')) throw new MetainfoError('ERR_METAINFO_FILES', 'there are neither files nor a length');
  const attributes = textOf(info.get('attr')) ?? '';
  return {
    path: [name],
    length: lengthOf(info.get('length'), 'the file'),
    padding: false,
    executable: attributes.includes('x'),
    hidden: attributes.includes('h'),
  };
}

function rawFile(entry: BencodeValue, index: number, warnings: Warnings): RawFile {
  if (!isDict(entry)) throw new MetainfoError('ERR_METAINFO_FILES', `file ${index} is no dictionary`);
  const length = lengthOf(entry.get('length'), `file ${index}`);
  const attributes = textOf(entry.get('attr')) ?? '';
  if (attributes.includes('p')) return { length, attributes, path: null, symlink: undefined };
  const path = strictPath(entry.get('path.utf-8')) ?? lenientPath(entry.get('path'));
  if (path === undefined) throw new MetainfoError('ERR_METAINFO_FILES', `file ${index} has no path`);
  let symlink: readonly string[] | undefined;
  if (attributes.includes('l')) {
    symlink = lenientPath(entry.get('symlink path')) ?? [];
    if (length > 0) {
      warnings.add(`the symbolic link ${quoted(path.join('/'))} has ${length} bytes: it is an ordinary file here`);
      symlink = undefined;
    }
  }
  return { length, attributes, path, symlink };
}

function lengthOf(value: BencodeValue | undefined, what: string): number {
  if (typeof value === 'number' && value >= 0) return value;
  const shown = typeof value === 'number' || typeof value === 'bigint' ? String(value).slice(0, 40) : 'no integer';
  throw new MetainfoError(
    'ERR_METAINFO_FILE_LENGTH',
    `${what} has a length from 0 to ${Number.MAX_SAFE_INTEGER} bytes, not ${shown}`,
  );
}

function strictPath(value: BencodeValue | undefined): string[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const path: string[] = [];
  for (const component of value) {
    const text = textOf(component);
    if (text === undefined) return undefined;
    path.push(text);
  }
  return path;
}

function lenientPath(value: BencodeValue | undefined): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.map((component) => rawNameOf(component) ?? '');
}

/**
 * Symbolic links that lead to a file or folder of the torrent itself, and neither to another link nor to a folder they
 * lie in (whoever walks the files would go round for ever); any other is an empty file. Targets and paths are compared as the document has them, so that a file that was renamed is found.
 */
function withSymlinks(files: MetainfoFile[], raw: readonly RawFile[], warnings: Warnings): MetainfoFile[] {
  const wanted = new Set<string>();
  for (const { symlink } of raw) if (symlink) wanted.add(symlink.join('/'));
  if (wanted.size === 0) return files;
  const targets = new Map<string, readonly string[]>();
  for (const [index, { path, symlink }] of raw.entries()) {
    const safe = files[index]?.path;
    // A path that lost levels has no folder for each of its components.
    if (path === null || symlink || safe?.length !== path.length + 1) continue;
    let key = '';
    for (const [level, component] of path.entries()) {
      key += level === 0 ? component : `/${component}`;
      if (key.length > MAX_TARGET) break;
      if (wanted.has(key) && !targets.has(key)) targets.set(key, safe.slice(0, level + 2));
    }
  }
  return files.map((file, index) => {
    const target = raw[index]?.symlink?.join('/');
    if (target === undefined) return file;
    const symlink = targets.get(target);
    const isLoop = `${raw[index]?.path?.join('/')}/`.startsWith(`${target}/`);
    if (symlink && !isLoop) return { ...file, symlink };
    warnings.add(
      () =>
        `the symbolic link ${quoted(file.path.join('/'))} leads to ${quoted(target)}, which is ${isLoop ? 'a folder it lies in' : 'no file or folder of the torrent'}: it is an empty file here`,
    );
    return file;
  });
}
