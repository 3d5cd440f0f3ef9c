// Node ids and the space they live in: 160 bits, distance by XOR (BEP 5), and the tie between an id and the address of who
// bears it (BEP 42).
import { crc32c, parseIPv4, parseIPv6 } from '@shoal/primitives';
import { isLocalAddress } from './addresses.ts';

/** Bytes of a node id and of everything that is looked up. */
export const ID_LENGTH = 20;

const MASK_4: readonly number[] = [0x03, 0x0f, 0x3f, 0xff];
const MASK_6: readonly number[] = [0x01, 0x03, 0x07, 0x0f, 0x1f, 0x3f, 0x7f, 0xff];

/** Negative where `a` is nearer to `target` than `b`, positive where it is farther, 0 where they are the same. */
export function compareDistance(target: Uint8Array, a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < ID_LENGTH; i++) {
    const left = a[i] as number;
    const right = b[i] as number;
    if (left !== right) return (left ^ (target[i] as number)) - (right ^ (target[i] as number));
  }
  return 0;
}

/** How many leading bits two ids share, 0 to 160. */
export function commonPrefix(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < ID_LENGTH; i++) {
    const difference = (a[i] as number) ^ (b[i] as number);
    if (difference !== 0) return 8 * i + Math.clz32(difference) - 24;
  }
  return 8 * ID_LENGTH;
}

/** A random id which shares exactly `bits` leading bits with `id`; `random` answers random bytes. 160 bits is `id` itself. */
export function idNear(id: Uint8Array, bits: number, random: (length: number) => Uint8Array): Uint8Array {
  const near = Uint8Array.from(random(ID_LENGTH));
  if (bits >= 8 * ID_LENGTH) return Uint8Array.from(id);
  const byte = bits >> 3;
  near.set(id.subarray(0, byte));
  const kept = (0xff00 >> (bits & 7)) & 0xff;
  const flip = 0x80 >> (bits & 7);
  const own = id[byte] as number;
  near[byte] = (own & kept) | (~own & flip) | ((near[byte] as number) & ~kept & ~flip & 0xff);
  return near;
}

/**
 * An id for the node at an address (BEP 42): its first 21 bits come from the address and three of the bits of `random(20)`,
 * the rest is random. Throws RangeError for what is no IP address.
 */
export function nodeIdFor(host: string, random: (length: number) => Uint8Array): Uint8Array {
  const id = Uint8Array.from(random(ID_LENGTH));
  const crc = addressHash(host, (id[ID_LENGTH - 1] as number) & 7);
  if (crc === undefined) throw new RangeError(`not an IP address: ${JSON.stringify(host.slice(0, 80))}`);
  id[0] = crc >>> 24;
  id[1] = crc >>> 16;
  id[2] = ((crc >>> 8) & 0xf8) | ((id[2] as number) & 7);
  return id;
}

/** Whether an id may be borne at an address (BEP 42). Local addresses are exempt: any id will do. */
export function isNodeIdFor(id: Uint8Array, host: string): boolean {
  if (isLocalAddress(host)) return true;
  const crc = addressHash(host, (id[ID_LENGTH - 1] as number) & 7);
  if (crc === undefined) return false;
  const first = ((id[0] as number) << 16) | ((id[1] as number) << 8) | (id[2] as number);
  return ((crc >>> 8) ^ first) >>> 3 === 0;
}

function addressHash(host: string, r: number): number | undefined {
  const address = parseIPv4(host) ?? parseIPv6(host)?.subarray(0, 8);
  if (address === undefined) return undefined;
  const mask = address.length === 4 ? MASK_4 : MASK_6;
  const masked = address.map((byte, index) => byte & (mask[index] as number));
  masked[0] = (masked[0] as number) | (r << 5);
  return crc32c(masked);
}
