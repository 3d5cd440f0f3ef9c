// Hashes of one level with the uncles that lead from them to the root: what a `hash request` asks for and `hashes` answers
// (BEP 52). The first uncle stands beside the node above all the hashes, the next beside that node's parent, and so on.
import { HASH_LENGTH, MAX_HEIGHT } from './geometry.ts';
import { rootOf } from './layers.ts';
import type { Sha256 } from './pad-hashes.ts';
import { isSame } from './piece-layer.ts';

/** Which hashes: `count` from `index` on; `count` is a power of two and divides `index`. */
export interface HashRange {
  readonly level: number;
  readonly index: number;
  readonly count: number;
}

export interface Proof extends HashRange {
  /** All `count` of them, those past the file's end included. */
  readonly hashes: Uint8Array;
  /** From below to the root. */
  readonly uncles: Uint8Array;
}

/** Where a proof leads: the hash that one node of the tree has if the proof is right. */
export interface ProvenNode {
  readonly level: number;
  readonly index: number;
  readonly hash: Uint8Array;
}

/** Throws RangeError for a range that no hash request may have. */
export function checkRange({ level, index, count }: HashRange): void {
  if (!Number.isInteger(level) || level < 0 || level > MAX_HEIGHT) {
    throw new RangeError(`a tree has levels 0 to ${MAX_HEIGHT}, not ${level}`);
  }
  if (!Number.isSafeInteger(count) || count < 1 || !Number.isInteger(Math.log2(count))) {
    throw new RangeError(`a range of hashes is a power of two of them, not ${count}`);
  }
  if (!Number.isSafeInteger(index) || index < 0 || index % count !== 0) {
    throw new RangeError(`a range of ${count} hashes begins at a multiple of that, not at ${index}`);
  }
}

/** The node a proof leads to; undefined where it has not the hashes it says it has. Throws RangeError as `checkRange`. */
export function provenNode(proof: Proof, sha256: Sha256): ProvenNode | undefined {
  checkRange(proof);
  const { hashes, uncles, count } = proof;
  if (hashes.length !== count * HASH_LENGTH || uncles.length % HASH_LENGTH !== 0) return undefined;
  let level = proof.level + Math.log2(count);
  if (level + uncles.length / HASH_LENGTH > MAX_HEIGHT) return undefined;
  let index = proof.index / count;
  let hash = rootOf(hashes, sha256, { level: proof.level });
  const pair = new Uint8Array(2 * HASH_LENGTH);
  for (let at = 0; at < uncles.length; at += HASH_LENGTH) {
    const isRight = index % 2 === 1;
    pair.set(hash, isRight ? HASH_LENGTH : 0);
    pair.set(uncles.subarray(at, at + HASH_LENGTH), isRight ? 0 : HASH_LENGTH);
    hash = sha256(pair);
    index = Math.floor(index / 2);
    level++;
  }
  return { level, index, hash };
}

/** Whether a proof's hashes are those of the tree of this height under `root`. Throws RangeError as `checkRange`. */
export function verifyProof(
  proof: Proof,
  tree: { readonly root: Uint8Array; readonly height: number },
  sha256: Sha256,
): boolean {
  const node = provenNode(proof, sha256);
  return node !== undefined && node.level === tree.height && node.index === 0 && isSame(node.hash, tree.root);
}
