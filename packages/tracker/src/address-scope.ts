// Which addresses are reachable from everywhere, and which only from where we are (RFC 6890 and its registries).
import { parseIPv4, parseIPv6 } from '@shoal/primitives';

/** IPv4 prefixes that are not public: first address and length. */
const PRIVATE_FOUR: readonly (readonly [number, number])[] = [
  [0x00000000, 8], // this network
  [0x0a000000, 8], // private
  [0x64400000, 10], // shared, behind a provider's NAT
  [0x7f000000, 8], // loopback
  [0xa9fe0000, 16], // link-local
  [0xac100000, 12], // private
  [0xc0000000, 24], // protocol assignments
  [0xc0a80000, 16], // private
  [0xc6120000, 15], // benchmarks
  [0xe0000000, 3], // multicast, reserved, broadcast
];

/** Whether an address is loopback, private, link-local, multicast or no address at all: not one of the public internet. */
export function isPrivateAddress(ip: string): boolean {
  const four = parseIPv4(ip);
  if (four) return isPrivateFour(four);
  const six = parseIPv6(ip.replace(/%.*$/, ''));
  if (!six) return true;
  const [first = 0, second = 0] = six;
  const embedded = embeddedFour(six);
  if (embedded) return isPrivateFour(embedded);
  const isGlobal = (first & 0xe0) === 0x20;
  const isDocumentation = first === 0x20 && second === 0x01 && six[2] === 0x0d && six[3] === 0xb8;
  return !isGlobal || isDocumentation;
}

/** The IPv4 address that mapped, NAT64 and 6to4 addresses lead to. */
function embeddedFour(six: Uint8Array): Uint8Array | undefined {
  const startsWith = (...prefix: number[]): boolean => prefix.every((byte, index) => six[index] === byte);
  if (startsWith(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff)) return six.subarray(12);
  if (startsWith(0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0)) return six.subarray(12);
  if (startsWith(0x20, 0x02)) return six.subarray(2, 6);
  return undefined;
}

function isPrivateFour(bytes: Uint8Array): boolean {
  const address = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
  return PRIVATE_FOUR.some(([prefix, length]) => (address ^ prefix) >>> (32 - length) === 0);
}
