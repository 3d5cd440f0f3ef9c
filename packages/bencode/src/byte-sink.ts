// A growing run of bytes. Doubles, so that n bytes cost O(n) copies. Begins in memory that all sinks share one after the
// other: most documents are small, and only what they come to is allocated.

const TEXT = new TextEncoder();
/** Characters up to which a loop beats a call into the engine; and bytes. */
const SHORT_TEXT = 48;
const SHORT = 16;

/** Undefined while a sink has it. */
let spare: Uint8Array | undefined = new Uint8Array(4_096);

export class ByteSink {
  #bytes: Uint8Array;
  #length = 0;

  constructor() {
    this.#bytes = spare ?? new Uint8Array(256);
    spare = undefined;
  }

  byte(byte: number): void {
    if (this.#length === this.#bytes.length) this.#grow(1);
    this.#bytes[this.#length++] = byte;
  }

  /** A whole number from 0 that is safe, or text of digits and signs. */
  digits(digits: number | string): void {
    if (typeof digits === 'number' && digits < 10) {
      this.byte(0x30 + digits);
      return;
    }
    if (typeof digits === 'number' && digits < 1e9) {
      this.#decimal(digits);
      return;
    }
    const text = String(digits);
    this.#reserve(text.length);
    for (let i = 0; i < text.length; i++) this.#bytes[this.#length++] = text.charCodeAt(i);
  }

  /** A whole number from 0 below 10^9: as text it would take twice as long. */
  #decimal(number: number): void {
    let length = 1;
    for (let bound = 10; number >= bound; bound *= 10) length++;
    this.#reserve(length);
    this.#length += length;
    for (let at = this.#length, rest = number | 0; length > 0; length--) {
      const tens = (rest / 10) | 0;
      this.#bytes[--at] = 0x30 + rest - tens * 10;
      rest = tens;
    }
  }

  /** A byte string. */
  string(bytes: Uint8Array): void {
    const { length } = bytes;
    this.digits(length);
    this.byte(0x3a /* : */);
    this.#reserve(length);
    if (length > SHORT) this.#bytes.set(bytes, this.#length);
    else for (let i = 0; i < length; i++) this.#bytes[this.#length + i] = bytes[i] as number;
    this.#length += length;
  }

  /** A byte string: the text's UTF-8. Throws TypeError for a lone surrogate, which UTF-8 cannot say. */
  text(text: string): void {
    if (text.length <= SHORT_TEXT && this.#characters(text, 0x7f) === undefined) return;
    if (LONE_SURROGATE.test(text)) throw new TypeError(`text with half a surrogate pair: ${JSON.stringify(text)}`);
    this.string(TEXT.encode(text));
  }

  /** A key: one byte a character. Throws TypeError for a character that is no byte. */
  key(key: string): void {
    const at = this.#characters(key, 0xff);
    if (at === undefined) return;
    throw new TypeError(
      `a key is spelled one character per byte: character ${at} of ${JSON.stringify(key)} is no byte`,
    );
  }

  /** What was written. The sink is not used after this. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length);
    this.drop();
    return taken;
  }

  /** Gives the memory back. The sink is not used after this. */
  drop(): void {
    if (this.#bytes.length === 4_096) spare = this.#bytes;
  }

  /** A byte string of characters up to `most`, one byte each; or nothing at all, and where the first character above stands. */
  #characters(text: string, most: number): number | undefined {
    const before = this.#length;
    this.digits(text.length);
    this.byte(0x3a /* : */);
    this.#reserve(text.length);
    const bytes = this.#bytes;
    const start = this.#length;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > most) {
        this.#length = before;
        return i;
      }
      bytes[start + i] = code;
    }
    this.#length = start + text.length;
    return undefined;
  }

  #reserve(more: number): void {
    if (this.#length + more > this.#bytes.length) this.#grow(more);
  }

  #grow(more: number): void {
    const grown = new Uint8Array(Math.max(this.#length + more, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.drop();
    this.#bytes = grown;
  }
}

const LONE_SURROGATE = /\p{Surrogate}/u;
