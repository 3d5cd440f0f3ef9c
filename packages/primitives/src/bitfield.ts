// One bit a piece, the high bit of the first byte first (BEP 3). `count` always equals the number of set bits.
import { PrimitivesError } from './errors.ts';

/** A set of piece indices in [0, length). */
export class Bitfield {
  /** How many pieces there are, set or not. */
  readonly length: number;
  readonly #bytes: Uint8Array;
  #count = 0;

  constructor(length: number) {
    if (!Number.isSafeInteger(length) || length < 0) throw new RangeError(`not a number of pieces: ${length}`);
    this.length = length;
    this.#bytes = new Uint8Array(Math.ceil(length / 8));
  }

  /**
   * Takes a copy of the wire form. Throws ERR_BITFIELD_LENGTH unless it has exactly the bytes `length` pieces need,
   * ERR_BITFIELD_SPARE_BITS where a bit past the last piece is set (BEP 3).
   */
  static fromBytes(bytes: Uint8Array, length: number): Bitfield {
    const field = new Bitfield(length);
    if (bytes.length !== field.#bytes.length) {
      throw new PrimitivesError(
        'ERR_BITFIELD_LENGTH',
        `a bitfield of ${length} pieces has ${field.#bytes.length} bytes, not ${bytes.length}`,
      );
    }
    field.#bytes.set(bytes);
    const used = length % 8;
    if (used !== 0 && ((bytes.at(-1) as number) & (0xff >> used)) !== 0) {
      throw new PrimitivesError('ERR_BITFIELD_SPARE_BITS', `a spare bit after piece ${length - 1} is set`);
    }
    for (const byte of bytes) field.#count += POPULATION[byte] as number;
    return field;
  }

  /** How many pieces are in the set. */
  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count === this.length;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Whether `piece` is in the set; false for anything outside [0, length). */
  has(piece: number): boolean {
    return piece >= 0 && piece < this.length && ((this.#bytes[piece >> 3] as number) & (0x80 >> (piece & 7))) !== 0;
  }

  /** Adds a piece; answers whether it was new. */
  set(piece: number): boolean {
    this.#check(piece);
    if (this.has(piece)) return false;
    (this.#bytes[piece >> 3] as number) |= 0x80 >> (piece & 7);
    this.#count++;
    return true;
  }

  /** Takes a piece out; answers whether it was there. */
  clear(piece: number): boolean {
    this.#check(piece);
    if (!this.has(piece)) return false;
    (this.#bytes[piece >> 3] as number) &= ~(0x80 >> (piece & 7));
    this.#count--;
    return true;
  }

  /** Adds every piece. */
  fill(): void {
    this.#bytes.fill(0xff);
    const used = this.length % 8;
    if (used !== 0) this.#bytes[this.#bytes.length - 1] = 0xff << (8 - used);
    this.#count = this.length;
  }

  clone(): Bitfield {
    const copy = new Bitfield(this.length);
    copy.#bytes.set(this.#bytes);
    copy.#count = this.#count;
    return copy;
  }

  /** The wire form, spare bits zero. A copy. */
  toBytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  /** The pieces in the set, ascending. */
  *[Symbol.iterator](): IterableIterator<number> {
    for (let byte = 0; byte < this.#bytes.length; byte++) {
      const bits = this.#bytes[byte] as number;
      if (bits === 0) continue;
      for (let bit = 0; bit < 8; bit++) if ((bits & (0x80 >> bit)) !== 0) yield byte * 8 + bit;
    }
  }

  #check(piece: number): void {
    if (!Number.isInteger(piece) || piece < 0 || piece >= this.length) {
      throw new RangeError(`piece ${piece} is outside [0, ${this.length})`);
    }
  }
}

const POPULATION: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  let bits = 0;
  for (let rest = byte; rest !== 0; rest >>= 1) bits += rest & 1;
  return bits;
});
