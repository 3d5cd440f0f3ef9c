// From how far away an address can be reached: what a peer says of its own neighbourhood means nothing outside it.
import { parseIPv4, parseIPv6 } from '@shoal/primitives';

/** Nowhere, this host, this link, this site, everywhere. */
export type Reach = 0 | 1 | 2 | 3 | 4;

/** First bytes, how many bits of them count, and the reach (RFC 6890). */
const FOUR: readonly (readonly [readonly number[], number, Reach])[] = [
  [[0], 8, 0],
  [[127], 8, 1],
  [[169, 254], 16, 2],
  [[10], 8, 3],
  [[100, 64], 10, 3],
  [[172, 16], 12, 3],
  [[192, 168], 16, 3],
  [[224], 3, 0],
];
const SIX: typeof FOUR = [
  [new Array<number>(15).fill(0).concat(1), 128, 1],
  [new Array<number>(16).fill(0), 128, 0],
  [[0xfe, 0x80], 10, 2],
  [[0xfc], 7, 3],
  [[0xff], 8, 0],
];

/** The reach of an IP address in canonical text; 0 for what is none. */
export function reachOf(host: string): Reach {
  const four = parseIPv4(host);
  const bytes = four ?? parseIPv6(host);
  if (!bytes) return 0;
  for (const [prefix, bits, reach] of four ? FOUR : SIX) if (startsWith(bytes, prefix, bits)) return reach;
  return 4;
}

function startsWith(bytes: Uint8Array, prefix: readonly number[], bits: number): boolean {
  for (let at = 0; at < bits; at += 8) {
    const shift = Math.max(0, 8 - (bits - at));
    if (((bytes[at >> 3] as number) ^ (prefix[at >> 3] as number)) >> shift !== 0) return false;
  }
  return true;
}
