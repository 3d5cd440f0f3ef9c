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
  /** 20 bytes; in an answer it may be empty, where the store does not remember it. */
  readonly peerId: Uint8Array;
  readonly role: PeerRole;
}

/** What a store is told of one announce. */
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
  /** Peers of the other family are of no use to the asker: a UDP answer cannot carry them. Default false. */
  readonly onlyFamily?: boolean;
  /** Milliseconds of any epoch; never goes back. */
  readonly now: number;
  /** When the entry is forgotten, unless it announces again. */
  readonly expiresAt: number;
}

export interface SwarmAnswer extends ScrapeCounts {
  /** A random choice without the asker; a seed gets leeches only. */
  readonly peers: readonly SwarmPeer[];
}

/** The same in the compact form of BEPs 23 and 7: what nearly every asker wants, without an object for each peer. */
export interface CompactSwarmAnswer extends ScrapeCounts {
  /** 6 bytes a peer. */
  readonly peers4: Uint8Array;
  /** 18 bytes a peer. */
  readonly peers6: Uint8Array;
}

/** Figures of all swarms together. */
export interface SwarmTotals {
  /** Torrents that somebody is in. */
  readonly torrents: number;
  readonly seeders: number;
  readonly leechers: number;
}

/** Remembers peers by torrent. Each method answers a value or a promise of it; values are the faster. */
export interface SwarmStore {
  /** Enters, refreshes or (`stopped`) takes out the peer, and chooses others. Throws TrackerError ERR_TRACKER_FULL. */
  announce(announce: SwarmAnnounce): SwarmAnswer | Promise<SwarmAnswer>;
  /** `announce` for who wants addresses and ports alone. A store without it is asked through `announce`. */
  announceCompact?(announce: SwarmAnnounce): CompactSwarmAnswer | Promise<CompactSwarmAnswer>;
  /** Null for a torrent that nobody has announced. */
  scrape(infoHash: Uint8Array, now: number): ScrapeCounts | null | Promise<ScrapeCounts | null>;
  /** All torrents, for a full scrape; a store without it has none to offer. */
  scrapeAll?(
    now: number,
  ): Iterable<readonly [Uint8Array, ScrapeCounts]> | AsyncIterable<readonly [Uint8Array, ScrapeCounts]>;
  totals(now: number): SwarmTotals | Promise<SwarmTotals>;
}
