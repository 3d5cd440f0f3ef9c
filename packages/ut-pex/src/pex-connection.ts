// BEP 11 on one connection. Invariants: at most one message a minute leaves, with at most 50 added and 50 dropped; who was
// added and is gone gets dropped; nobody is added and dropped in one message; nothing is sent or heard of a private
// torrent's peers; what comes oftener than `HEARD_MS` is not looked at.
import { formatEndpoint } from '@shoal/primitives';
import type { ExtendedHandshake, Extension, ExtensionContext } from '@shoal/wire';
import { type Reach, reachOf } from './address-reach.ts';
import type { PexPeerInfo, PexTorrent } from './contract.ts';
import { UtPexError } from './errors.ts';
import { decodePexMessage, encodePexMessage, PEX_FLAG, type PexContact, type PexMessage } from './message.ts';
import { contactAt, type PexBook, type PexEntry } from './pex-book.ts';

const SENT_MS = 60_000;
/** How soon to look again when there was nobody to tell of. */
const LOOK_MS = 5_000;
/** Peers send once a minute; what was held up on the way comes sooner. */
const HEARD_MS = 45_000;
const MOST_TOLD = 50;
/** Ports of one public address in a message: neighbours behind one router are few, the ports of a victim many. */
const PORTS_PER_HOST = 4;

export class PexConnection implements Extension, PexEntry {
  readonly name = 'ut_pex';
  readonly address: string;
  contact: PexContact | undefined;
  readonly #torrent: PexTorrent;
  readonly #book: PexBook;
  readonly #context: ExtensionContext;
  readonly #isOutgoing: boolean;
  readonly #reach: Reach;
  /** Whom the peer believes us connected to, by listening address. */
  readonly #told: Map<string, PexContact> = new Map();
  #isOver = false;
  #nextAt: number = Number.NEGATIVE_INFINITY;
  #heardAt: number = Number.NEGATIVE_INFINITY;

  constructor(options: { torrent: PexTorrent; book: PexBook; context: ExtensionContext; peer: PexPeerInfo }) {
    this.#torrent = options.torrent;
    this.#book = options.book;
    this.#context = options.context;
    this.address = options.peer.address;
    this.#isOutgoing = options.peer.outgoing;
    this.#reach = reachOf(contactAt(this.address)?.host ?? '');
  }

  onHandshake(peer: ExtendedHandshake): void {
    const at =
      this.#isOutgoing || peer.port !== undefined
        ? contactAt(this.address, this.#isOutgoing ? undefined : peer.port)
        : undefined;
    let flags = 0;
    const prefersEncryption = peer.dictionary.get('e');
    if (prefersEncryption === 1) flags |= PEX_FLAG.prefersEncryption;
    if (peer.uploadOnly) flags |= PEX_FLAG.uploadOnly;
    if (peer.extensions.has('ut_holepunch')) flags |= PEX_FLAG.holepunch;
    this.contact = at && { ...at, flags };
    this.#book.enter(this);
  }

  onMessage(payload: Uint8Array, now: number): void {
    if (this.#torrent.private || now - this.#heardAt < HEARD_MS) return;
    this.#heardAt = now;
    let message: PexMessage;
    try {
      message = decodePexMessage(payload);
    } catch (error) {
      if (!(error instanceof UtPexError)) throw error;
      this.#context.fault(error.message);
      return;
    }
    const addresses = this.#credible(message.added);
    if (addresses.length > 0) this.#torrent.offerPeers(addresses);
  }

  nextWake(): number {
    return this.#isActive ? this.#nextAt : Number.POSITIVE_INFINITY;
  }

  onTick(now: number): void {
    if (!this.#isActive || now < this.#nextAt) return;
    const message = this.#news(now);
    if (message.added.length + message.dropped.length === 0) {
      this.#nextAt = now + LOOK_MS;
      return;
    }
    if (!this.#context.send(encodePexMessage(message))) return;
    this.#nextAt = now + SENT_MS;
    for (const contact of message.added) this.#told.set(formatEndpoint(contact), contact);
    for (const endpoint of message.dropped) this.#told.delete(formatEndpoint(endpoint));
  }

  onClose(): void {
    this.#isOver = true;
    this.#told.clear();
    this.#book.leave(this);
  }

  get #isActive(): boolean {
    return this.#context.peerSupports && !this.#isOver && !this.#torrent.private;
  }

  #news(now: number): PexMessage {
    const contacts = this.#book.contacts(now);
    const own = this.contact && formatEndpoint(this.contact);
    const added: PexContact[] = [];
    for (const [address, contact] of contacts) {
      if (added.length === MOST_TOLD) break;
      if (address === own || this.#told.has(address) || reachOf(contact.host) < this.#reach) continue;
      added.push(contact);
    }
    const dropped: PexContact[] = [];
    for (const [address, contact] of this.#told) {
      if (dropped.length === MOST_TOLD) break;
      if (!contacts.has(address)) dropped.push(contact);
    }
    return { added, dropped };
  }

  /** What a peer from there may know of, each once, and not ourselves. */
  #credible(contacts: readonly PexContact[]): string[] {
    const own = this.#torrent.ownAddresses?.() ?? [];
    const ports = new Map<string, number>();
    const addresses = new Set<string>();
    for (const contact of contacts) {
      const { host, port } = contact;
      const reach = reachOf(host);
      const address = formatEndpoint(contact);
      if (port === 0 || reach === 0 || reach < this.#reach || own.includes(address) || addresses.has(address)) continue;
      const before = ports.get(host) ?? 0;
      if (reach === 4 && before === PORTS_PER_HOST) continue;
      ports.set(host, before + 1);
      addresses.add(address);
    }
    return [...addresses];
  }
}
