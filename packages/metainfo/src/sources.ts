// Where a torrent says its data and peers are to be found: trackers (BEPs 3, 12), web seeds (BEP 19), DHT nodes (BEP 5).
// None of it is part of the info dictionary, so what is unusable is dropped with a warning.
import { type BencodeDict, type BencodeValue, textOf } from '@shoal/bencode';
import { type Endpoint, normalizeIp, parseUrl } from '@shoal/primitives';
import { quoted } from './text.ts';
import type { Warnings } from './warnings.ts';

const TRACKER_SCHEMES: readonly string[] = ['http:', 'https:', 'udp:', 'ws:', 'wss:'];
const WEB_SEED_SCHEMES: readonly string[] = ['http:', 'https:'];
/** Entries of each kind that are used. */
const MAX_ENTRIES = 1_000;
/** Characters of one URL. */
const MAX_URL = 4_096;

/** The tiers of `announce-list`, or of `announce` where that holds no usable URL. No URL twice. */
export function readAnnounce(torrent: BencodeDict, warnings: Warnings): string[][] {
  const urls = new UrlReader('tracker', warnings);
  const list = torrent.get('announce-list');
  const tiers: string[][] = [];
  if (Array.isArray(list)) {
    // Some programs write the URLs without the tiers around them.
    for (const tier of list) {
      const usable = urls.readAll(Array.isArray(tier) ? tier : [tier]);
      if (usable.length > 0) tiers.push(usable);
    }
  } else if (list !== undefined) {
    warnings.add('announce-list is not a list: ignored');
  }
  if (tiers.length > 0) return tiers;
  const announce = torrent.get('announce');
  const usable = announce === undefined ? [] : urls.readAll([announce]);
  return usable.length > 0 ? [usable] : [];
}

/** The URLs of `url-list`, which is a string or a list of strings. */
export function readWebSeeds(torrent: BencodeDict, warnings: Warnings): string[] {
  const list = torrent.get('url-list');
  if (list === undefined) return [];
  return new UrlReader('web seed', warnings).readAll(Array.isArray(list) ? list : [list]);
}

/** The `nodes`: lists of a host and a port. */
export function readNodes(torrent: BencodeDict, warnings: Warnings): Endpoint[] {
  const list = torrent.get('nodes');
  if (list === undefined) return [];
  const nodes: Endpoint[] = [];
  for (const entry of Array.isArray(list) ? list : []) {
    if (nodes.length === MAX_ENTRIES) break;
    const [first, port] = Array.isArray(entry) ? entry : [];
    const text = textOf(first) ?? '';
    const host = normalizeIp(text) ?? (HOST_NAME.test(text) ? text : undefined);
    if (host !== undefined && typeof port === 'number' && port >= 1 && port <= 65_535) nodes.push({ host, port });
    else warnings.add(`a DHT node that is no host and port is ignored: ${quoted(text)}`);
  }
  return nodes;
}

/** Why a URL cannot be used as one of these schemes, or undefined where it can. */
export function urlFault(url: string, kind: 'tracker' | 'web seed'): string | undefined {
  const schemes = kind === 'tracker' ? TRACKER_SCHEMES : WEB_SEED_SCHEMES;
  if (url.length > MAX_URL) return `is longer than ${MAX_URL} characters`;
  const parsed = parseUrl(url);
  if (!parsed) return 'is no URL';
  const { protocol, hostname } = parsed;
  if (!schemes.includes(protocol)) return `is none of ${schemes.join(' ')}`;
  return hostname === '' ? 'has no host' : undefined;
}

class UrlReader {
  readonly #kind: 'tracker' | 'web seed';
  readonly #warnings: Warnings;
  readonly #seen = new Set<string>();

  constructor(kind: 'tracker' | 'web seed', warnings: Warnings) {
    this.#kind = kind;
    this.#warnings = warnings;
  }

  readAll(values: readonly BencodeValue[]): string[] {
    const usable: string[] = [];
    for (const value of values) {
      if (this.#seen.size >= MAX_ENTRIES) {
        this.#warnings.add(`only the first ${MAX_ENTRIES} ${this.#kind} URLs are used`);
        break;
      }
      const text = textOf(value)?.trim() ?? '';
      // An empty string is how some programs say that there is none.
      if (text === '' && value instanceof Uint8Array && value.length === 0) continue;
      const fault = urlFault(text, this.#kind);
      if (fault !== undefined) {
        this.#warnings.add(`the ${this.#kind} ${quoted(text)} ${fault}: ignored`);
        continue;
      }
      // Anything but printable ASCII goes through the URL parser, which spells look-alike hosts out.
      const url = PRINTABLE_ASCII.test(text) ? text : new URL(text).href;
      if (this.#seen.has(url)) continue;
      this.#seen.add(url);
      usable.push(url);
    }
    return usable;
  }
}

const PRINTABLE_ASCII = /^[\u0021-\u007e]+$/;
export const HOST_NAME: RegExp = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252})$/;
