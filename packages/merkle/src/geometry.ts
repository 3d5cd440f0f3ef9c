// How many hashes a file has on which level (BEP 52). Level 0 are the leaves, one for each 16 KiB of the file; the root stands
// on level `treeHeight`. A layer is the hashes of one level behind one another, without those that lie past the file's end.

/** Bytes under one leaf; the last leaf of a file may have fewer. */
export const LEAF_LENGTH = 16_384;

/** Bytes of a SHA-256 hash. */
export const HASH_LENGTH = 32;

/** No file of a safe number of bytes has a higher tree. */
export const MAX_HEIGHT = 39;

/** Leaves of a file of this many bytes; none of an empty one. */
export function leafCount(length: number): number {
  if (!Number.isSafeInteger(length) || length < 0) throw new RangeError(`not a number of bytes: ${length}`);
  return Math.ceil(length / LEAF_LENGTH);
}

/** Levels above the leaves: enough for the leaves to be filled up to a power of two. */
export function treeHeight(leaves: number): number {
  if (!Number.isSafeInteger(leaves) || leaves < 0 || leaves > 2 ** MAX_HEIGHT) {
    throw new RangeError(`a tree has from 0 to 2^${MAX_HEIGHT} leaves, not ${leaves}`);
  }
  let height = 0;
  for (let width = 1; width < leaves; width *= 2) height++;
  return height;
}

/** The level on which one hash covers a piece. Throws RangeError for a length that is no power of two from 16 KiB to 2^52. */
export function pieceLevel(pieceLength: number): number {
  let level = 0;
  let covered = LEAF_LENGTH;
  while (covered < pieceLength && level < MAX_HEIGHT) {
    covered *= 2;
    level++;
  }
  if (covered !== pieceLength) {
    throw new RangeError(`a piece length is a power of two from ${LEAF_LENGTH} bytes, not ${pieceLength}`);
  }
  return level;
}

/**
 * Hashes in the piece layer of a file: one a piece, and none where the file fits into one piece, for its root says the
 * same. Throws RangeError as `pieceLevel` and `leafCount` do.
 */
export function pieceLayerCount(length: number, pieceLength: number): number {
  const level = pieceLevel(pieceLength);
  return length <= pieceLength ? 0 : Math.ceil(leafCount(length) / 2 ** level);
}

/** How many hashes a layer holds. Throws RangeError for half ones. */
export function hashCount(layer: Uint8Array): number {
  if (layer.length % HASH_LENGTH !== 0) {
    throw new RangeError(`a layer is hashes of ${HASH_LENGTH} bytes, not ${layer.length} bytes`);
  }
  return layer.length / HASH_LENGTH;
}
