// From files and hashes to the bytes of a .torrent. Deterministic, and strict where the reader is lenient: what it writes,
// `parseMetainfo` reads back without changing a name.
import { type BencodeInput, encode } from '@shoal/bencode';
import { type Endpoint, Layout } from '@shoal/primitives';
import { MetainfoError } from './errors.ts';
import { secondsOf, trackersOf, webSeedsOf } from './outer-members.ts';
import { MAX_PIECE_LENGTH } from './parse-metainfo.ts';
import { safeName } from './safe-name.ts';
import { safePaths } from './safe-paths.ts';
import { quoted } from './text.ts';
import { Warnings } from './warnings.ts';

/** A file to be listed; a `MetainfoFile` is one. */
export interface FileToList {
  /** Components, the first being the torrent's name. */
  readonly path: readonly string[];
  /** Bytes. */
  readonly length: number;
  /** BEP 47. */
  readonly padding?: boolean;
  readonly executable?: boolean;
  readonly hidden?: boolean;
  /** Of the same shape as `path`. */
  readonly symlink?: readonly string[];
}

/** What a new torrent says. */
export interface CreateMetainfoOptions {
  /** The file's or folder's name. */
  readonly name: string;
  /** Bytes, up to 512 MiB. */
  readonly pieceLength: number;
  /** The pieces' SHA-1 hashes behind one another. */
  readonly pieces: Uint8Array;
  /** In the order of their data. One file whose path is the name alone makes a single-file torrent. */
  readonly files: readonly FileToList[];
  /** Tiers of tracker URLs (BEP 12). */
  readonly announce?: readonly (readonly string[])[];
  /** BEP 19. */
  readonly webSeeds?: readonly string[];
  /** BEP 5. */
  readonly nodes?: readonly Endpoint[];
  readonly comment?: string | null;
  readonly createdBy?: string | null;
  /** Written in whole seconds. */
  readonly creationDate?: Date | null;
  /** BEP 27. */
  readonly private?: boolean;
  readonly source?: string | null;
}

/**
 * The bytes of a v1 .torrent (BEP 3). Throws MetainfoError for names and files that no reader would take as they are,
 * RangeError or TypeError for geometry and URLs that cannot be.
 */
export function createMetainfo(options: CreateMetainfoOptions): Uint8Array {
  checkGeometry(options);
  checkPaths(options);
  return encode({
    ...trackersOf(options.announce ?? []),
    ...webSeedsOf(options.webSeeds ?? []),
    nodes: options.nodes?.length ? options.nodes.map(({ host, port }) => [host, port]) : undefined,
    comment: options.comment ?? undefined,
    'created by': options.createdBy ?? undefined,
    'creation date': options.creationDate ? secondsOf(options.creationDate) : undefined,
    info: infoOf(options),
  });
}

function infoOf(options: CreateMetainfoOptions): BencodeInput {
  const { name, files, pieceLength, pieces } = options;
  const single = isSingleFile(options) ? files[0] : undefined;
  return {
    name,
    'piece length': pieceLength,
    pieces,
    private: options.private ? 1 : undefined,
    source: options.source ?? undefined,
    length: single?.length,
    attr: single && attributesOf(single),
    files: single
      ? undefined
      : files.map((file) => ({
          length: file.length,
          path: file.path.slice(1),
          attr: attributesOf(file),
          'symlink path': file.symlink?.slice(1),
        })),
  };
}

function attributesOf(file: FileToList): string | undefined {
  const letters = `${file.padding ? 'p' : ''}${file.executable ? 'x' : ''}${file.hidden ? 'h' : ''}${file.symlink ? 'l' : ''}`;
  return letters === '' ? undefined : letters;
}

function isSingleFile({ name, files }: CreateMetainfoOptions): boolean {
  return files.length === 1 && files[0]?.path.length === 1 && files[0].path[0] === name;
}

function checkGeometry({ pieceLength, pieces, files }: CreateMetainfoOptions): void {
  if (!Number.isSafeInteger(pieceLength) || pieceLength < 1 || pieceLength > MAX_PIECE_LENGTH) {
    throw new RangeError(`a piece has from 1 to ${MAX_PIECE_LENGTH} bytes, not ${pieceLength}`);
  }
  if (files.length === 0) throw new MetainfoError('ERR_METAINFO_FILES', 'there is no file to share');
  for (const { length, symlink } of files) {
    if (!Number.isSafeInteger(length) || length < 0) throw new RangeError(`not a number of bytes: ${length}`);
    if (symlink && length > 0) throw new RangeError(`a symbolic link has 0 bytes, not ${length}`);
  }
  const { pieceCount, totalLength } = new Layout({ pieceLength, files });
  if (totalLength === 0) throw new MetainfoError('ERR_METAINFO_NO_DATA', 'all files are empty: nothing to share');
  if (pieces.length !== pieceCount * 20) {
    throw new RangeError(`${pieceCount} pieces have ${pieceCount * 20} bytes of hashes, not ${pieces.length}`);
  }
}

function checkPaths(options: CreateMetainfoOptions): void {
  const { name, files } = options;
  if (safeName(name, 'posix') !== name) {
    throw new MetainfoError('ERR_METAINFO_FILE_NAME', `${quoted(name)} is no name that is safe everywhere`);
  }
  if (isSingleFile(options)) return;
  const raw = files.map((file) => {
    if (file.path[0] !== name || file.path.length < 2) {
      throw new RangeError(`the path ${quoted(file.path.join('/'))} does not lead from ${quoted(name)} to a file`);
    }
    return file.padding ? null : file.path.slice(1);
  });
  const safe = safePaths(raw, name, 'posix', new Warnings());
  for (const [index, path] of safe.entries()) {
    if (path === null) continue;
    const given = (files[index] as FileToList).path;
    if (path.length !== given.length || path.some((component, level) => component !== given[level])) {
      throw new MetainfoError(
        'ERR_METAINFO_FILE_NAME',
        `the path ${quoted(given.join('/'))} is taken twice or not safe everywhere: readers would name it ${quoted(path.join('/'))}`,
      );
    }
  }
}
