// What an address says about who stands behind it: which are local, which can be sent to at all, which belong together.
import { type Endpoint, formatEndpoint, parseIPv6 } from '@shoal/primitives';

/** IPv4 or IPv6: each is a net of its own (BEP 32). */
export type Family = 4 | 6;

/** The family of canonical text. */
export function familyOf(host: string): Family {
  return host.includes(':') ? 6 : 4;
}

/** Networks nobody reaches from outside (BEP 42's list, and their IPv6 counterparts). Takes canonical text. */
export function isLocalAddress(host: string): boolean {
  if (familyOf(host) === 4) {
    const [a, b] = firstOctets(host);
    return (
      a === 10 || a === 127 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 169 && b === 254)
    );
  }
  const six = parseIPv6(host);
  if (!six) return false;
  const first = six[0] as number;
  if ((first & 0xfe) === 0xfc || (first === 0xfe && ((six[1] as number) & 0xc0) === 0x80)) return true;
  return six.subarray(0, 15).every((byte) => byte === 0) && six[15] === 1;
}

/** Without the checks of a parser: this is asked several times for each datagram. NaN for what is no IPv4 address. */
function firstOctets(host: string): [number, number] {
  const end = host.indexOf('.');
  return [Number(host.slice(0, end)), Number(host.slice(end + 1, host.indexOf('.', end + 1)))];
}

/** Whether a datagram may be sent there because a stranger says so: no port 0, nothing that is no single host. */
export function isDialable({ host, port }: Endpoint): boolean {
  if (!(port >= 1 && port <= 65_535)) return false;
  if (familyOf(host) === 4) {
    const [a] = firstOctets(host);
    return a > 0 && a < 224;
  }
  const six = parseIPv6(host);
  if (!six) return false;
  const isUnspecified = six.every((byte) => byte === 0);
  const isMapped = six.subarray(0, 10).every((byte) => byte === 0) && six[10] === 0xff && six[11] === 0xff;
  return !isUnspecified && !isMapped && six[0] !== 0xff;
}

/** What one person easily has many of: the /24 of an IPv4 address, the /64 of an IPv6 address, as a key. */
function subnetOf(host: string): string {
  if (familyOf(host) === 4) return host.slice(0, host.lastIndexOf('.'));
  const bytes = parseIPv6(host);
  return bytes ? bytes.subarray(0, 8).join(':') : host;
}

/**
 * Where there should be one node only: a subnet, since one person easily has many addresses of it. In a local network, which
 * nobody outside can pose in, each address and port.
 */
export function crowdOf(endpoint: Endpoint): string {
  return isLocalAddress(endpoint.host) ? formatEndpoint(endpoint) : subnetOf(endpoint.host);
}

/** Who pays for a flood: an IPv4 address, the /64 of an IPv6 address. */
export function payerOf(host: string): string {
  return familyOf(host) === 4 ? host : subnetOf(host);
}
