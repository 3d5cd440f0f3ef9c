// Addresses as 32-bit words, IPv4-mapped IPv6 as the IPv4 it stands for.
import { formatIp, parseIPv4, parseIPv6 } from '@shoal/primitives';

/** 1 word for IPv4, 4 for IPv6, the most significant first. */
export type Address = readonly number[];

/** An address in canonical or any other valid text, with or without a zone; undefined for anything else. */
export function parseAddress(text: string): Address | undefined {
  const bytes = parseIPv4(text) ?? parseIPv6(text.replace(/%.*$/, ''));
  return bytes && unmapped(wordsOf(bytes));
}

/** All the words of an IPv6 address, mapped or not. */
export function parseSix(text: string): Address | undefined {
  const bytes = parseIPv6(text);
  return bytes && wordsOf(bytes);
}

/** The one word of ::ffff:a.b.c.d; every other address stays as it is. */
export function unmapped(words: Address): Address {
  return isMapped(words) ? words.slice(3) : words;
}

export function isMapped(words: Address): boolean {
  return words.length === 4 && words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
}

export function formatAddress(words: Address): string {
  const view = new DataView(new ArrayBuffer(4 * words.length));
  for (const [index, word] of words.entries()) view.setUint32(4 * index, word);
  return formatIp(new Uint8Array(view.buffer));
}

function wordsOf(bytes: Uint8Array): Address {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 4 }, (_, index) => view.getUint32(4 * index));
}
