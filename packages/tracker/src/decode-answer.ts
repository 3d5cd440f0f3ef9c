// Reading what an HTTP tracker answers. Everything in it is a stranger's: figures are clamped, addresses checked, lists
// capped, words made printable. Only TrackerError is thrown.
import { type BencodeDict, BencodeError, type BencodeValue, decode, isDict, keyFromBytes } from '@shoal/bencode';
import { decodeCompact, type Endpoint, formatEndpoint, formatIp, normalizeIp } from '@shoal/primitives';
import type { AnnounceResponse, ScrapeCounts } from './announce.ts';
import { TrackerError } from './errors.ts';
import { wordsOf } from './words.ts';

/** What is made of a tracker's figures. */
export interface AnswerLimits {
  /** Seconds; a shorter interval is lengthened to it. Default 60. */
  readonly minInterval: number;
  /** Seconds; a longer one is shortened to it. Default one day. */
  readonly maxInterval: number;
  /** Peers of one answer, the first ones. Default 2000. */
  readonly maxPeers: number;
  /** Bytes of the answer, after inflating. Default 2 MiB. */
  readonly maxBytes: number;
}

/** Seconds, peers and bytes that hold unless told otherwise. */
export const DEFAULT_ANSWER_LIMITS: AnswerLimits = {
  minInterval: 60,
  maxInterval: 86_400,
  maxPeers: 2_000,
  maxBytes: 2 * 1024 * 1024,
};

/** Seconds; where an answer names no interval. */
const DEFAULT_INTERVAL = 1_800;
/** A tracker that says more than this to be told again is not worth the bytes of each announce. */
const MAX_TRACKER_ID = 512;

/**
 * Reads the answer to an announce: BEP 3, peers compact (BEPs 23 and 7), as dictionaries, or both; BEPs 24 and 31.
 * Throws TrackerError: ERR_TRACKER_FAILURE with the tracker's reason, ERR_TRACKER_MALFORMED, ERR_TRACKER_SIZE.
 */
export function decodeAnnounce(bytes: Uint8Array, limits: Partial<AnswerLimits> = {}): AnnounceResponse {
  const { minInterval, maxInterval, maxPeers, maxBytes } = { ...DEFAULT_ANSWER_LIMITS, ...limits };
  const answer = decodeAnswer(bytes, maxBytes);
  const floor = clampInterval(seconds(answer.get('min interval')), 0, maxInterval);
  const interval = clampInterval(seconds(answer.get('interval')) ?? DEFAULT_INTERVAL, minInterval, maxInterval);
  return {
    interval: Math.max(interval as number, floor ?? 0),
    minInterval: floor,
    seeders: count(answer.get('complete')),
    leechers: count(answer.get('incomplete')),
    peers: collectPeers(answer, maxPeers),
    warning: wordsOf(answer.get('warning message')),
    trackerId: trackerIdOf(answer.get('tracker id')),
    externalIp: ipOf(answer.get('external ip')),
  };
}

/**
 * Reads the answer to a scrape (BEP 48): for each info-hash asked for, in order, its counts, or null where the tracker
 * does not know it. Throws as `decodeAnnounce` does.
 */
export function decodeScrape(
  bytes: Uint8Array,
  infoHashes: readonly Uint8Array[],
  limits: Partial<AnswerLimits> = {},
): (ScrapeCounts | null)[] {
  const answer = decodeAnswer(bytes, limits.maxBytes ?? DEFAULT_ANSWER_LIMITS.maxBytes);
  const files = answer.get('files');
  if (!isDict(files)) throw malformed('a scrape without a dictionary of files');
  return infoHashes.map((infoHash) => {
    const file = files.get(keyFromBytes(infoHash));
    if (!isDict(file)) return null;
    return {
      seeders: count(file.get('complete')) ?? 0,
      leechers: count(file.get('incomplete')) ?? 0,
      completed: count(file.get('downloaded')) ?? 0,
      downloaders: count(file.get('downloaders')),
    };
  });
}

/** Whether the body is a tracker's dictionary at all: some say their reason under a status such as 403. */
export function decodeFailure(bytes: Uint8Array): TrackerError | undefined {
  try {
    decodeAnswer(bytes, DEFAULT_ANSWER_LIMITS.maxBytes);
  } catch (error) {
    if (error instanceof TrackerError && error.code === 'ERR_TRACKER_FAILURE') return error;
  }
  return undefined;
}

function decodeAnswer(bytes: Uint8Array, maxBytes: number): BencodeDict {
  if (bytes.length > maxBytes) {
    throw new TrackerError('ERR_TRACKER_SIZE', `an answer of ${bytes.length} bytes, at most ${maxBytes} are read`);
  }
  let answer: BencodeValue;
  try {
    answer = decode(bytes, { limits: { size: maxBytes, depth: 10, tokens: 200_000 } });
  } catch (error) {
    if (!(error instanceof BencodeError)) throw error;
    throw malformed(looksLikeHtml(bytes) ? 'a web page' : error.message, error);
  }
  if (!isDict(answer)) throw malformed('no dictionary');
  const failure = answer.get('failure reason');
  if (failure !== undefined) {
    const reason = wordsOf(failure) ?? 'it gives no readable reason';
    throw new TrackerError('ERR_TRACKER_FAILURE', `the tracker refuses: ${reason}`, {
      retryAfter: retryOf(answer.get('retry in')),
    });
  }
  return answer;
}

function malformed(what: string, cause?: unknown): TrackerError {
  return new TrackerError('ERR_TRACKER_MALFORMED', `not a tracker's answer: ${what}`, { cause });
}

function looksLikeHtml(bytes: Uint8Array): boolean {
  return /^\s*</.test(keyFromBytes(bytes.subarray(0, 32)));
}

/** Minutes, or `never` (BEP 31, whose own examples write the number as a string). */
function retryOf(value: BencodeValue | undefined): number | null {
  const text = value instanceof Uint8Array ? keyFromBytes(value.subarray(0, 20)).trim() : undefined;
  if (text === 'never') return Number.POSITIVE_INFINITY;
  const minutes = text === undefined ? value : /^\d{1,9}$/.test(text) ? Number(text) : undefined;
  return typeof minutes === 'number' && minutes > 0 ? Math.min(minutes * 60, Number.MAX_SAFE_INTEGER) : null;
}

function seconds(value: BencodeValue | undefined): number | null {
  if (typeof value === 'bigint') return value < 0n ? 0 : Number.MAX_SAFE_INTEGER;
  return typeof value === 'number' ? value : null;
}

function clampInterval(value: number | null, from: number, to: number): number | null {
  return value === null ? null : Math.max(from, Math.min(to, value));
}

function count(value: BencodeValue | undefined): number | null {
  return typeof value === 'number' && value >= 0 ? value : null;
}

function trackerIdOf(value: BencodeValue | undefined): string | null {
  if (!(value instanceof Uint8Array) || value.length === 0 || value.length > MAX_TRACKER_ID) return null;
  return keyFromBytes(value);
}

/** BEP 24 wants 4 or 16 bytes; some trackers write text. */
function ipOf(value: BencodeValue | undefined): string | null {
  if (!(value instanceof Uint8Array)) return null;
  if (value.length === 4 || value.length === 16) {
    const text = formatIp(value);
    return normalizeIp(text) ?? text;
  }
  return normalizeIp(keyFromBytes(value.subarray(0, 64))) ?? null;
}

function collectPeers(answer: BencodeDict, maxPeers: number): Endpoint[] {
  const peers = new Map<string, Endpoint>();
  for (const [key, family] of [
    ['peers', 4],
    ['peers6', 6],
  ] as const) {
    for (const peer of peersIn(answer.get(key), key, family, maxPeers)) {
      if (peers.size >= maxPeers) break;
      if (isDialable(peer)) peers.set(formatEndpoint(peer), peer);
    }
  }
  return [...peers.values()];
}

function* peersIn(
  value: BencodeValue | undefined,
  key: string,
  family: 4 | 6,
  maxPeers: number,
): IterableIterator<Endpoint> {
  if (value === undefined) return;
  if (value instanceof Uint8Array) {
    const size = family === 4 ? 6 : 18;
    if (value.length % size !== 0) {
      throw malformed(`${key} of ${value.length} bytes, a multiple of ${size} expected`);
    }
    yield* decodeCompact(value.subarray(0, size * maxPeers), family);
    return;
  }
  if (!Array.isArray(value)) throw malformed(`${key} is neither a string nor a list`);
  for (const item of value) {
    if (!isDict(item)) continue;
    const ip = item.get('ip');
    const port = item.get('port');
    // A name would make us ask the DNS on a stranger's word, so addresses only.
    const host = ip instanceof Uint8Array ? normalizeIp(keyFromBytes(ip.subarray(0, 64))) : undefined;
    if (host !== undefined && typeof port === 'number') yield { host, port };
  }
}

/** Not port 0, not the unspecified address, not multicast or broadcast: nobody can be there. */
export function isDialable({ host, port }: Endpoint): boolean {
  if (port < 1 || port > 65_535) return false;
  if (host.includes(':')) return host !== '::' && !host.startsWith('ff');
  const first = Number(host.slice(0, host.indexOf('.')));
  return first !== 0 && first < 224;
}
