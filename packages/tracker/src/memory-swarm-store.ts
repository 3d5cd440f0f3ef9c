// Swarms in memory. An announce costs the peers it hands out and those it finds expired, however large the swarm is.
// Invariants: a swarm's `peers` are in the order of their last announce, so that the expired ones stand in front (a store
// is given one lifetime); every peer is in exactly one pool and counted once in `hosts`; the swarms are in the order of their last announce too.
import { keyFromBytes } from '@shoal/bencode';
import { bytesEqual } from '@shoal/primitives';
import type { ScrapeCounts } from './announce.ts';
import { TrackerError } from './errors.ts';
import { PeerPool, type Pooled } from './peer-pool.ts';
import type { PeerRole, SwarmAnnounce, SwarmAnswer, SwarmPeer, SwarmStore, SwarmTotals } from './swarm-store.ts';

interface Entry extends SwarmPeer, Pooled {
  readonly key: string;
  peerId: Uint8Array;
  role: PeerRole;
  expiresAt: number;
}

type Family = 4 | 6;

interface Swarm {
  readonly peers: Map<string, Entry>;
  readonly pools: Record<Family, Record<PeerRole, PeerPool<Entry>>>;
  /** How many of the peers are at each host. */
  readonly hosts: Map<string, number>;
  completed: number;
  /** The newest announce, of the times that `announce` is told. */
  announcedAt: number;
}

export interface MemorySwarmStoreOptions {
  /** In [0, 1). */
  readonly random: () => number;
  /** Peers of all swarms together. Default 1,000,000. */
  readonly maxPeers?: number;
  /** Default 100,000. */
  readonly maxSwarms?: number;
  /** Entries of one host in one swarm; the one silent for longest gives way. Default 1,000. */
  readonly maxPeersPerHost?: number;
}

/** Swarms looked at for expired peers with each announce, besides its own. */
const SWEPT_PER_ANNOUNCE = 2;
/** How long a swarm that nobody is in keeps its count of completed downloads. */
const COMPLETED_KEPT_MS = 24 * 60 * 60_000;
const LOOKED_AT_WHEN_FULL = 1_000;
const ROLES: readonly PeerRole[] = ['leech', 'partial', 'seed'];

export class MemorySwarmStore implements SwarmStore {
  readonly #random: () => number;
  readonly #maxPeers: number;
  readonly #maxSwarms: number;
  readonly #maxPeersPerHost: number;
  readonly #swarms: Map<string, Swarm> = new Map();
  #peerCount = 0;

  constructor(options: MemorySwarmStoreOptions) {
    this.#random = options.random;
    this.#maxPeers = options.maxPeers ?? 1_000_000;
    this.#maxSwarms = options.maxSwarms ?? 100_000;
    this.#maxPeersPerHost = options.maxPeersPerHost ?? 1_000;
  }

  announce(announce: SwarmAnnounce): SwarmAnswer {
    const { now, peer } = announce;
    this.#sweep(now);
    const name = keyFromBytes(announce.infoHash);
    let swarm = this.#swarms.get(name);
    if (swarm) this.#expire(swarm, now);
    if (announce.event === 'stopped') {
      if (peer) this.#remove(swarm, `${peer.host}|${peer.port}`);
      return { ...countsOf(swarm), peers: [] };
    }
    if (peer) {
      swarm ??= this.#open();
      swarm.announcedAt = now;
      this.#enter(swarm, peer, announce);
      // Behind all others: the swarms silent for longest are swept first.
      this.#swarms.delete(name);
      this.#swarms.set(name, swarm);
    }
    return { ...countsOf(swarm), peers: swarm ? this.#choose(swarm, announce) : [] };
  }

  scrape(infoHash: Uint8Array, now: number): ScrapeCounts | null {
    const swarm = this.#swarms.get(keyFromBytes(infoHash));
    if (!swarm) return null;
    this.#expire(swarm, now);
    return countsOf(swarm);
  }

  totals(now: number): SwarmTotals {
    let [torrents, seeders, leechers] = [0, 0, 0];
    for (const swarm of this.#swarms.values()) {
      this.#expire(swarm, now);
      if (swarm.peers.size > 0) torrents++;
      const counts = countsOf(swarm);
      seeders += counts.seeders;
      leechers += counts.leechers;
    }
    return { torrents, seeders, leechers };
  }

  #open(): Swarm {
    if (this.#swarms.size >= this.#maxSwarms && !this.#forgetEmpty()) {
      throw new TrackerError('ERR_TRACKER_FULL', `this tracker serves ${this.#maxSwarms} torrents already`);
    }
    const pools = (): Record<PeerRole, PeerPool<Entry>> => ({
      leech: new PeerPool(),
      seed: new PeerPool(),
      partial: new PeerPool(),
    });
    return { peers: new Map(), pools: { 4: pools(), 6: pools() }, hosts: new Map(), completed: 0, announcedAt: 0 };
  }

  #enter(swarm: Swarm, peer: SwarmPeer, { event, expiresAt }: SwarmAnnounce): void {
    const key = `${peer.host}|${peer.port}`;
    const known = swarm.peers.get(key);
    // Only who was seen downloading has completed a download; a repeated event counts once.
    if (event === 'completed' && known && known.role !== 'seed') swarm.completed++;
    if (known) this.#remove(swarm, key);
    else this.#makeRoom(swarm, peer.host);
    const entry: Entry = { ...peer, peerId: Uint8Array.from(peer.peerId), key, expiresAt, place: -1 };
    swarm.peers.set(key, entry);
    poolOf(swarm, entry).add(entry);
    swarm.hosts.set(peer.host, (swarm.hosts.get(peer.host) ?? 0) + 1);
    this.#peerCount++;
  }

  #makeRoom(swarm: Swarm, host: string): void {
    if (this.#peerCount >= this.#maxPeers) {
      throw new TrackerError('ERR_TRACKER_FULL', `this tracker lists ${this.#maxPeers} peers already`);
    }
    if ((swarm.hosts.get(host) ?? 0) < this.#maxPeersPerHost) return;
    for (const entry of swarm.peers.values()) {
      if (entry.host !== host) continue;
      this.#remove(swarm, entry.key);
      return;
    }
  }

  #remove(swarm: Swarm | undefined, key: string): void {
    const entry = swarm?.peers.get(key);
    if (!swarm || !entry) return;
    swarm.peers.delete(key);
    poolOf(swarm, entry).remove(entry);
    const others = (swarm.hosts.get(entry.host) ?? 1) - 1;
    if (others > 0) swarm.hosts.set(entry.host, others);
    else swarm.hosts.delete(entry.host);
    this.#peerCount--;
  }

  #expire(swarm: Swarm, now: number): void {
    for (const entry of swarm.peers.values()) {
      if (entry.expiresAt > now) return;
      this.#remove(swarm, entry.key);
    }
  }

  /** Forgets swarms that nobody is in any more; those with completed downloads only after a day, for who asks then. */
  #sweep(now: number): void {
    let looked = 0;
    for (const [name, swarm] of this.#swarms) {
      if (looked++ >= SWEPT_PER_ANNOUNCE) return;
      this.#expire(swarm, now);
      if (swarm.peers.size > 0) return;
      this.#swarms.delete(name);
      // Goes behind all others, so that it does not stand in the way of their sweeping.
      if (swarm.completed > 0 && now - swarm.announcedAt < COMPLETED_KEPT_MS) this.#swarms.set(name, swarm);
    }
  }

  /** Makes room for a torrent where one that nobody is in stands near the front; answers whether it did. */
  #forgetEmpty(): boolean {
    let looked = 0;
    for (const [name, swarm] of this.#swarms) {
      if (looked++ >= LOOKED_AT_WHEN_FULL) return false;
      if (swarm.peers.size === 0) return this.#swarms.delete(name);
    }
    return false;
  }

  /** Own family first; leeches and seeds in proportion, so that no kind is starved. A seed needs leeches only. */
  #choose(swarm: Swarm, announce: SwarmAnnounce): SwarmPeer[] {
    const { peer, peerId, numwant, family } = announce;
    const chosen: Entry[] = [];
    const isWanted = (entry: Entry): boolean =>
      !(entry.host === peer?.host && entry.port === peer.port) && !bytesEqual(entry.peerId, peerId);
    for (const pools of [swarm.pools[family], swarm.pools[family === 4 ? 6 : 4]]) {
      const kinds = (announce.role === 'leech' ? ROLES : (['leech'] as const)).map((role) => pools[role]);
      let rest = kinds.reduce((sum, pool) => sum + pool.size, 0);
      for (const pool of kinds) {
        const room = numwant - chosen.length;
        if (room <= 0) return chosen;
        const share = rest <= room ? pool.size : Math.ceil((room * pool.size) / rest);
        rest -= pool.size;
        pool.sample(Math.min(room, share), this.#random, isWanted, chosen);
      }
    }
    return chosen;
  }
}

function poolOf(swarm: Swarm, entry: Entry): PeerPool<Entry> {
  return swarm.pools[entry.host.includes(':') ? 6 : 4][entry.role];
}

function countsOf(swarm: Swarm | undefined): ScrapeCounts {
  if (!swarm) return { seeders: 0, leechers: 0, completed: 0, downloaders: 0 };
  const size = (role: PeerRole): number => swarm.pools[4][role].size + swarm.pools[6][role].size;
  const downloaders = size('leech');
  return { seeders: size('seed'), leechers: downloaders + size('partial'), completed: swarm.completed, downloaders };
}
