// Randomness that a seed decides: sfc32 (PractRand's small fast counter), 128 bits of state, never the platform's.

export interface SeededRandom {
  /** In [0, 1), 53 bits. */
  number(): number;
  bytes(length: number): Uint8Array;
  /** A whole number in [0, bound). */
  int(bound: number): number;
  /** An independent generator: what one host draws does not move what another draws. */
  fork(label: number | string): SeededRandom;
}

const TWO_TO_26 = 2 ** 26;
const TWO_TO_53 = 2 ** 53;

/** A generator for a seed; equal seeds give equal sequences on every machine. */
export function seededRandom(seed: number | string): SeededRandom {
  const name = String(seed);
  let a = hash(name, 0x9e3779b9);
  let b = hash(name, 0x243f6a88);
  let c = hash(name, 0xb7e15162);
  let counter = 1;

  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return sum >>> 0;
  };
  // The state needs a few rounds before near seeds have parted.
  for (let round = 0; round < 15; round++) next();

  const number = (): number => ((next() >>> 5) * TWO_TO_26 + (next() >>> 6)) / TWO_TO_53;

  return {
    number,
    bytes(length: number): Uint8Array {
      const bytes = new Uint8Array(length);
      let word = 0;
      for (let index = 0; index < length; index++) {
        if (index % 4 === 0) word = next();
        bytes[index] = word & 0xff;
        word >>>= 8;
      }
      return bytes;
    },
    int(bound: number): number {
      if (!Number.isSafeInteger(bound) || bound < 1) throw new RangeError(`bound ${bound} is not a positive integer`);
      return Math.floor(number() * bound);
    },
    fork(label: number | string): SeededRandom {
      return seededRandom(`${name}/${typeof label}:${label}`);
    },
  };
}

/** FNV-1a over the UTF-16 units, begun at `basis`, with a final mix so that short labels spread. */
function hash(text: string, basis: number): number {
  let value = basis | 0;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  value = Math.imul(value ^ (value >>> 16), 0x7feb352d);
  value = Math.imul(value ^ (value >>> 15), 0x846ca68b);
  return value ^ (value >>> 16);
}
