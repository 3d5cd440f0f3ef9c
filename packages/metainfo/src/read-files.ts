// The file list of an info dictionary (BEP 3) with the attributes of BEP 47. A wrong length is an error, for the geometry
// hangs on it; a wrong name or attribute is put right with a warning.
import { type BencodeDict, type BencodeValue, isDict, textOf } from '@shoal/bencode';
import { bytesEqual } from '@shoal/primitives';
import { MetainfoError } from './errors.ts';
import type { MetainfoFile, Platform } from './metainfo.ts';
import { safePaths } from './safe-paths.ts';
import { withSymlinks } from './symlinks.ts';
import { quoted, rawNameOf } from './text.ts';
import type { Warnings } from './warnings.ts';

/** How BitComet names padding, before BEP 47 gave it an attribute; libtorrent goes by it too. */
const OLD_PADDING = '_____padding_file_';

/** A file as it stands in the document. */
export interface RawFile {
  /** 0 of a symbolic link, whatever it says. */
  readonly length: number;
  readonly attributes: string;
  /** Null for padding, whose name means nothing. */
  readonly path: readonly string[] | null;
  readonly symlink: readonly string[] | undefined;
  /** BEP 52. */
  readonly piecesRoot?: Uint8Array;
}

/** The files of BEP 3's info dictionary, padding included; of a single file, its name. Throws MetainfoError. */
export function readFileList(info: BencodeDict, warnings: Warnings): { raw: RawFile[]; multiFile: boolean } {
  const list = info.get('files');
  if (list === undefined) return { raw: [singleFile(info)], multiFile: false };
  if (!Array.isArray(list)) throw new MetainfoError('ERR_METAINFO_FILES', "the info dictionary's files are no list");
  if (list.length === 0) throw new MetainfoError('ERR_METAINFO_FILES', 'the list of files is empty');
  if (info.has('length')) warnings.add('there are files and a length: the length is ignored');
  const names = new NameReader();
  return { raw: list.map((entry, index) => rawFile(entry, index, names, warnings)), multiFile: true };
}

/** The files as they are to lie on disk. `name` is safe already; a single file has that name. */
export function placeFiles(
  { raw, multiFile }: { readonly raw: readonly RawFile[]; readonly multiFile: boolean },
  name: string,
  platform: Platform,
  warnings: Warnings,
): MetainfoFile[] {
  const paths = multiFile
    ? safePaths(
        raw.map((file) => file.path),
        name,
        platform,
        warnings,
      )
    : [[name]];
  const files = raw.map((file, index): MetainfoFile => {
    const { length, attributes, piecesRoot } = file;
    const padding = file.path === null;
    const path = paths[index] ?? [name, '.pad', String(length)];
    const isMarked = !padding && attributes !== '';
    const executable = isMarked && attributes.includes('x');
    const hidden = isMarked && attributes.includes('h');
    return piecesRoot
      ? { path, length, padding, executable, hidden, piecesRoot }
      : { path, length, padding, executable, hidden };
  });
  return withSymlinks(files, raw, warnings);
}

function singleFile(info: BencodeDict): RawFile {
  if (!info.has('length')) throw new MetainfoError('ERR_METAINFO_FILES', 'there are neither files nor a length');
  return {
    path: [rawNameOf(info.get('name')) ?? ''],
    length: lengthOf(info.get('length'), 'the file'),
    attributes: textOf(info.get('attr')) ?? '',
    symlink: undefined,
  };
}

function rawFile(entry: BencodeValue, index: number, names: NameReader, warnings: Warnings): RawFile {
  if (!isDict(entry)) throw new MetainfoError('ERR_METAINFO_FILES', `file ${index} is no dictionary`);
  const attr = entry.get('attr');
  const attributes = attr === undefined ? '' : (textOf(attr) ?? '');
  const isPadding = attributes.includes('p');
  const path = isPadding ? null : (strictPath(entry.get('path.utf-8')) ?? lenientPath(entry.get('path'), index, names));
  if (path === undefined) throw new MetainfoError('ERR_METAINFO_FILES', `file ${index} has no path`);
  const isOldPadding = path?.at(-1)?.startsWith(OLD_PADDING) === true && !attributes.includes('l');
  if (isOldPadding) warnings.add('there are files that are taken for padding by their names');
  if (path === null || isOldPadding) {
    return { length: lengthOf(entry.get('length'), index), attributes, path: null, symlink: undefined };
  }
  const { length, symlink } = contentOf(entry, attributes, path, warnings);
  return { length, attributes, path, symlink };
}

/** Length and link of a file's dictionary. A link has no bytes, and need not say so (BEP 47). */
export function contentOf(
  entry: BencodeDict,
  attributes: string,
  path: readonly string[],
  warnings: Warnings,
): { length: number; symlink: readonly string[] | undefined } {
  if (!attributes.includes('l')) return { length: lengthOf(entry.get('length'), path), symlink: undefined };
  const said = entry.has('length') ? lengthOf(entry.get('length'), path) : 0;
  if (said > 0) warnings.add(() => `the symbolic link ${nameOf(path)} says it has ${said} bytes: links have none`);
  return { length: 0, symlink: lenientPath(entry.get('symlink path'), path) ?? [] };
}

/** What a message calls a file: by its path, its place in the list, or as the only one. */
type FileNamed = readonly string[] | number | 'the file';

/** Made where it is needed: of a million files each name would be quoted for nothing. */
function nameOf(file: FileNamed): string {
  if (typeof file === 'number') return `file ${file}`;
  return typeof file === 'string' ? file : quoted(file.join('/'));
}

function lengthOf(value: BencodeValue | undefined, file: FileNamed): number {
  if (typeof value === 'number' && value >= 0) return value;
  const shown = typeof value === 'number' || typeof value === 'bigint' ? String(value).slice(0, 40) : 'no integer';
  throw new MetainfoError(
    'ERR_METAINFO_FILE_LENGTH',
    `${nameOf(file)} has a length from 0 to ${Number.MAX_SAFE_INTEGER} bytes, not ${shown}`,
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

function lenientPath(
  value: BencodeValue | undefined,
  file: FileNamed,
  names: NameReader = new NameReader(),
): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const path: string[] = [];
  for (let level = 0; level < value.length; level++) {
    const component = value[level];
    const name = level < value.length - 1 ? names.folder(component, level) : rawNameOf(component);
    if (name === undefined)
      throw new MetainfoError('ERR_METAINFO_FILES', `a path of ${nameOf(file)} is not made of names`);
    path.push(name);
  }
  return path;
}

/** Reads names, and those of folders that a file shares with the one before it once: all of them have the same text then. */
class NameReader {
  readonly #bytes: Uint8Array[] = [];
  readonly #names: string[] = [];

  folder(value: BencodeValue | undefined, level: number): string | undefined {
    const last = this.#bytes[level];
    if (last !== undefined && value instanceof Uint8Array && bytesEqual(value, last)) return this.#names[level];
    const name = rawNameOf(value);
    if (name !== undefined) {
      this.#bytes[level] = value as Uint8Array;
      this.#names[level] = name;
    }
    return name;
  }
}
