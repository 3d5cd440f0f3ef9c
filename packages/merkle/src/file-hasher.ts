// The root and piece layer of a file that streams by. Holds one leaf's bytes, the hashes of one piece's leaves folded as they come
// (one a level), and the piece layer so far: 32 bytes for each piece.
import { HASH_LENGTH, LEAF_LENGTH, pieceLevel, treeHeight } from './geometry.ts';
import { rootOf } from './layers.ts';
import { padHash, type Sha256 } from './pad-hashes.ts';

/** A file's hashes, as a torrent of version 2 holds them. */
export interface HashedFile {
  /** Bytes. */
  readonly length: number;
  /** The `pieces root`; null for an empty file. */
  readonly root: Uint8Array | null;
  /** Empty where the file fits into one piece. */
  readonly pieceLayer: Uint8Array;
}

/** Hashes a file that arrives in parts of any length, and keeps no more of it than its piece layer (BEP 52). */
export class FileHasher {
  readonly #sha256: Sha256;
  readonly #pieceLevel: number;
  /** The bytes of a leaf that is not whole yet. */
  readonly #partial: Uint8Array = new Uint8Array(LEAF_LENGTH);
  #partialLength = 0;
  #length = 0;
  /** `#open[l]` is a node of level l whose right sibling is still to come. */
  #open: (Uint8Array | undefined)[] = [];
  /** Leaves of the piece under way. */
  #leaves = 0;
  #layer: Uint8Array = new Uint8Array(8 * HASH_LENGTH);
  #pieces = 0;
  readonly #pair: Uint8Array = new Uint8Array(2 * HASH_LENGTH);
  #isDone = false;

  /** Throws RangeError for a piece length that is no power of two from 16 KiB. */
  constructor(pieceLength: number, sha256: Sha256) {
    this.#pieceLevel = pieceLevel(pieceLength);
    this.#sha256 = sha256;
  }

  /** The file's next bytes; they are not kept. */
  update(bytes: Uint8Array): void {
    if (this.#isDone) throw new TypeError('the file has ended');
    this.#length += bytes.length;
    let at = 0;
    if (this.#partialLength > 0) {
      at = Math.min(bytes.length, LEAF_LENGTH - this.#partialLength);
      this.#partial.set(bytes.subarray(0, at), this.#partialLength);
      this.#partialLength += at;
      if (this.#partialLength < LEAF_LENGTH) return;
      this.#partialLength = 0;
      this.#addLeaf(this.#sha256(this.#partial));
    }
    for (; bytes.length - at >= LEAF_LENGTH; at += LEAF_LENGTH) {
      this.#addLeaf(this.#sha256(bytes.subarray(at, at + LEAF_LENGTH)));
    }
    this.#partial.set(bytes.subarray(at));
    this.#partialLength = bytes.length - at;
  }

  /** The next leaves, hashed elsewhere, of a file whose bytes so far are whole leaves. `length` is what they cover, in bytes. */
  updateLeaves(leaves: Uint8Array, length: number): void {
    if (this.#isDone || this.#partialLength > 0 || this.#length % LEAF_LENGTH !== 0) {
      throw new TypeError('leaves follow whole leaves, before the file has ended');
    }
    if (leaves.length !== Math.ceil(length / LEAF_LENGTH) * HASH_LENGTH) {
      throw new RangeError(`${length} bytes are not covered by ${leaves.length} bytes of hashes`);
    }
    this.#length += length;
    for (let at = 0; at < leaves.length; at += HASH_LENGTH) this.#addLeaf(leaves.slice(at, at + HASH_LENGTH));
  }

  /** What the file comes to. The hasher is not used after this. */
  end(): HashedFile {
    if (this.#isDone) throw new TypeError('the file has ended');
    if (this.#partialLength > 0) this.#addLeaf(this.#sha256(this.#partial.subarray(0, this.#partialLength)));
    this.#isDone = true;
    const length = this.#length;
    if (this.#pieces === 0) {
      const root = this.#leaves === 0 ? null : this.#fold(treeHeight(this.#leaves));
      return { length, root, pieceLayer: new Uint8Array(0) };
    }
    if (this.#leaves > 0) this.#addPiece(this.#fold(this.#pieceLevel));
    const layer = this.#layer.slice(0, this.#pieces * HASH_LENGTH);
    const root = rootOf(layer, this.#sha256, { level: this.#pieceLevel });
    return { length, root, pieceLayer: this.#pieces > 1 ? layer : new Uint8Array(0) };
  }

  #addLeaf(leaf: Uint8Array): void {
    let node = leaf;
    let level = 0;
    for (let left = this.#open[level]; left !== undefined; left = this.#open[level]) {
      this.#open[level++] = undefined;
      node = this.#join(left, node);
    }
    this.#open[level] = node;
    if (++this.#leaves === 2 ** this.#pieceLevel) this.#addPiece(node);
  }

  /** The node of `height` over the leaves of the piece under way, filled up with padding. */
  #fold(height: number): Uint8Array {
    let node: Uint8Array | undefined;
    for (let level = 0; level < height; level++) {
      const left = this.#open[level];
      if (left !== undefined) node = this.#join(left, node ?? padHash(level, this.#sha256));
      else if (node !== undefined) node = this.#join(node, padHash(level, this.#sha256));
    }
    // Without one, the leaves were a power of two and are folded already.
    return node ?? (this.#open[height] as Uint8Array);
  }

  #addPiece(hash: Uint8Array): void {
    const at = this.#pieces * HASH_LENGTH;
    if (at === this.#layer.length) {
      const grown = new Uint8Array(2 * at);
      grown.set(this.#layer);
      this.#layer = grown;
    }
    this.#layer.set(hash, at);
    this.#pieces++;
    this.#leaves = 0;
    this.#open = [];
  }

  #join(left: Uint8Array, right: Uint8Array): Uint8Array {
    this.#pair.set(left);
    this.#pair.set(right, HASH_LENGTH);
    return this.#sha256(this.#pair);
  }
}
