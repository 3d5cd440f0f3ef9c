// A file's tree from one level up, all layers kept: twice the bytes of the lowest. Answers hashes and proofs.
import { HASH_LENGTH, hashCount, treeHeight } from './geometry.ts';
import { parentLayer } from './layers.ts';
import { padHash, type Sha256 } from './pad-hashes.ts';
import { checkRange, type HashRange, type Proof } from './proof.ts';

/** The hash tree of one file (BEP 52), from its lowest known level up; answers hashes and their proofs. */
export class MerkleTree {
  /** The lowest level that is known: 0 with the leaves, more with a piece layer alone. */
  readonly level: number;
  /** The level of the root. */
  readonly height: number;
  readonly #layers: readonly Uint8Array[];
  readonly #sha256: Sha256;

  /** `layer` is not copied. Throws RangeError for an empty one. */
  constructor(layer: Uint8Array, sha256: Sha256, level = 0) {
    const count = hashCount(layer);
    if (count === 0) throw new RangeError('no tree stands on no hashes: an empty file has no root');
    const layers = [layer];
    this.level = level;
    this.height = level + treeHeight(count);
    padHash(this.height, sha256);
    for (let at = level; at < this.height; at++) layers.push(parentLayer(layers.at(-1) as Uint8Array, at, sha256));
    this.#layers = layers;
    this.#sha256 = sha256;
  }

  /** 32 bytes, a view. */
  get root(): Uint8Array {
    return this.#layers.at(-1) as Uint8Array;
  }

  /** The hashes of a level that the file reaches, a view. Throws RangeError for a level below `level` or above `height`. */
  layer(level: number): Uint8Array {
    const layer = this.#layers[level - this.level];
    if (layer === undefined) throw new RangeError(`level ${level} is outside [${this.level}, ${this.height}]`);
    return layer;
  }

  /** One hash, a view; past the file's end that of padding. Throws RangeError outside the tree. */
  hash(level: number, index: number): Uint8Array {
    const layer = this.layer(level);
    if (!Number.isInteger(index) || index < 0 || index >= 2 ** (this.height - level)) {
      throw new RangeError(`hash ${index} is outside [0, ${2 ** (this.height - level)}) on level ${level}`);
    }
    const at = index * HASH_LENGTH;
    return at < layer.length ? layer.subarray(at, at + HASH_LENGTH) : padHash(level, this.#sha256);
  }

  /**
   * A range of hashes and the uncles between them and the root, or as many as `proofLayers` asks for. That counts from the level above the
   * hashes, as in a `hash request`, although the first log2(count) - 1 need no uncle (BEP 52). Throws RangeError outside the tree.
   */
  proof(range: HashRange, proofLayers: number = Number.POSITIVE_INFINITY): Proof {
    checkRange(range);
    const { level, index, count } = range;
    // The last of them, before anything is allocated.
    this.hash(level, index + count - 1);
    const hashes = new Uint8Array(count * HASH_LENGTH);
    for (let each = 0; each < count; each++) hashes.set(this.hash(level, index + each), each * HASH_LENGTH);
    const top = level + Math.log2(count);
    const end = Math.min(this.height, level + 1 + proofLayers);
    const uncles = new Uint8Array(Math.max(0, end - top) * HASH_LENGTH);
    for (let at = top; at < end; at++) {
      const node = Math.floor(index / 2 ** (at - level));
      uncles.set(this.hash(at, node % 2 === 1 ? node - 1 : node + 1), (at - top) * HASH_LENGTH);
    }
    return { level, index, count, hashes, uncles };
  }
}
