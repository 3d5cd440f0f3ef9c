// The values of options, from text, each checked where it enters. Throws ValueError with what was expected.
import { isIP } from 'node:net';
import { type HttpAddress, parseHttpAddress } from '@shoal/http-service';
import { formatEndpoint, normalizeIp, parseEndpoint, parseUrl } from '@shoal/primitives';
import { parseTrackerUrl } from '@shoal/tracker';

/** What is wrong with a value, without the value and without where it came from: `not HOST:PORT`. */
export class ValueError extends Error {
  override readonly name = 'ValueError';
}

export function parseHttp(text: string): HttpAddress {
  const parsed = parseHttpAddress(text);
  if (!parsed) throw new ValueError('not HOST:PORT');
  return parsed;
}

/** 0: chosen by the system. */
export function parsePort(text: string): number {
  return whole(text, 0, 65_535, 'a port is a number from 0 to 65535');
}

export function parseAddress(text: string): string {
  if (isIP(text) === 0) throw new ValueError('not an IP address');
  return normalizeIp(text) ?? text;
}

/** Without a slash at its end. */
export function parsePublicUrl(text: string): string {
  const url = parseUrl(text);
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.search !== '' || url.hash !== '') {
    throw new ValueError('not an http or https URL without query and fragment');
  }
  if (url.username !== '' || url.password !== '') throw new ValueError('it must not hold a password');
  return url.href.replace(/\/+$/, '');
}

export function parseTracker(text: string): string {
  try {
    parseTrackerUrl(text);
  } catch {
    throw new ValueError('not the URL of a tracker: http, https or udp');
  }
  return text;
}

/** Of a DHT node; the host may be a name. */
export function parseNode(text: string): string {
  try {
    return formatEndpoint(parseEndpoint(text));
  } catch {
    throw new ValueError('not HOST:PORT');
  }
}

export function parsePath(text: string): string {
  if (text === '' || text.includes('\0')) throw new ValueError('not a path');
  return text;
}

/** Bytes a second: `500000`, `500K`, `1.5M`, `2G`. */
export function parseRate(text: string): number {
  const match = /^(\d{1,12}(?:\.\d+)?)([KMG]?)(?:iB|B)?(?:\/s)?$/i.exec(text);
  const shift = { K: 10, M: 20, G: 30 }[(match?.[2] ?? '').toUpperCase()] ?? 0;
  const rate = match ? Math.floor(Number(match[1]) * 2 ** shift) : Number.NaN;
  if (!(rate >= 1_024)) throw new ValueError('a rate is bytes a second from 1K up, such as 500K or 2M');
  return rate;
}

export function parseCount(text: string): number {
  return whole(text, 1, 100_000, 'not a whole number from 1 to 100000');
}

/** Seconds with a fraction, as milliseconds; 0 as well. At most a day. */
export function parseSeconds(text: string): number {
  const seconds = /^\d{1,5}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds <= 86_400)) throw new ValueError('not a number of seconds from 0 to 86400');
  return Math.round(seconds * 1_000);
}

/** As `parseSeconds`, from 1 s: each round looks at every file. */
export function parseInterval(text: string): number {
  const ms = parseSeconds(text);
  if (ms < 1_000) throw new ValueError('not a number of seconds from 1 to 86400');
  return ms;
}

/** Nobody guesses 16 characters at the rate at which HTTP is answered, so that guesses need not be counted. */
export function parseToken(text: string): string {
  if (!/^[\x21-\x7e]{16,256}$/.test(text)) {
    throw new ValueError(
      'a token has 16 to 256 visible ASCII characters and no spaces (openssl rand -hex 24 makes one)',
    );
  }
  return text;
}

function whole(text: string, least: number, most: number, words: string): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) throw new ValueError(words);
  return value;
}
