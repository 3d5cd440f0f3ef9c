// BEP 40: both ends of a possible connection compute the same priority from the two addresses, so that a swarm forms an
// even graph and nobody can buy a place by connecting often.
import { crc32c, type Endpoint, parseIPv4, parseIPv6 } from '@shoal/primitives';

/** Unsigned 32 bits; the higher is connected first. 0 where the two addresses are of different families or no IPs. */
export function peerPriority(a: Endpoint, b: Endpoint): number {
  const [one, other] = [bytesOf(a.host), bytesOf(b.host)];
  if (!one || one.length !== other?.length) return 0;
  if (one.every((byte, index) => byte === other[index])) return crc32c(sorted(portOf(a), portOf(b)));
  const masks = one.length === 4 ? IPV4_MASKS : IPV6_MASKS;
  // How much of the two networks is equal decides how much of the addresses counts: a whole subnet has one priority.
  const shared = masks.findLast(({ equal }) => one.subarray(0, equal).every((byte, index) => byte === other[index]));
  const { whole } = shared ?? (masks[0] as PriorityMask);
  return crc32c(sorted(masked(one, whole), masked(other, whole)));
}

/** With the first `equal` bytes in common, `whole` bytes count fully and of the rest every other bit. */
interface PriorityMask {
  readonly equal: number;
  readonly whole: number;
}

const IPV4_MASKS: readonly PriorityMask[] = [
  { equal: 0, whole: 2 },
  { equal: 2, whole: 3 },
  { equal: 3, whole: 4 },
];
const IPV6_MASKS: readonly PriorityMask[] = [
  { equal: 0, whole: 6 },
  ...Array.from({ length: 10 }, (_, index) => ({ equal: 6 + index, whole: 7 + index })),
];

function bytesOf(host: string): Uint8Array | undefined {
  return parseIPv4(host) ?? parseIPv6(host);
}

function portOf({ port }: Endpoint): Uint8Array {
  return Uint8Array.of(port >> 8, port & 0xff);
}

function masked(ip: Uint8Array, whole: number): Uint8Array {
  return ip.map((byte, index) => (index < whole ? byte : byte & 0x55));
}

function sorted(a: Uint8Array, b: Uint8Array): Uint8Array {
  const first = a.findIndex((byte, index) => byte !== b[index]);
  const [low, high] = first >= 0 && (a[first] as number) > (b[first] as number) ? [b, a] : [a, b];
  const joined = new Uint8Array(low.length + high.length);
  joined.set(low);
  joined.set(high, low.length);
  return joined;
}
