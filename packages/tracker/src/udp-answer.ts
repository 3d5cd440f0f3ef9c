// The datagrams a UDP tracker answers with (BEP 15), both ways: a tracker encodes, a client decodes.
import { concatBytes, decodeCompact, type Endpoint, encodeCompact, formatEndpoint } from '@shoal/primitives';
import type { AnnounceResponse, ScrapeCounts } from './announce.ts';
import { type AnswerLimits, DEFAULT_ANSWER_LIMITS, isDialable } from './decode-answer.ts';
import { TrackerError } from './errors.ts';
import { ACTION } from './udp-request.ts';
import { wordsOf } from './words.ts';

/** What a client may receive. */
export type UdpAnswer =
  | {
      readonly action: 'connect';
      readonly transactionId: number /** 8 bytes, a copy. */;
      readonly connectionId: Uint8Array;
    }
  | { readonly action: 'announce'; readonly transactionId: number; readonly response: AnnounceResponse }
  | { readonly action: 'scrape'; readonly transactionId: number; readonly counts: readonly ScrapeCounts[] }
  | { readonly action: 'error'; readonly transactionId: number; readonly reason: string };

/** Action and transaction id, enough to find out whose a datagram is; undefined where it is too short for them. */
export function peekUdpAnswer(bytes: Uint8Array): { action: number; transactionId: number } | undefined {
  if (bytes.length < 8) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { action: view.getUint32(0), transactionId: view.getUint32(4) };
}

/** Writes the answer to a connect, 16 bytes (BEP 15). A connection id has 8 bytes: RangeError otherwise. */
export function encodeUdpConnectAnswer(transactionId: number, connectionId: Uint8Array): Uint8Array {
  if (connectionId.length !== 8) throw new RangeError(`a connection id has 8 bytes, not ${connectionId.length}`);
  return concatBytes([words(ACTION.connect, transactionId), connectionId]);
}

/** Peers of the other family are left out: the datagram's own family says how long an entry is. */
export function encodeUdpAnnounceAnswer(
  transactionId: number,
  answer: {
    readonly interval: number;
    readonly seeders: number;
    readonly leechers: number;
    readonly peers: readonly Endpoint[];
  },
  family: 4 | 6,
): Uint8Array {
  return concatBytes([
    words(ACTION.announce, transactionId, answer.interval, answer.leechers, answer.seeders),
    encodeCompact(answer.peers, family),
  ]);
}

/** Writes the answer to a scrape (BEP 15), the figures in the order of the question. */
export function encodeUdpScrapeAnswer(
  transactionId: number,
  counts: readonly Pick<ScrapeCounts, 'seeders' | 'completed' | 'leechers'>[],
): Uint8Array {
  const figures = counts.flatMap(({ seeders, completed, leechers }) => [seeders, completed, leechers]);
  return words(ACTION.scrape, transactionId, ...figures);
}

/** Writes a refusal (BEP 15); the reason goes out as UTF-8. */
export function encodeUdpError(transactionId: number, reason: string): Uint8Array {
  return concatBytes([words(ACTION.error, transactionId), new TextEncoder().encode(reason)]);
}

/**
 * Reads a tracker's datagram; `family` is that of its sender's address. Bytes past the last whole entry are left alone:
 * BEP 15 wants no exact sizes. Throws TrackerError ERR_TRACKER_MALFORMED, ERR_TRACKER_FAILURE for an empty answer.
 */
export function decodeUdpAnswer(bytes: Uint8Array, family: 4 | 6, limits: Partial<AnswerLimits> = {}): UdpAnswer {
  const head = peekUdpAnswer(bytes);
  if (!head) throw malformed(`a datagram of ${bytes.length} bytes, at least 8 expected`);
  const { action, transactionId } = head;
  switch (action) {
    case ACTION.connect:
      if (bytes.length < 16) throw malformed(`a connect of ${bytes.length} bytes, 16 expected`);
      return { action: 'connect', transactionId, connectionId: Uint8Array.from(bytes.subarray(8, 16)) };
    case ACTION.announce:
      return { action: 'announce', transactionId, response: decodeResponse(bytes, family, limits) };
    case ACTION.scrape:
      return { action: 'scrape', transactionId, counts: decodeCounts(bytes) };
    case ACTION.error:
      return { action: 'error', transactionId, reason: wordsOf(bytes.subarray(8)) ?? 'it gives no readable reason' };
    default:
      throw malformed(`action ${action}`);
  }
}

function decodeResponse(bytes: Uint8Array, family: 4 | 6, limits: Partial<AnswerLimits>): AnnounceResponse {
  // opentracker answers so where it does not list the torrent.
  if (bytes.length === 8) {
    const message = 'the tracker refuses: it answers with nothing, as for a torrent that is not on its list';
    throw new TrackerError('ERR_TRACKER_FAILURE', message);
  }
  if (bytes.length < 20) throw malformed(`an announce of ${bytes.length} bytes, at least 20 expected`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { minInterval, maxInterval, maxPeers } = { ...DEFAULT_ANSWER_LIMITS, ...limits };
  const size = family === 4 ? 6 : 18;
  const count = Math.min(maxPeers, Math.floor((bytes.length - 20) / size));
  const peers = new Map<string, Endpoint>();
  for (const peer of decodeCompact(bytes.subarray(20, 20 + size * count), family)) {
    if (isDialable(peer)) peers.set(formatEndpoint(peer), peer);
  }
  return {
    interval: Math.max(minInterval, Math.min(maxInterval, view.getUint32(8))),
    minInterval: null,
    leechers: view.getUint32(12),
    seeders: view.getUint32(16),
    peers: [...peers.values()],
    warning: null,
    trackerId: null,
    externalIp: null,
  };
}

function decodeCounts(bytes: Uint8Array): ScrapeCounts[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const counts: ScrapeCounts[] = [];
  for (let at = 8; at + 12 <= bytes.length; at += 12) {
    counts.push({
      seeders: view.getUint32(at),
      completed: view.getUint32(at + 4),
      leechers: view.getUint32(at + 8),
      downloaders: null,
    });
  }
  return counts;
}

function words(...values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  for (const [index, value] of values.entries()) view.setUint32(4 * index, value);
  return new Uint8Array(view.buffer);
}

function malformed(what: string): TrackerError {
  return new TrackerError('ERR_TRACKER_MALFORMED', `not a UDP tracker's answer: ${what}`);
}
