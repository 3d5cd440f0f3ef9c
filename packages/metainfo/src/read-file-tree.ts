// The `file tree` of BEP 52 as a list, in the tree's own order. A tree that is not as the BEP has it is an error: files and
// folders cannot be told apart in it, and whoever reads it otherwise would see another torrent.
import { type BencodeDict, isDict, keyBytes, textOf } from '@shoal/bencode';
import { HASH_LENGTH } from '@shoal/merkle';
import { MetainfoError } from './errors.ts';
import { contentOf, type RawFile } from './read-files.ts';
import { quoted, rawNameOf } from './text.ts';
import type { Warnings } from './warnings.ts';

/** All files; `multiFile` is false where the tree is one file and nothing else. Throws MetainfoError. */
export function readFileTree(info: BencodeDict, warnings: Warnings): { raw: RawFile[]; multiFile: boolean } {
  const tree = info.get('file tree');
  if (!isDict(tree)) throw faulty('the meta version is 2, but there is no file tree');
  if (tree.has('')) throw faulty('the file tree is a file itself');
  const raw: RawFile[] = [];
  // As deep as the document at most, which bencode bounds.
  const walk = (folder: BencodeDict, parents: readonly string[]): void => {
    for (const [key, entry] of folder) {
      const path = [...parents, rawNameOf(keyBytes(key)) ?? ''];
      if (!isDict(entry)) throw faulty(`${quoted(path.join('/'))} in the file tree is no dictionary`);
      if (!entry.has('')) walk(entry, path);
      else raw.push(leaf(entry, path, warnings));
    }
  };
  walk(tree, []);
  if (raw.length === 0) throw new MetainfoError('ERR_METAINFO_FILES', 'there is no file in the file tree');
  return { raw, multiFile: raw.length > 1 || raw[0]?.path?.length !== 1 };
}

function leaf(entry: BencodeDict, path: readonly string[], warnings: Warnings): RawFile {
  const what = quoted(path.join('/'));
  const properties = entry.get('');
  if (entry.size > 1) throw faulty(`${what} is a file and a folder`);
  if (!isDict(properties)) throw faulty(`the properties of ${what} are no dictionary`);
  const attributes = textOf(properties.get('attr')) ?? '';
  if (attributes.includes('p')) throw faulty(`${what} is padding, which a file tree has none of`);
  const content = contentOf(properties, attributes, path, warnings);
  if (content.length === 0) return { path, attributes, ...content };
  return { path, attributes, ...content, piecesRoot: rootOf(properties, what) };
}

function rootOf(properties: BencodeDict, what: string): Uint8Array {
  const root = properties.get('pieces root');
  if (!(root instanceof Uint8Array)) throw new MetainfoError('ERR_METAINFO_PIECES_ROOT', `${what} has no pieces root`);
  if (root.length !== HASH_LENGTH) {
    throw new MetainfoError(
      'ERR_METAINFO_PIECES_ROOT',
      `the pieces root of ${what} has ${HASH_LENGTH} bytes, not ${root.length}`,
    );
  }
  // What padding is hashed to: a program that forgot to hash.
  if (root.every((byte) => byte === 0)) {
    throw new MetainfoError('ERR_METAINFO_PIECES_ROOT', `the pieces root of ${what} is all zeros`);
  }
  return root;
}

function faulty(message: string): MetainfoError {
  return new MetainfoError('ERR_METAINFO_FILE_TREE', message);
}
