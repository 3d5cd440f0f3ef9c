// The values of options, checked where they enter: what comes out is right, or the run ends with status 2.
import { type HttpAddress, parseHttpAddress } from '@shoal/http-service/address';
import { parseEndpoint, parseUrl as readUrl } from '@shoal/primitives';
import { InvalidArgumentError } from 'commander';

/** A TCP port; 0 lets the system choose. */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  return port;
}

/** More than 0 seconds, a fraction allowed; at most 24 days, as far as timers go. */
export function parseSeconds(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds > 0 && seconds <= 2_000_000)) {
    throw new InvalidArgumentError('Give a number of seconds from above 0 to 2000000.');
  }
  return seconds;
}

/** 1 second to a day. */
export function parseWholeSeconds(text: string): number {
  const seconds = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds >= 1 && seconds <= 86_400)) {
    throw new InvalidArgumentError('Give a whole number of seconds from 1 to 86400.');
  }
  return seconds;
}

/** Of a page on our own server. */
export function parsePath(text: string): string {
  if (!/^\/[\w./~-]{1,100}$/.test(text) || /^\/(announce|scrape|metrics)$/.test(text)) {
    throw new InvalidArgumentError('A path begins with / and is none of /announce, /scrape, /metrics.');
  }
  return text;
}

/** Bytes a second: `500000`, `500K`, `1.5M`, `1MiB`, at least 1024. */
export function parseRate(text: string): number {
  const match = /^(\d{1,12}(?:\.\d+)?)([KMG]?)(?:iB|B)?(?:\/s)?$/i.exec(text);
  const rate = match ? Number(match[1]) * 2 ** (UNIT_SHIFT[(match[2] ?? '').toUpperCase()] as number) : Number.NaN;
  if (!(rate >= 1_024)) throw new InvalidArgumentError('A rate is bytes a second from 1K up, such as 500K or 2M.');
  return Math.floor(rate);
}

/** Bytes given for each byte taken. */
export function parseRatio(text: string): number {
  const ratio = /^\d{1,6}(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(ratio >= 0)) throw new InvalidArgumentError('A ratio is a number from 0 up, such as 1.5.');
  return ratio;
}

const UNIT_SHIFT: Readonly<Record<string, number>> = { '': 0, K: 10, M: 20, G: 30 };
const SMALLEST_PIECE = 2 ** 14;
const LARGEST_PIECE = 2 ** 28;

/** Bytes: `262144`, `256K`, `1M`, `1MiB`. A power of two from 16 KiB to 256 MiB. */
export function parsePieceLength(text: string): number {
  const match = /^(\d{1,12})([KM]?)(?:iB|B)?$/i.exec(text);
  const bytes = match ? Number(match[1]) * 2 ** (UNIT_SHIFT[(match[2] ?? '').toUpperCase()] as number) : Number.NaN;
  if (!(bytes >= SMALLEST_PIECE && bytes <= LARGEST_PIECE) || !Number.isInteger(Math.log2(bytes))) {
    throw new InvalidArgumentError('A piece length is a power of two from 16K to 256M.');
  }
  return bytes;
}

/** `HOST:PORT`, `[IPV6]:PORT`; the host may be a name. */
export function parsePeer(text: string): string {
  try {
    parseEndpoint(text);
  } catch {
    throw new InvalidArgumentError('A peer is HOST:PORT, with IPv6 addresses in brackets.');
  }
  return text;
}

/** Where to serve: `PORT`, `HOST:PORT`, `[IPV6]:PORT`. */
export function parseHttp(text: string): HttpAddress {
  const address = parseHttpAddress(text);
  if (!address) throw new InvalidArgumentError('Give HOST:PORT or PORT.');
  return address;
}

export function parseTrackerUrl(text: string): string {
  return parseUrl(text, ['http:', 'https:', 'udp:', 'ws:', 'wss:'], 'A tracker');
}

export function parseWebSeedUrl(text: string): string {
  return parseUrl(text, ['http:', 'https:'], 'A web seed');
}

function parseUrl(text: string, schemes: readonly string[], what: string): string {
  const url = readUrl(text);
  if (url === undefined || url.hostname === '' || !schemes.includes(url.protocol)) {
    throw new InvalidArgumentError(`${what} is a URL that begins with ${schemes.join(', ')}.`);
  }
  return text;
}
