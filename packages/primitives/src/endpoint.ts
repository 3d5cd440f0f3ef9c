// An address and a port, as text `1.2.3.4:6881` or `[2001:db8::1]:6881`, and in the compact forms of BEPs 23 and 7.
import { PrimitivesError } from './errors.ts';
import { formatIp, normalizeIp, parseIPv4, parseIPv6 } from './ip.ts';

/** Where a peer listens. `host` is IPv4 or IPv6 text, or a name where the place that takes it allows names. */
export interface Endpoint {
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
}

/** `host:port`, IPv6 in brackets. */
export function formatEndpoint(endpoint: Endpoint): string {
  return endpoint.host.includes(':') ? `[${endpoint.host}]:${endpoint.port}` : `${endpoint.host}:${endpoint.port}`;
}

/** Reads `host:port`; IP addresses come out canonical. Throws ERR_ENDPOINT for anything else, port 0 included. */
export function parseEndpoint(text: string): Endpoint {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] !== undefined ? normalizeIp(match[1]) : match?.[2];
  if (!host || port < 1 || port > 65_535) {
    throw new PrimitivesError('ERR_ENDPOINT', `not HOST:PORT: ${JSON.stringify(text.slice(0, 80))}`);
  }
  return { host: normalizeIp(host) ?? host, port };
}

/** Reads compact endpoints, 6 bytes each for IPv4 (BEP 23), 18 for IPv6 (BEP 7). Throws ERR_COMPACT_LENGTH on a rest. */
export function decodeCompact(bytes: Uint8Array, family: 4 | 6): Endpoint[] {
  const size = family === 4 ? 6 : 18;
  if (bytes.length % size !== 0) {
    throw new PrimitivesError(
      'ERR_COMPACT_LENGTH',
      `compact IPv${family} peers: ${bytes.length} is no multiple of ${size}`,
    );
  }
  const endpoints: Endpoint[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const host = formatIp(bytes.subarray(at, at + size - 2));
    const port = ((bytes[at + size - 2] as number) << 8) | (bytes[at + size - 1] as number);
    endpoints.push({ host: normalizeIp(host) ?? host, port });
  }
  return endpoints;
}

/** The compact form of those endpoints that are of the family; names and the other family are left out. */
export function encodeCompact(endpoints: readonly Endpoint[], family: 4 | 6): Uint8Array {
  const size = family === 4 ? 6 : 18;
  const parse = family === 4 ? parseIPv4 : parseIPv6;
  const bytes = new Uint8Array(endpoints.length * size);
  let at = 0;
  for (const { host, port } of endpoints) {
    const address = parse(host);
    if (!address) continue;
    bytes.set(address, at);
    bytes[at + size - 2] = port >> 8;
    bytes[at + size - 1] = port & 0xff;
    at += size;
  }
  return bytes.subarray(0, at);
}
