// Version 2 and hybrid torrents for tests, with true roots and layers: `v2Of({ 'a/b': 40_000 })` has a file of that many bytes of noise.
import { type BencodeInput, encode } from '@shoal/bencode';
import { FileHasher } from '@shoal/merkle';
import { nodeDigests } from '../src/node/index.ts';

type Tree = { [key: string]: BencodeInput };
type Members = { readonly [key: string]: BencodeInput | undefined };

export const PIECE = 32_768;

export function noise(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

interface Parts {
  readonly tree: Tree;
  readonly layers: Map<string, Uint8Array>;
  /** The data with padding between, for the v1 half. */
  readonly data: Uint8Array;
  readonly list: Members[];
}

export function partsOf(files: Readonly<Record<string, number>>): Parts {
  const tree: Tree = {};
  const layers = new Map<string, Uint8Array>();
  const list: Members[] = [];
  const data: Uint8Array[] = [];
  for (const [path, length] of Object.entries(files)) {
    const bytes = noise(length, length + path.length);
    const hasher = new FileHasher(PIECE, nodeDigests.sha256);
    hasher.update(bytes);
    const { root, pieceLayer } = hasher.end();
    if (root && pieceLayer.length > 0) layers.set(Buffer.from(root).toString('latin1'), pieceLayer);
    let folder = tree;
    for (const component of path.split('/')) {
      folder[component] ??= {};
      folder = folder[component] as Tree;
    }
    folder[''] = { length, ...(root && { 'pieces root': root }) };
    const filled = data.reduce((sum, part) => sum + part.length, 0) % PIECE;
    if (length > 0 && filled > 0) {
      list.push({ attr: 'p', length: PIECE - filled, path: ['.pad', String(PIECE - filled)] });
      data.push(new Uint8Array(PIECE - filled));
    }
    list.push({ length, path: path.split('/') });
    data.push(bytes);
  }
  return { tree, layers, data: Buffer.concat(data), list };
}

function piecesOf(data: Uint8Array): Uint8Array {
  const hashes: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += PIECE) hashes.push(nodeDigests.sha1(data.subarray(at, at + PIECE)));
  return Buffer.concat(hashes);
}

export interface Changes {
  readonly info?: Members;
  readonly layers?: BencodeInput | undefined;
  readonly [key: string]: unknown;
}

/** A torrent of version 2 alone; files in the order of the tree. */
export function v2Of(files: Readonly<Record<string, number>>, changes: Changes = {}): Uint8Array {
  const { tree, layers } = partsOf(files);
  const info = { name: 'top', 'meta version': 2, 'piece length': PIECE, 'file tree': tree, ...changes.info };
  return encode({ info, 'piece layers': 'layers' in changes ? changes.layers : layers } as BencodeInput);
}

/** A hybrid of the same files. */
export function hybridOf(files: Readonly<Record<string, number>>, changes: Changes = {}): Uint8Array {
  const { list, data } = partsOf(files);
  return v2Of(files, { ...changes, info: { files: list as BencodeInput, pieces: piecesOf(data), ...changes.info } });
}
