// Whom of a torrent's peers others may be told of (BEP 11): who is connected now and listens at an address that is known.
// Invariants: nobody stands here whose connection is over (the torrent's own list of peers decides); an address stands once.
import { formatEndpoint, parseEndpoint } from '@shoal/primitives';
import { reachOf } from './address-reach.ts';
import type { PexPeerInfo, PexTorrent } from './contract.ts';
import { PEX_FLAG, type PexContact } from './message.ts';

/** The peers are looked at so often at most, however many connections ask. */
const FRESH_MS = 1_000;
const LEAST_PRUNED = 64;

/** What a connection knows of its peer from the extended handshake. */
export interface PexEntry {
  readonly address: string;
  /** Where the peer listens; undefined until it has said it. */
  readonly contact: PexContact | undefined;
}

export class PexBook {
  readonly #torrent: PexTorrent;
  /** By the connection's address. */
  readonly #entries: Map<string, PexEntry> = new Map();
  #contacts: ReadonlyMap<string, PexContact> = new Map();
  #pruneAt: number = LEAST_PRUNED;
  #readAt: number = Number.NEGATIVE_INFINITY;

  constructor(torrent: PexTorrent) {
    this.#torrent = torrent;
  }

  enter(entry: PexEntry): void {
    this.#entries.set(entry.address, entry);
    // Where nobody asks for contacts, those whose end was not told would gather.
    if (this.#entries.size < this.#pruneAt) return;
    this.#forgetAllBut(this.#torrent.peers());
    this.#entries.set(entry.address, entry);
    this.#pruneAt = 2 * this.#entries.size + LEAST_PRUNED;
  }

  leave(entry: PexEntry): void {
    if (this.#entries.get(entry.address) === entry) this.#entries.delete(entry.address);
  }

  /** By listening address. Reachable ones first: those are worth more to whoever hears of them. */
  contacts(now: number): ReadonlyMap<string, PexContact> {
    if (now - this.#readAt < FRESH_MS && now >= this.#readAt) return this.#contacts;
    this.#readAt = now;
    const peers = this.#torrent.peers();
    const found = peers.flatMap((peer) => this.#contactOf(peer) ?? []);
    found.sort((a, b) => (b.flags & PEX_FLAG.reachable) - (a.flags & PEX_FLAG.reachable));
    const contacts = new Map<string, PexContact>();
    for (const contact of found) {
      const address = formatEndpoint(contact);
      if (!contacts.has(address)) contacts.set(address, contact);
    }
    this.#contacts = contacts;
    this.#forgetAllBut(peers);
    return contacts;
  }

  /** Connections that are remembered. */
  get size(): number {
    return this.#entries.size;
  }

  #contactOf(peer: PexPeerInfo): PexContact | undefined {
    // Without the extension protocol a peer is known by where it was dialled alone.
    const contact = this.#entries.get(peer.address)?.contact ?? (peer.outgoing ? contactAt(peer.address) : undefined);
    if (!contact) return undefined;
    let { flags } = contact;
    if (peer.uploadOnly) flags |= PEX_FLAG.uploadOnly;
    if (peer.utp) flags |= PEX_FLAG.utp;
    if (peer.outgoing) flags |= PEX_FLAG.reachable;
    return { ...contact, flags };
  }

  #forgetAllBut(peers: readonly PexPeerInfo[]): void {
    if (this.#entries.size <= peers.length) return;
    const addresses = new Set(peers.map(({ address }) => address));
    for (const address of this.#entries.keys()) if (!addresses.has(address)) this.#entries.delete(address);
  }
}

/** `host:port` as a contact; undefined for what is no IP address of a host. `port`: another than the one in the text. */
export function contactAt(address: string, port?: number): PexContact | undefined {
  try {
    const endpoint = parseEndpoint(address);
    if (reachOf(endpoint.host) === 0) return undefined;
    return { host: endpoint.host, port: port ?? endpoint.port, flags: 0 };
  } catch {
    return undefined;
  }
}
