import { HASH_LENGTH, leafCount, pieceLayerCount, pieceLevel, treeHeight } from './geometry.ts';
import { rootOf } from './layers.ts';
import type { Sha256 } from './pad-hashes.ts';

/** What a torrent says of one file: to be checked against itself. */
export interface PieceLayerClaim {
  /** The hashes of the pieces, behind one another. */
  readonly layer: Uint8Array;
  /** The file's `pieces root`. */
  readonly root: Uint8Array;
  /** Bytes of the file. */
  readonly length: number;
  readonly pieceLength: number;
}

/**
 * Whether a piece layer is the one of a file with this root (BEP 52, "piece layers"): the right number of hashes, and the root above
 * them. A file that fits into one piece has no layer: false. Never throws for what the layer and the root hold.
 */
export function verifyPieceLayer({ layer, root, length, pieceLength }: PieceLayerClaim, sha256: Sha256): boolean {
  const count = pieceLayerCount(length, pieceLength);
  if (count === 0 || layer.length !== count * HASH_LENGTH || root.length !== HASH_LENGTH) return false;
  const height = treeHeight(leafCount(length));
  return isSame(rootOf(layer, sha256, { level: pieceLevel(pieceLength), height }), root);
}

export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
