// A growing run of bytes. Doubles, so that n bytes cost O(n) copies.

const TEXT = new TextEncoder();

export class ByteSink {
  #bytes: Uint8Array = new Uint8Array(256);
  #length = 0;

  /** Characters up to 0x7f. */
  ascii(text: string): void {
    this.#reserve(text.length);
    for (let i = 0; i < text.length; i++) this.#bytes[this.#length++] = text.charCodeAt(i);
  }

  /** A byte string. */
  string(bytes: Uint8Array): void {
    this.ascii(`${bytes.length}:`);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** A byte string: the text's UTF-8. Throws TypeError for a lone surrogate, which UTF-8 cannot say. */
  text(text: string): void {
    if (LONE_SURROGATE.test(text)) throw new TypeError(`text with half a surrogate pair: ${JSON.stringify(text)}`);
    this.string(TEXT.encode(text));
  }

  /** What was written. The sink is not used after this. */
  take(): Uint8Array {
    return this.#bytes.length - this.#length > this.#length
      ? this.#bytes.slice(0, this.#length)
      : this.#bytes.subarray(0, this.#length);
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

const LONE_SURROGATE = /\p{Surrogate}/u;
