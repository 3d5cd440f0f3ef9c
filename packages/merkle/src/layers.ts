// From bytes to leaves, from one layer to the next, and up to the root (BEP 52). Hashes past the end of a file are
// never stored: they are what `padHash` says.
import { HASH_LENGTH, hashCount, LEAF_LENGTH, leafCount, treeHeight } from './geometry.ts';
import { padHash, type Sha256 } from './pad-hashes.ts';

/** The leaves of a file's bytes, or of a part that begins at a multiple of 16 KiB. */
export function leafLayer(bytes: Uint8Array, sha256: Sha256): Uint8Array {
  const count = leafCount(bytes.length);
  const layer = new Uint8Array(count * HASH_LENGTH);
  for (let leaf = 0; leaf < count; leaf++) {
    layer.set(sha256(bytes.subarray(leaf * LEAF_LENGTH, (leaf + 1) * LEAF_LENGTH)), leaf * HASH_LENGTH);
  }
  return layer;
}

/** The layer above one that stands on `level`. */
export function parentLayer(layer: Uint8Array, level: number, sha256: Sha256): Uint8Array {
  const count = hashCount(layer);
  const parents = new Uint8Array(Math.ceil(count / 2) * HASH_LENGTH);
  const pair = 2 * HASH_LENGTH;
  for (let at = 0; at < layer.length; at += pair) {
    const hash = sha256(
      at + pair <= layer.length ? layer.subarray(at, at + pair) : withPad(layer.subarray(at), level, sha256),
    );
    parents.set(hash, at / 2);
  }
  return parents;
}

/** How a layer stands in its tree. */
export interface RootOptions {
  /** Where the layer stands; 0, the leaves, unless told otherwise. */
  readonly level?: number;
  /** Levels from the leaves to the root that is wanted; the least that covers the layer, unless told otherwise. */
  readonly height?: number;
}

/**
 * The root above a layer. A piece's hash in the piece layer of its file is the root of the piece's leaves with the height
 * `pieceLevel(pieceLength)`. Throws RangeError for an empty layer, and for a height that the layer does not fit under.
 */
export function rootOf(layer: Uint8Array, sha256: Sha256, options: RootOptions = {}): Uint8Array {
  const count = hashCount(layer);
  if (count === 0) throw new RangeError('no tree stands on no hashes: an empty file has no root');
  const { level = 0 } = options;
  const least = level + treeHeight(count);
  const height = options.height ?? least;
  if (height < least)
    throw new RangeError(`${count} hashes on level ${level} need a height of ${least}, not ${height}`);
  // Also refuses levels and heights that cannot be.
  padHash(level, sha256);
  padHash(height, sha256);
  let top = layer;
  for (let at = level; at < height; at++) top = parentLayer(top, at, sha256);
  return top === layer ? layer.slice() : top;
}

function withPad(left: Uint8Array, level: number, sha256: Sha256): Uint8Array {
  const pair = new Uint8Array(2 * HASH_LENGTH);
  pair.set(left);
  pair.set(padHash(level, sha256), HASH_LENGTH);
  return pair;
}
