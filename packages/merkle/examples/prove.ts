import { createHash } from 'node:crypto';
import { FileHasher, LEAF_LENGTH, leafLayer, MerkleTree, verifyPieceLayer, verifyProof } from '@shoal/merkle';

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

/** Hashes a file as it streams by, checks its piece layer, and proves two of its blocks to somebody who knows the root alone. */
export async function run(): Promise<{ pieces: number; layerIsRight: boolean; blocksAreRight: boolean }> {
  const file = new Uint8Array(5 * LEAF_LENGTH + 100).fill(7);
  const pieceLength = 2 * LEAF_LENGTH;

  const hasher = new FileHasher(pieceLength, sha256);
  for (let at = 0; at < file.length; at += 10_000) hasher.update(file.subarray(at, at + 10_000));
  const { root, pieceLayer, length } = hasher.end();
  if (root === null) throw new Error('an empty file has no root');

  const tree = new MerkleTree(leafLayer(file, sha256), sha256);
  const proof = tree.proof({ level: 0, index: 2, count: 2 });
  return {
    pieces: pieceLayer.length / root.length,
    layerIsRight: verifyPieceLayer({ layer: pieceLayer, root, length, pieceLength }, sha256),
    blocksAreRight: verifyProof(proof, { root, height: tree.height }, sha256),
  };
}
