export { FileHasher, type HashedFile } from './file-hasher.ts';
export {
  HASH_LENGTH,
  LEAF_LENGTH,
  leafCount,
  MAX_HEIGHT,
  pieceLayerCount,
  pieceLevel,
  treeHeight,
} from './geometry.ts';
export { leafLayer, parentLayer, type RootOptions, rootOf } from './layers.ts';
export { MerkleTree } from './merkle-tree.ts';
export { padHash, type Sha256 } from './pad-hashes.ts';
export { type PieceLayerClaim, verifyPieceLayer } from './piece-layer.ts';
export { type HashRange, type Proof, type ProvenNode, provenNode, verifyProof } from './proof.ts';
