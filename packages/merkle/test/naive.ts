// The tree of BEP 52 the slow way: all leaves up to a power of two, then pairs of them until one is left.
import { createHash } from 'node:crypto';

export function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}

/** All levels of the whole tree, from the leaves, of at least `2 ** atLeast` leaves. */
export function naiveTree(file: Uint8Array, atLeast = 0): Uint8Array[][] {
  const leaves: Uint8Array[] = [];
  for (let at = 0; at < file.length; at += 16_384) leaves.push(sha256(file.subarray(at, at + 16_384)));
  let width = 2 ** atLeast;
  while (width < leaves.length) width *= 2;
  while (leaves.length < width) leaves.push(new Uint8Array(32));
  const levels = [leaves];
  for (let below = leaves; below.length > 1; below = levels.at(-1) as Uint8Array[]) {
    const above: Uint8Array[] = [];
    for (let at = 0; at < below.length; at += 2) above.push(sha256(Buffer.concat(below.slice(at, at + 2))));
    levels.push(above);
  }
  return levels;
}

export function naiveRoot(file: Uint8Array): Uint8Array {
  return naiveTree(file).at(-1)?.[0] as Uint8Array;
}

/** One hash a piece; those past the end of the file left out. */
export function naivePieceLayer(file: Uint8Array, level: number): Uint8Array {
  if (file.length <= 16_384 * 2 ** level) return new Uint8Array(0);
  const layer = naiveTree(file, level)[level] as Uint8Array[];
  return Buffer.concat(layer.slice(0, Math.ceil(file.length / (16_384 * 2 ** level))));
}

/** Bytes that differ from block to block. */
export function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = 1;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}
