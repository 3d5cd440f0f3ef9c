// Peers that others announced here (BEP 5): which address downloads which torrent.
// Invariants: no more torrents, peers in one, or entries of one address in one than the limits say; an entry that has
// expired is never handed out; both maps are in the order of their last announce, so that the oldest gives way.
import { type Endpoint, formatEndpoint, toHex } from '@shoal/primitives';
import { payerOf } from './addresses.ts';
import { sample } from './sample.ts';

/** How many peers are kept for others, and for how long. */
export interface PeerStoreLimits {
  readonly torrents: number;
  readonly peersPerTorrent: number;
  /** Ports of one address (IPv6: of one /64) in a torrent. */
  readonly portsPerAddress: number;
  /** Milliseconds without an announce after which a peer is forgotten. */
  readonly expiryMs: number;
}

const DEFAULT_PEER_STORE_LIMITS: PeerStoreLimits = {
  torrents: 2_000,
  peersPerTorrent: 500,
  portsPerAddress: 4,
  expiryMs: 30 * 60_000,
};

interface Entry {
  readonly peer: Endpoint;
  readonly payer: string;
  readonly expiresAt: number;
}

export class PeerStore {
  readonly #limits: PeerStoreLimits;
  readonly #torrents: Map<string, Map<string, Entry>> = new Map();

  constructor(limits: Partial<PeerStoreLimits> = {}) {
    this.#limits = { ...DEFAULT_PEER_STORE_LIMITS, ...limits };
  }

  /** Torrents with at least one entry. */
  get torrents(): number {
    return this.#torrents.size;
  }

  add(infoHash: Uint8Array, peer: Endpoint, now: number): void {
    const key = toHex(infoHash);
    const peers = this.#torrents.get(key) ?? new Map<string, Entry>();
    const name = formatEndpoint(peer);
    const payer = payerOf(peer.host);
    peers.delete(name);
    const same = [...peers].filter(([, entry]) => entry.payer === payer);
    if (same.length >= this.#limits.portsPerAddress) peers.delete((same[0] as [string, Entry])[0]);
    if (peers.size >= this.#limits.peersPerTorrent) dropOldest(peers);
    peers.set(name, { peer: { host: peer.host, port: peer.port }, payer, expiresAt: now + this.#limits.expiryMs });
    this.#torrents.delete(key);
    this.#torrents.set(key, peers);
    if (this.#torrents.size > this.#limits.torrents) this.#makeRoom(key);
  }

  /** At most `count` peers, at random where there are more. */
  peers(infoHash: Uint8Array, count: number, now: number, random: () => number): Endpoint[] {
    const peers = this.#torrents.get(toHex(infoHash));
    if (!peers) return [];
    const live = [...peers.values()].filter((entry) => entry.expiresAt > now).map((entry) => entry.peer);
    return sample(live, count, random);
  }

  /** Forgets what has expired. */
  expire(now: number): void {
    for (const [key, peers] of this.#torrents) {
      for (const [name, entry] of peers) {
        if (entry.expiresAt > now) break;
        peers.delete(name);
      }
      if (peers.size === 0) this.#torrents.delete(key);
    }
  }

  /** Who floods us with made-up torrents has few peers in each: the smallest goes, the oldest of equals. */
  #makeRoom(except: string): void {
    let smallest: string | undefined;
    let size = Number.POSITIVE_INFINITY;
    for (const [key, peers] of this.#torrents) {
      if (key === except || peers.size >= size) continue;
      [smallest, size] = [key, peers.size];
      if (size === 1) break;
    }
    if (smallest !== undefined) this.#torrents.delete(smallest);
  }
}

function dropOldest(map: Map<string, unknown>): void {
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
