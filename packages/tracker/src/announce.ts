// The values of an announce and a scrape, the same whatever protocol carries them.
import type { Endpoint } from '@shoal/primitives';

/** `paused` is a partial seed's, in each of its announces (BEP 21). */
export type AnnounceEvent = 'started' | 'completed' | 'stopped' | 'paused';

/** What a client tells a tracker about one torrent (BEP 3). */
export interface AnnounceRequest {
  /** The 20-byte wire key. */
  readonly infoHash: Uint8Array;
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  /** Where we listen; 0 where we do not. */
  readonly port: number;
  /** Payload bytes of this run. */
  readonly uploaded: number;
  readonly downloaded: number;
  /** Bytes still missing; non-zero while the size is unknown. */
  readonly left: number;
  readonly event?: AnnounceEvent;
  /** Peers wanted; the tracker's default where it is left out. */
  readonly numwant?: number;
  /** 32 random bits that tell a tracker it is still us when our address changes. */
  readonly key?: number;
  /** What this tracker gave us last, one character a byte. */
  readonly trackerId?: string;
  /** False asks for the dictionary form (BEP 23). Default: true. */
  readonly compact?: boolean;
}

/** A tracker's answer, checked and clamped. */
export interface AnnounceResponse {
  /** Seconds until the next regular announce. */
  readonly interval: number;
  /** Seconds before which it does not want to hear from us; null where it did not say. */
  readonly minInterval: number | null;
  readonly seeders: number | null;
  readonly leechers: number | null;
  /** Both families, each once, none with port 0. */
  readonly peers: Endpoint[];
  readonly warning: string | null;
  /** To be sent back to this tracker, one character a byte. */
  readonly trackerId: string | null;
  /** Our address as the tracker sees it (BEP 24). */
  readonly externalIp: string | null;
}

/** One torrent's line in a scrape (BEP 48; `downloaders` BEP 21). */
export interface ScrapeCounts {
  readonly seeders: number;
  /** Everybody else, partial seeds included. */
  readonly leechers: number;
  /** Downloads ever completed. */
  readonly completed: number;
  /** Leechers that are no partial seeds; null where the tracker does not tell them apart. */
  readonly downloaders: number | null;
}

/** Throws RangeError or TypeError where a request could not be sent: a caller's mistake. */
export function checkAnnounceRequest(request: AnnounceRequest): void {
  checkTwenty(request.infoHash, 'info-hash');
  checkTwenty(request.peerId, 'peer id');
  checkWhole(request.port, 'port', 0, 65_535);
  checkWhole(request.uploaded, 'uploaded', 0);
  checkWhole(request.downloaded, 'downloaded', 0);
  checkWhole(request.left, 'left', 0);
  if (request.numwant !== undefined) checkWhole(request.numwant, 'numwant', 0, 0x7fff_ffff);
  if (request.key !== undefined) checkWhole(request.key, 'key', 0, 0xffff_ffff);
}

export function checkTwenty(bytes: Uint8Array, what: string): void {
  if (bytes.length !== 20) throw new RangeError(`${what}: 20 bytes expected, not ${bytes.length}`);
}

function checkWhole(value: number, what: string, from: number, to: number = Number.MAX_SAFE_INTEGER): void {
  if (!Number.isSafeInteger(value) || value < from || value > to) {
    throw new RangeError(`${what}: a whole number from ${from} to ${to} expected, not ${value}`);
  }
}
