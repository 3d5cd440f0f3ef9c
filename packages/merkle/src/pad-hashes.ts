// What stands where a tree is wider than its file (BEP 52): zeros for a leaf, and above them the hashes of those.
import { HASH_LENGTH, MAX_HEIGHT } from './geometry.ts';

/** SHA-256 of some bytes: 32 bytes, a new array each time. It may not keep what it is given. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

const KNOWN = new WeakMap<Sha256, Uint8Array[]>();

/** The root of a tree of zero leaves, `level` levels above them. Kept for each digest; do not change it. */
export function padHash(level: number, sha256: Sha256): Uint8Array {
  if (!Number.isInteger(level) || level < 0 || level > MAX_HEIGHT) {
    throw new RangeError(`a tree has levels 0 to ${MAX_HEIGHT}, not ${level}`);
  }
  let hashes = KNOWN.get(sha256);
  if (hashes === undefined) {
    hashes = [new Uint8Array(HASH_LENGTH)];
    KNOWN.set(sha256, hashes);
  }
  while (hashes.length <= level) {
    const below = hashes.at(-1) as Uint8Array;
    const pair = new Uint8Array(2 * HASH_LENGTH);
    pair.set(below);
    pair.set(below, HASH_LENGTH);
    hashes.push(sha256(pair));
  }
  return hashes[level] as Uint8Array;
}
