// An IP address as 32-bit words, the form in which addresses are compared, hashed and stored here: one word for IPv4, four
// for IPv6. Text is parsed by hand where it is IPv4: that happens with every datagram.
import { formatIp, normalizeIp, parseIPv6 } from '@shoal/primitives';

/** Room for one address. */
export type HostWords = Int32Array<ArrayBuffer>;

export function newHostWords(): HostWords {
  return new Int32Array(4);
}

/** Fills `words` (the first for IPv4, mapped or not; all four for IPv6) and answers the family; 0 where it is no address. */
export function readHost(text: string, words: HostWords): 0 | 4 | 6 {
  if (readIPv4(text, words)) return 4;
  const bytes = text.includes(':') ? parseIPv6(text.replace(/%.*$/, '')) : undefined;
  if (!bytes) return 0;
  for (let word = 0; word < 4; word++) words[word] = wordAt(bytes, 4 * word);
  if (words[0] !== 0 || words[1] !== 0 || words[2] !== 0xffff) return 6;
  words[0] = words[3] as number;
  return 4;
}

/** Dotted text without leading zeros, as `parseIPv4` of the primitives has it. */
function readIPv4(text: string, words: HostWords): boolean {
  const length = text.length;
  if (length < 7 || length > 15) return false;
  let [word, value, digits, dots] = [0, 0, 0, 0];
  for (let at = 0; at < length; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit >= 0 && digit <= 9) {
      if (digits > 0 && value === 0) return false;
      value = value * 10 + digit;
      if (++digits > 3 || value > 255) return false;
    } else {
      if (digit !== DOT || digits === 0 || ++dots > 3) return false;
      word = (word << 8) | value;
      value = digits = 0;
    }
  }
  if (dots !== 3 || digits === 0) return false;
  words[0] = (word << 8) | value;
  return true;
}

const DOT = 0x2e - 0x30;

/** The canonical text of an address, as `normalizeIp`; what is IPv4 text is canonical already. */
export function canonicalHost(text: string): string | undefined {
  return readIPv4(text, scratch) ? text : normalizeIp(text);
}

const scratch = newHostWords();

/** Canonical text of one word (IPv4) or four. */
export function formatWords(words: ArrayLike<number>, at: number, count: 1 | 4): string {
  const bytes = new Uint8Array(4 * count);
  for (let word = 0; word < count; word++) putWord(bytes, 4 * word, words[at + word] as number);
  return formatIp(bytes);
}

/** Four bytes, big-endian, as a signed word. */
export function wordAt(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

export function putWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
}

/** A 32-bit mix that a stranger who does not know `seed` cannot steer (a murmur-like finish over each word). */
export function mixWords(a: number, b: number, c: number, d: number, seed: number): number {
  let hash = Math.imul(a ^ seed, 0x9e3779b1);
  hash = Math.imul((hash ^ (hash >>> 15)) + b, 0x85ebca77);
  hash = Math.imul((hash ^ (hash >>> 13)) + c, 0xc2b2ae3d);
  hash = Math.imul((hash ^ (hash >>> 16)) + d, 0x27d4eb2f);
  hash = Math.imul(hash ^ (hash >>> 15) ^ seed, 0x165667b1);
  return (hash ^ (hash >>> 16)) >>> 0;
}
