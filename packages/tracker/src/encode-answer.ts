// Writing what an HTTP tracker answers.
import { type BencodeInput, encode, keyBytes, keyFromBytes } from '@shoal/bencode';
import { concatBytes, type Endpoint, encodeCompact, parseIPv4, parseIPv6 } from '@shoal/primitives';
import { checkTwenty, type ScrapeCounts } from './announce.ts';

/** A peer as a tracker hands it out. */
export interface ListedPeer extends Endpoint {
  /** 20 bytes; needed in the dictionary form only. */
  readonly peerId?: Uint8Array;
}

/** What a tracker answers to an announce. Seconds, counts. */
export interface AnnounceAnswer {
  readonly interval: number;
  readonly minInterval?: number | null;
  readonly seeders?: number | null;
  readonly leechers?: number | null;
  readonly peers: readonly ListedPeer[];
  /** Behind those of `peers`, in compact answers alone: 6 bytes a peer, 18 bytes a peer. */
  readonly compactPeers?: { readonly peers4: Uint8Array; readonly peers6: Uint8Array };
  readonly warning?: string | null;
  /** One character a byte. */
  readonly trackerId?: string | null;
  readonly externalIp?: string | null;
}

/**
 * The bencoded answer to an announce: IPv4 peers in `peers` and IPv6 ones in `peers6` (BEPs 23 and 7), or with
 * `compact: false` a list of dictionaries (BEP 3), without peer ids where `peerIds` is false.
 */
export function encodeAnnounce(
  answer: AnnounceAnswer,
  options: { readonly compact?: boolean; readonly peerIds?: boolean } = {},
): Uint8Array {
  const fields = new Map<string, BencodeInput>([['interval', answer.interval]]);
  if (options.compact === false) {
    fields.set(
      'peers',
      answer.peers.map(({ host, port, peerId }) => ({
        ip: host,
        port,
        'peer id': options.peerIds === false || peerId?.length !== 20 ? undefined : peerId,
      })),
    );
  } else {
    const { peers, compactPeers } = answer;
    fields.set('peers', joined(encodeCompact(peers, 4), compactPeers?.peers4));
    const six = joined(encodeCompact(peers, 6), compactPeers?.peers6);
    if (six.length > 0) fields.set('peers6', six);
  }
  const optional: readonly [string, BencodeInput | null | undefined][] = [
    ['min interval', answer.minInterval],
    ['complete', answer.seeders],
    ['incomplete', answer.leechers],
    ['warning message', answer.warning],
    ['tracker id', answer.trackerId == null ? null : keyBytes(answer.trackerId)],
    ['external ip', answer.externalIp == null ? null : (parseIPv4(answer.externalIp) ?? parseIPv6(answer.externalIp))],
  ];
  for (const [key, value] of optional) if (value != null) fields.set(key, value);
  return encode(fields);
}

function joined(first: Uint8Array, rest: Uint8Array | undefined): Uint8Array {
  if (rest === undefined || rest.length === 0) return first;
  return first.length === 0 ? rest : concatBytes([first, rest]);
}

/** A refusal (BEP 3); `retryInMinutes` is BEP 31's. */
export function encodeFailure(reason: string, retryInMinutes?: number | 'never'): Uint8Array {
  return encode({ 'failure reason': reason, 'retry in': retryInMinutes });
}

/** The bencoded answer to a scrape (BEP 48, `downloaders` BEP 21); torrents without counts are left out. */
export function encodeScrape(torrents: Iterable<readonly [Uint8Array, ScrapeCounts | null]>): Uint8Array {
  const files = new Map<string, BencodeInput>();
  for (const [infoHash, counts] of torrents) {
    checkTwenty(infoHash, 'info-hash');
    if (counts === null) continue;
    files.set(keyFromBytes(infoHash), {
      complete: counts.seeders,
      incomplete: counts.leechers,
      downloaded: counts.completed,
      downloaders: counts.downloaders ?? undefined,
    });
  }
  return encode({ files });
}
