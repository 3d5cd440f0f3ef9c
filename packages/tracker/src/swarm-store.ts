// The contract of whoever remembers a tracker's swarms: in memory here, in a database where a tracker is more than one
// process. Its compliance suite stands in `./testing`.
import type { ScrapeCounts } from './announce.ts';

/** `partial`: has all it wants, but not all there is (BEP 21). */
export type PeerRole = 'leech' | 'seed' | 'partial';

/** A peer of a swarm. Host and port together are its identity: nobody can take out an entry from another address. */
export interface SwarmPeer {
  /** IPv4 or IPv6 text in canonical form. */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  readonly role: PeerRole;
}

export interface SwarmAnnounce {
  /** The 20-byte wire key. */
  readonly infoHash: Uint8Array;
  /** Null: somebody who cannot be dialled asks for peers and is not entered. */
  readonly peer: SwarmPeer | null;
  /** Never handed to the asker: entries with its own id. 20 bytes. */
  readonly peerId: Uint8Array;
  readonly role: PeerRole;
  readonly event: 'started' | 'completed' | 'stopped' | null;
  /** Peers wanted, at most so many are answered. */
  readonly numwant: number;
  /** Peers of this family are preferred. */
  readonly family: 4 | 6;
  /** Milliseconds of any epoch; never goes back. */
  readonly now: number;
  /** When the entry is forgotten, unless it announces again. */
  readonly expiresAt: number;
}

export interface SwarmAnswer extends ScrapeCounts {
  /** A random choice without the asker; a seed gets leeches only. */
  readonly peers: readonly SwarmPeer[];
}

export interface SwarmTotals {
  readonly torrents: number;
  readonly seeders: number;
  readonly leechers: number;
}

/** Remembers peers by torrent. Each method answers a value or a promise of it. */
export interface SwarmStore {
  /** Enters, refreshes or (`stopped`) takes out the peer, and chooses others. Throws TrackerError ERR_TRACKER_FULL. */
  announce(announce: SwarmAnnounce): SwarmAnswer | Promise<SwarmAnswer>;
  /** Null for a torrent that nobody has announced. */
  scrape(infoHash: Uint8Array, now: number): ScrapeCounts | null | Promise<ScrapeCounts | null>;
  totals(now: number): SwarmTotals | Promise<SwarmTotals>;
}
