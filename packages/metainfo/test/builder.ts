// Torrents for tests, made on the spot: `torrentOf({...})` is a small valid one with the given members over it.
import { createHash } from 'node:crypto';
import { type BencodeInput, encode } from '@shoal/bencode';
import { type Metainfo, MetainfoError, type ParseOptions, parseMetainfo } from '../src/index.ts';
import { nodeDigests } from '../src/node/index.ts';

type Members = { readonly [key: string]: BencodeInput | undefined };

/** A file entry: `a/b` is two components. */
export function fileOf(path: string, length = 1, more: Members = {}): Members {
  return { length, path: path.split('/'), ...more };
}

/** A single-file torrent of 20 bytes. */
export function torrentOf({ info, ...rest }: { info?: Members } & Members = {}): Uint8Array {
  return encode({
    announce: 'http://tracker.example/announce',
    info: { name: 'file.bin', length: 20, 'piece length': 16, pieces: new Uint8Array(40), ...info },
    ...rest,
  });
}

/** A torrent of these files, with as many piece hashes as it takes; none for lengths that cannot be. */
export function folderOf(files: readonly Members[], info: Members = {}): Uint8Array {
  const total = files.reduce((sum, { length }) => sum + (typeof length === 'number' ? length : 0), 0);
  const pieces = new Uint8Array(total > 0 && total < 2 ** 30 ? Math.ceil(total / 16) * 20 : 0);
  return torrentOf({
    info: { name: 'folder', length: undefined, 'piece length': 16, pieces, files: [...files], ...info },
  });
}

export function parse(bytes: Uint8Array, options?: ParseOptions): Metainfo {
  return parseMetainfo(bytes, nodeDigests, options);
}

/** The paths, joined by `/`, without the torrent's name. */
export function pathsOf(bytes: Uint8Array, options?: ParseOptions): string[] {
  return parse(bytes, options).files.map((file) => file.path.slice(1).join('/'));
}

export function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof MetainfoError) return error.code;
    throw error;
  }
  throw new Error('nothing was thrown');
}

export function sha1(bytes: Uint8Array | string): string {
  return createHash('sha1').update(bytes).digest('hex');
}

/** One byte a character. */
export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
