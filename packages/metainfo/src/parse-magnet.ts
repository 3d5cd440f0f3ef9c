// From a magnet link to what it says. Wrong hashes and selections are errors, for they decide what is downloaded; trackers,
// web seeds and peers that cannot be used are dropped with a warning. Limits hold before anything is decoded.
import { fromHex, InfoHash, normalizeIp, PrimitivesError, parseEndpoint } from '@shoal/primitives';
import { MetainfoError } from './errors.ts';
import type { FileRange, Magnet } from './magnet.ts';
import { HOST_NAME, urlFault } from './sources.ts';
import { plainText, quoted } from './text.ts';
import { Warnings } from './warnings.ts';

/** Characters of a link; browsers and shells carry no more. */
const MAX_LENGTH = 64 * 1024;
/** Entries of each kind that are used. */
const MAX_ENTRIES = 200;
/** Ranges in `so`. */
const MAX_RANGES = 1_000;
/** No torrent within our limits has as many files. */
const MAX_FILE_INDEX = 2_000_000;
/** Characters of a name. */
const MAX_NAME = 1_000;

/** SHA-256, 32 bytes (multihash). */
const MULTIHASH = '1220';

export interface ParsedMagnet extends Magnet {
  /** What was odd but tolerated, in words. */
  readonly warnings: readonly string[];
}

/** Reads a magnet link (BEPs 9, 53). Throws MetainfoError with one of the ERR_MAGNET codes. */
export function parseMagnet(text: string): ParsedMagnet {
  const warnings = new Warnings();
  const params = splitParams(text);
  const { infoHash, infoHashV2 } = readTopics(params.get('xt') ?? []);
  const urls = (key: string, kind: 'tracker' | 'web seed'): string[] => readUrls(params.get(key) ?? [], kind, warnings);
  return {
    infoHash,
    infoHashV2,
    name: readName(params.get('dn') ?? []),
    announce: urls('tr', 'tracker').map((url) => [url]),
    webSeeds: urls('ws', 'web seed'),
    // Of the many things `xs` names elsewhere, the URL of a .torrent is what there is a use for.
    sources: readUrls(
      (params.get('xs') ?? []).filter((value) => /^https?:/i.test(value)),
      'web seed',
      warnings,
    ),
    peers: readPeers(params.get('x.pe') ?? [], warnings),
    select: readSelection(params.get('so') ?? []),
    warnings: warnings.take(),
  };
}

/** The values by their keys, decoded; `tr.1` counts as `tr`. */
function splitParams(text: string): Map<string, string[]> {
  if (text.length > MAX_LENGTH) {
    throw new MetainfoError(
      'ERR_MAGNET_SIZE',
      `a magnet link has at most ${MAX_LENGTH} characters, not ${text.length}`,
    );
  }
  const trimmed = text.trim();
  const match = /^magnet:\?/i.exec(trimmed);
  if (!match) throw new MetainfoError('ERR_MAGNET_SYNTAX', `not a magnet link: ${quoted(text)}`);
  const params = new Map<string, string[]>();
  for (const param of trimmed.slice(match[0].length).split('&')) {
    const equals = param.indexOf('=');
    if (equals < 0) continue;
    // Links copied out of HTML have `&amp;` between their parameters.
    const key = param
      .slice(0, equals)
      .toLowerCase()
      .replace(/^amp;/, '')
      .replace(/\.\d+$/, '');
    const value = percentDecoded(param.slice(equals + 1), key === 'dn');
    const values = params.get(key);
    if (values) values.push(value);
    else params.set(key, [value]);
  }
  return params;
}

function readTopics(topics: readonly string[]): { infoHash: InfoHash | null; infoHashV2: InfoHash | null } {
  let infoHash: InfoHash | null = null;
  let infoHashV2: InfoHash | null = null;
  for (const topic of topics) {
    const match = /^urn:(btih|btmh):(.*)$/i.exec(topic);
    // Links may name the same thing for other networks.
    if (!match) continue;
    const digits = match[2] as string;
    if (match[1]?.toLowerCase() === 'btih') infoHash = onlyOne(infoHash, v1Hash(digits));
    else infoHashV2 = onlyOne(infoHashV2, v2Hash(digits));
  }
  if (infoHash === null && infoHashV2 === null) {
    throw new MetainfoError('ERR_MAGNET_TOPIC', 'the magnet link names no torrent: it has no urn:btih and no urn:btmh');
  }
  return { infoHash, infoHashV2 };
}

function onlyOne(known: InfoHash | null, hash: InfoHash): InfoHash {
  if (known === null || known.equals(hash)) return hash;
  throw new MetainfoError('ERR_MAGNET_TOPIC', `the magnet link names two torrents: ${known.hex} and ${hash.hex}`);
}

function v1Hash(digits: string): InfoHash {
  const bytes = digits.length === 32 ? fromBase32(digits) : fromHex(digits);
  if (bytes?.length === 20) return new InfoHash(bytes);
  throw new MetainfoError(
    'ERR_MAGNET_TOPIC',
    `urn:btih is 40 hexadecimal digits or 32 of base 32, not ${quoted(digits)}`,
  );
}

function v2Hash(digits: string): InfoHash {
  const bytes = digits.toLowerCase().startsWith(MULTIHASH) ? fromHex(digits.slice(MULTIHASH.length)) : undefined;
  if (bytes?.length === 32) return new InfoHash(bytes);
  throw new MetainfoError(
    'ERR_MAGNET_TOPIC',
    `urn:btmh is ${MULTIHASH} and 64 hexadecimal digits (SHA-256), not ${quoted(digits)}`,
  );
}

/** RFC 4648, without padding; of 32 digits, which are 20 bytes. */
function fromBase32(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(20);
  let bits = 0;
  let value = 0;
  let at = 0;
  for (const character of text.toUpperCase()) {
    const digit = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(character);
    if (digit < 0) return undefined;
    value = ((value << 5) | digit) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = value >>> bits;
    }
  }
  return bytes;
}

function readName(names: readonly string[]): string | null {
  const name = plainText((names[0] ?? '').slice(0, MAX_NAME)).trim();
  return name === '' ? null : name;
}

function readUrls(values: readonly string[], kind: 'tracker' | 'web seed', warnings: Warnings): string[] {
  const urls = new Set<string>();
  for (const value of values) {
    const text = value.trim();
    if (text === '') continue;
    const fault = urlFault(text, kind);
    if (fault !== undefined) warnings.add(`the ${kind} ${quoted(text)} ${fault}: ignored`);
    else if (urls.size < MAX_ENTRIES) urls.add(/^[\u0021-\u007e]+$/.test(text) ? text : new URL(text).href);
    else warnings.add(`only the first ${MAX_ENTRIES} URLs of each kind are used`);
  }
  return [...urls];
}

function readPeers(values: readonly string[], warnings: Warnings): { host: string; port: number }[] {
  const peers = new Map<string, { host: string; port: number }>();
  for (const value of values) {
    const peer = endpointOf(value);
    if (peer === undefined) warnings.add(`the peer ${quoted(value)} is no host and port: ignored`);
    else if (peers.size < MAX_ENTRIES) peers.set(`${peer.host} ${peer.port}`, peer);
    else warnings.add(`only the first ${MAX_ENTRIES} peers are used`);
  }
  return [...peers.values()];
}

function endpointOf(text: string): { host: string; port: number } | undefined {
  try {
    const { host, port } = parseEndpoint(text);
    const address = normalizeIp(host);
    if (address !== undefined) return { host: address, port };
    return HOST_NAME.test(host) ? { host, port } : undefined;
  } catch (error) {
    if (error instanceof PrimitivesError) return undefined;
    throw error;
  }
}

/** BEP 53, as ranges that are never spelled out: `0-1999999` costs no more than `0`. */
function readSelection(values: readonly string[]): FileRange[] | null {
  const ranges: FileRange[] = [];
  for (const value of values) {
    for (const part of value.split(',')) {
      if (part.trim() === '') continue;
      const match = /^(\d{1,7})(?:-(\d{1,7}))?$/.exec(part.trim());
      const first = Number(match?.[1]);
      const last = Number(match?.[2] ?? match?.[1]);
      if (!match || last < first || last > MAX_FILE_INDEX) {
        throw new MetainfoError(
          'ERR_MAGNET_SELECT',
          `a selection is file numbers and ranges up to ${MAX_FILE_INDEX}, such as 0,2,6-8; not ${quoted(part)}`,
        );
      }
      if (ranges.length === MAX_RANGES) {
        throw new MetainfoError('ERR_MAGNET_SELECT', `a selection has at most ${MAX_RANGES} ranges`);
      }
      ranges.push({ first, last });
    }
  }
  return ranges.length === 0 ? null : merged(ranges);
}

function merged(ranges: FileRange[]): FileRange[] {
  const apart: FileRange[] = [];
  for (const { first, last } of ranges.sort((a, b) => a.first - b.first)) {
    const before = apart.at(-1);
    if (before === undefined || first > before.last + 1) apart.push({ first, last });
    else if (last > before.last) apart[apart.length - 1] = { first: before.first, last };
  }
  return apart;
}

const LENIENT = new TextDecoder('utf-8', { ignoreBOM: true });
const UTF8 = new TextEncoder();

/** Never throws: a stray `%` stays, bytes that are no UTF-8 become U+FFFD. */
function percentDecoded(text: string, plusIsSpace: boolean): string {
  const spaced = plusIsSpace ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  const from = UTF8.encode(spaced);
  const bytes = new Uint8Array(from.length);
  let length = 0;
  for (let at = 0; at < from.length; at++) {
    const byte = from[at] as number;
    const high = byte === 0x25 ? hexDigit(from[at + 1]) : -1;
    const low = high >= 0 ? hexDigit(from[at + 2]) : -1;
    if (low >= 0) at += 2;
    bytes[length++] = low >= 0 ? high * 16 + low : byte;
  }
  return LENIENT.decode(bytes.subarray(0, length));
}

function hexDigit(code: number | undefined): number {
  return code === undefined ? -1 : '0123456789abcdef'.indexOf(String.fromCharCode(code).toLowerCase());
}
