// A set of pieces that can be intersected 32 at a time. Bits lie as in a BitTorrent bitfield (BEP 3), high bit first;
// the 32-bit view is only ever ANDed against another set's, so the machine's byte order does not matter. The spare bits
// past the last piece stay zero, and `count` equals the number of set bits.
import type { Bitfield } from '@shoal/primitives';

/** A set of piece indices in [0, length), for internal use: indices are not checked. */
export class PieceSet {
  readonly length: number;
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  #count = 0;

  constructor(length: number) {
    this.length = length;
    this.#words = new Uint32Array(Math.ceil(length / 32));
    this.#bytes = new Uint8Array(this.#words.buffer);
  }

  get count(): number {
    return this.#count;
  }

  /** Becomes a copy of `field`. */
  assign(field: Bitfield): void {
    this.#bytes.set(field.toBytes());
    this.#count = field.count;
  }

  clear(): void {
    this.#bytes.fill(0);
    this.#count = 0;
  }

  /** Becomes the set of all pieces. */
  fill(): void {
    const whole = this.length >> 3;
    this.#bytes.fill(0xff, 0, whole);
    if ((this.length & 7) !== 0) this.#bytes[whole] = 0xff00 >> (this.length & 7);
    this.#count = this.length;
  }

  has(piece: number): boolean {
    return ((this.#bytes[piece >> 3] as number) & (0x80 >> (piece & 7))) !== 0;
  }

  /** Answers whether the piece was new. */
  add(piece: number): boolean {
    if (this.has(piece)) return false;
    (this.#bytes[piece >> 3] as number) |= 0x80 >> (piece & 7);
    this.#count++;
    return true;
  }

  /** Answers whether the piece was there. */
  delete(piece: number): boolean {
    if (!this.has(piece)) return false;
    (this.#bytes[piece >> 3] as number) &= ~(0x80 >> (piece & 7));
    this.#count--;
    return true;
  }

  /** The lowest piece of both sets that is not below `from`, -1 if there is none. `from` is at most `length`. */
  nextCommon(other: PieceSet, from: number): number {
    let piece = from;
    for (; (piece & 31) !== 0; piece++) if (this.has(piece) && other.has(piece)) return piece;
    const words = this.#words.length;
    for (let word = piece >> 5; word < words; word++) {
      if (((this.#words[word] as number) & (other.#words[word] as number)) === 0) continue;
      for (piece = word * 32; ; piece++) if (this.has(piece) && other.has(piece)) return piece;
    }
    return -1;
  }

  /** Visits every piece of both sets once, beginning at the 32 pieces around `from` and going round. */
  visitCommon(other: PieceSet, from: number, visit: (piece: number) => void): void {
    if (this.#count === 0 || other.#count === 0) return;
    const words = this.#words.length;
    const first = (from >> 5) % words;
    for (let step = 0; step < words; step++) {
      const word = first + step < words ? first + step : first + step - words;
      if (((this.#words[word] as number) & (other.#words[word] as number)) === 0) continue;
      for (let byte = word * 4; byte < word * 4 + 4; byte++) {
        const common = (this.#bytes[byte] as number) & (other.#bytes[byte] as number);
        for (let bit = 0; bit < 8; bit++) if ((common & (0x80 >> bit)) !== 0) visit(byte * 8 + bit);
      }
    }
  }
}
