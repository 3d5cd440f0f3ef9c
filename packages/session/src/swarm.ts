// The peers of one torrent: who is let in, who is unchoked, who is of use. Invariants: one peer a peer id; every connection
// here is counted in the session; while the swarm is not open there is neither peer nor handshake.
import { Choker, RateMeter, type SeedStrategy, slotsForLimit } from '@shoal/choker';
import {
  type Bitfield,
  type Endpoint,
  formatEndpoint,
  formatIp,
  type InfoHash,
  type Layout,
  normalizeIp,
  type PeerId,
  parseEndpoint,
  parseIPv4,
  parseIPv6,
} from '@shoal/primitives';
import type { PieceStore } from '@shoal/storage';
import { allowedFastSet, type OwnExtendedHandshake, type WireIdentity } from '@shoal/wire';
import type { Connection, ConnectionLimits } from './connection.ts';
import type { AttachedExtension, Clock, DhtNode, ExtensionPeer, Random } from './contracts.ts';
import { type DialHost, Dialler } from './dialler.ts';
import type { Download } from './download.ts';
import type { ExternalAddress } from './external-address.ts';
import { hostOf } from './host-of.ts';
import { Peer, type PeerHost } from './peer.ts';
import { PeerList, type PeerListSummary } from './peer-list.ts';
import { peerPriority } from './peer-priority.ts';
import { RateLimiter } from './rate-limiter.ts';
import type { PeerSnapshot } from './torrent-facts.ts';
import { readsBeside, Upload } from './upload.ts';

const CHOKE_ROUND_MS = 10_000;
/** A connection that ends within this time, having carried nothing, counts as a failed one. */
const FRUITLESS_MS = 10_000;
/** A seed has nothing for a seed, nor a second address of a peer that is here; such is dialled again after this long. */
const USELESS_WAIT_MS = 10 * 60_000;
/** Requests one peer may queue here, as the extended handshake's `reqq` tells it (libtorrent's own default is 2,000). */
const REQUEST_QUEUE = 2_000;
/** Pieces that a peer with little may ask for while choked (BEP 6 suggests ten). */
const ALLOWED_FAST = 10;

/** What a swarm needs of its session. */
export interface SwarmHost extends DialHost {
  readonly clock: Clock;
  readonly random: Random;
  readonly client: string;
  readonly uploadSlots: number;
  readonly seedStrategy: SeedStrategy;
  readonly maxPeers: number;
  readonly limits: ConnectionLimits;
  readonly externalAddress: ExternalAddress;
  readonly dht: DhtNode | undefined;
  /** For the allowed-fast sets (BEP 6); absent: none are given. */
  readonly sha1: ((bytes: Uint8Array) => Uint8Array) | undefined;
  port(): number;
  /** Whether the session's address filter lets this address be a peer. */
  allows(address: string): boolean;
  /** Blocks came over it: where memory is full it is not read for a while. */
  brought(connection: Connection): void;
}

export interface SwarmEvents {
  onPeerConnected(peer: Peer): void;
  onPeerDisconnected(peer: Peer, reason: string): void;
  onPeerBanned(address: string, reason: string): void;
  onReadError(error: unknown): void;
}

/** What the torrent's content gives to the swarm, once it is known. */
export interface SwarmContent {
  readonly layout: Layout;
  readonly download: Download;
  readonly store: PieceStore;
  /** Every wanted piece is verified. */
  readonly isComplete: boolean;
}

export class Swarm implements PeerHost {
  readonly downRate: RateMeter = new RateMeter();
  readonly upRate: RateMeter = new RateMeter();
  /** The torrent's own limits, beside the session's. */
  readonly downLimit: RateLimiter;
  readonly upLimit: RateLimiter;
  readonly #host: SwarmHost;
  readonly #events: SwarmEvents;
  readonly #infoHash: InfoHash;
  readonly #peerId: PeerId;
  readonly #extensions: readonly AttachedExtension[];
  readonly #isPrivate: () => boolean;
  readonly #list: PeerList;
  readonly #limits: ConnectionLimits;
  readonly #dialler: Dialler;
  readonly #peers = new Map<string, Peer>();
  readonly #connections = new Map<Peer, Connection>();
  readonly #choker: Choker;
  #content: SwarmContent | undefined;
  #open = false;
  #nextRound = 0;
  /** Peers that the last deal gave a slot to. */
  #unchoked = 0;

  constructor(options: {
    host: SwarmHost;
    events: SwarmEvents;
    infoHash: InfoHash;
    peerId: PeerId;
    extensions: readonly AttachedExtension[];
    isPrivate: () => boolean;
  }) {
    this.#host = options.host;
    this.#events = options.events;
    this.#infoHash = options.infoHash;
    this.#peerId = options.peerId;
    this.#extensions = options.extensions;
    this.#isPrivate = options.isPrivate;
    const { host } = options;
    this.#choker = new Choker({
      slots: host.uploadSlots,
      seedStrategy: host.seedStrategy,
      random: () => host.random.number(),
    });
    this.downLimit = new RateLimiter(host.clock);
    this.upLimit = new RateLimiter(host.clock);
    this.#limits = { down: [...host.limits.down, this.downLimit], up: [...host.limits.up, this.upLimit] };
    this.#list = new PeerList({ rank: (address) => this.#rank(address) });
    this.#dialler = new Dialler({
      host,
      list: this.#list,
      limits: this.#limits,
      wireKey: this.#infoHash.wireKey,
      room: () => host.maxPeers - this.#peers.size,
      identity: (peer) => this.#identity(peer),
      onPeer: (connection, peerId) => this.#admit(connection, peerId),
    });
  }

  get peers(): Iterable<Peer> {
    return this.#peers.values();
  }

  get size(): number {
    return this.#peers.size;
  }

  /** Nobody is connected, nobody is being dialled, and nobody is left to dial now. */
  get isStarving(): boolean {
    if (!this.#open || this.#peers.size > 0 || this.#dialler.size > 0) return false;
    return this.#list.next(this.now()) === undefined;
  }

  get addresses(): PeerListSummary {
    return this.#list.summary();
  }

  now(): number {
    return this.#host.clock.now();
  }

  /** Takes peers from here on. */
  open(): void {
    this.#open = true;
    this.#dialler.open();
    this.#list.wake();
    this.#dialler.dialMore();
  }

  /** Drops every peer; addresses are kept. */
  close(reason: string): void {
    this.#open = false;
    this.#dialler.close(reason);
    for (const connection of [...this.#connections.values()]) connection.close(reason);
  }

  /** Drops every peer and forgets every address. */
  dropAll(reason: string): void {
    this.#list.retain(() => false);
    this.#dialler.abandon(reason);
    for (const connection of [...this.#connections.values()]) connection.close(reason);
  }

  /** Forgets every address that none of these sources told of. */
  keepFrom(sources: readonly string[]): void {
    this.#list.retain((address) => this.#list.sourcesOf(address).some((source) => sources.includes(source)));
  }

  /** The address filter is another one: forgets whom it blocks. The connections are the session's to close. */
  refilter(): void {
    this.#list.retain((address) => this.#host.allows(address));
  }

  /** Our own address became known, or is another. */
  rerank(): void {
    this.#list.rerank();
  }

  /** The geometry is known: peers can be asked and served. */
  setContent(content: SwarmContent): void {
    this.#content = content;
    for (const peer of this.#peers.values()) {
      this.#giveContent(peer, content);
      // Extensions have more to say of themselves now (BEP 9: `metadata_size`).
      if (this.#extensions.length > 0) peer.wire.sendExtendedHandshake(this.#extendedHandshake(peer.name));
    }
    if (content.isComplete) this.completenessChanged();
  }

  offer(addresses: readonly string[], source: string, { isHearsay = false }: { isHearsay?: boolean } = {}): void {
    for (const address of addresses) if (this.#host.allows(address)) this.#list.add(address, source, isHearsay);
    this.#dialler.dialMore();
  }

  /** An accepted connection that shook hands for this torrent; the handshake is answered here, or it is closed. */
  adopt(connection: Connection, peerId: Uint8Array): void {
    if (!this.#open) {
      connection.close('the torrent is not running');
      return;
    }
    if (this.#list.isHostBarred(hostOf(connection.address))) {
      connection.close('banned before');
      return;
    }
    connection.limitBy(this.#limits);
    connection.wire.accept(this.#identity(connection));
    if (!connection.wire.closed) this.#admit(connection, peerId);
  }

  /** A verified piece is told to everyone. */
  announcePiece(piece: number): void {
    for (const peer of this.#peers.values()) peer.have(piece);
  }

  /** Work came back to the picker, or room to the budget. */
  refill(): void {
    for (const peer of this.#peers.values()) peer.reconsider();
  }

  /** What is wanted or here has changed: whether we will download more, and so who is of use. */
  completenessChanged(): void {
    for (const peer of [...this.#peers.values()]) {
      peer.wire.updateExtendedHandshake({ uploadOnly: this.#content?.isComplete === true });
      this.#dropIfUseless(peer);
    }
    this.refill();
    if (this.#content?.isComplete) return;
    // Those who were of no use may be now.
    this.#list.wake();
    this.#dialler.dialMore();
  }

  tick(now: number): void {
    if (this.#peers.size > 0) for (const peer of [...this.#peers.values()]) peer.tick(now);
    if (this.#open && now >= this.#nextRound) {
      this.#nextRound = now + CHOKE_ROUND_MS;
      this.#choker.slots = slotsForLimit(this.#upLimitOf(), this.#host.uploadSlots);
      if (this.#peers.size > 0) this.#deal(true);
    }
    this.#dialler.dialMore();
  }

  snapshots(): PeerSnapshot[] {
    const now = this.now();
    return [...this.#peers.values()].map((peer) => ({
      ...peer.snapshot(now),
      sources: peer.listenAddress === null ? [] : this.#list.sourcesOf(peer.listenAddress),
    }));
  }

  extensionPeers(): readonly ExtensionPeer[] {
    return [...this.#connections.keys()].map(({ name, outgoing, isUploadOnly }) => ({
      address: name,
      outgoing,
      uploadOnly: isUploadOnly,
    }));
  }

  // PeerHost

  onIntroduced(peer: Peer): void {
    this.#learnListenAddress(peer);
    this.#learnOwnAddress(peer);
    this.#dropIfUseless(peer);
  }

  onDhtPort(peer: Peer, port: number): void {
    const endpoint = parseIfEndpoint(peer.name);
    if (endpoint && port > 0 && !this.#isPrivate())
      this.#host.dht?.addNode(formatEndpoint({ host: endpoint.host, port }));
  }

  onHavesChanged(peer: Peer): void {
    this.#dropIfUseless(peer);
  }

  /** Between rounds the slots are dealt anew only where that can change anything: a free slot, or one given back. */
  onInterest(peer: Peer): void {
    const { peerInterested, amChoking } = peer.wire;
    if (peerInterested ? amChoking && this.#unchoked < this.#choker.slots : !amChoking) this.#deal(false);
  }

  onReceived(peer: Peer, bytes: number): void {
    this.downRate.add(bytes, this.now());
    const connection = this.#connections.get(peer);
    if (connection) this.#host.brought(connection);
  }

  onPeerBanned(peer: Peer, reason: string): void {
    this.#list.bar(peer.listenAddress ?? peer.name);
    if (!peer.outgoing) this.#list.barHost(hostOf(peer.name));
    this.#events.onPeerBanned(peer.name, reason);
    peer.close(reason);
  }

  onPeerClosed(peer: Peer, reason: string): void {
    const connection = this.#connections.get(peer);
    this.#connections.delete(peer);
    const known = this.#peers.get(peer.id.hex) === peer;
    if (known) this.#peers.delete(peer.id.hex);
    if (connection) this.#host.closed(connection);
    if (peer.listenAddress !== null) {
      const useless = this.#peers.has(peer.id.hex) || this.#isUseless(peer);
      // Who hangs up right after the handshake is as good as refused, and must not be dialled for ever.
      const failed = this.#open && !useless && peer.isFruitless && this.now() - peer.connectedAt < FRUITLESS_MS;
      this.#list.ended(peer.listenAddress, this.now(), failed ? reason : null, useless ? USELESS_WAIT_MS : 0);
    }
    if (known) this.#events.onPeerDisconnected(peer, reason);
    if (!this.#open) return;
    if (known && !peer.wire.amChoking) this.#deal(false);
    this.#dialler.dialMore();
  }

  /** The handshake is done both ways: a peer, unless it is ourselves or here already. */
  #admit(connection: Connection, peerId: Uint8Array): void {
    const peer = new Peer(connection, peerId, this);
    connection.handOver(peer);
    this.#connections.set(peer, connection);
    const twin = this.#peers.get(peer.id.hex);
    if (twin) {
      const survivor = this.#survivor(twin, peer);
      const loser = survivor === twin ? peer : twin;
      survivor.listenAddress ??= loser.listenAddress;
      if (loser.listenAddress === survivor.listenAddress) loser.listenAddress = null;
      this.#peers.set(peer.id.hex, survivor);
      loser.close('connected twice');
      if (survivor === twin) return;
      this.#events.onPeerDisconnected(twin, 'connected twice');
    }
    if (!twin && this.#peers.size >= this.#host.maxPeers) {
      connection.close('no room for more peers');
      return;
    }
    this.#peers.set(peer.id.hex, peer);
    if (peer.listenAddress !== null) this.#list.connected(peer.listenAddress);
    this.#events.onPeerConnected(peer);
    if (this.#content) this.#giveContent(peer, this.#content);
    const dhtPort = this.#tellsDht && peer.wire.peerHasDht ? (this.#host.dht?.port() ?? 0) : 0;
    if (dhtPort > 0) peer.wire.port(dhtPort);
  }

  /** Both ends must keep the same one of two connections: the one dialled by the smaller peer id, else the older. */
  #survivor(old: Peer, young: Peer): Peer {
    if (old.outgoing === young.outgoing) return old;
    const oursSurvives = this.#peerId.compare(old.id) < 0;
    return old.outgoing === oursSurvives ? old : young;
  }

  #giveContent(peer: Peer, content: SwarmContent): void {
    const connection = this.#connections.get(peer);
    if (!connection) return;
    peer.wire.setGeometry(content.layout);
    peer.wire.bitfield(content.download.have);
    this.#allowFast(peer, content.download.have);
    const upload = new Upload({
      connection,
      store: content.store,
      has: (piece) => content.download.have.has(piece),
      readsBeside: readsBeside(content.layout.pieceLength),
      onSent: (bytes) => {
        const now = this.now();
        peer.up.add(bytes, now);
        this.upRate.add(bytes, now);
      },
      onError: (error) => this.#events.onReadError(error),
    });
    peer.setContent({ download: content.download, slot: content.download.join(peer), upload });
    connection.flushSoon();
  }

  /** Pieces that a peer which has little may fetch while choked, so that it soon has something to trade (BEP 6). */
  #allowFast(peer: Peer, have: Bitfield): void {
    const { sha1 } = this.#host;
    const ip = parseIPv4(hostOf(peer.name));
    if (!sha1 || !ip || !peer.wire.fast || (peer.wire.peerHave?.count ?? 0) >= ALLOWED_FAST) return;
    for (const piece of allowedFastSet(ip, this.#infoHash.wireKey, have.length, ALLOWED_FAST, sha1)) {
      if (have.has(piece)) peer.wire.allowedFast(piece);
    }
  }

  /** Neither has anything for the other. */
  #isUseless(peer: Peer): boolean {
    return this.#content?.isComplete === true && peer.isUploadOnly;
  }

  #dropIfUseless(peer: Peer): void {
    if (this.#isUseless(peer)) peer.close('both have everything they want');
  }

  #rank(address: string): number {
    const endpoint = parseIfEndpoint(address);
    if (!endpoint) return 0;
    const own = this.#host.externalAddress.of(endpoint.host.includes(':') ? 6 : 4);
    return own === undefined ? 0 : peerPriority({ host: own, port: this.#host.port() }, endpoint);
  }

  /** Our address as the peer sees it (BEP 10 `yourip`). */
  #learnOwnAddress(peer: Peer): void {
    const bytes = peer.wire.peerHandshake?.yourIp;
    if (bytes) this.#host.externalAddress.vote(hostOf(peer.name), normalizeIp(formatIp(bytes)) ?? formatIp(bytes));
  }

  /** The tightest of the upload limits. */
  #upLimitOf(): number | undefined {
    const limits = this.#limits.up.flatMap(({ limit }) => limit ?? []);
    return limits.length === 0 ? undefined : Math.min(...limits);
  }

  /** An accepted peer's listening port, from its extended handshake (BEP 10 `p`). */
  #learnListenAddress(peer: Peer): void {
    const port = peer.wire.peerHandshake?.port;
    if (peer.listenAddress !== null || port === undefined || port === 0) return;
    const endpoint = parseIfEndpoint(peer.name);
    if (!endpoint) return; // not an IP transport: there is nothing to dial back
    peer.listenAddress = formatEndpoint({ host: endpoint.host, port });
    this.#list.add(peer.listenAddress, 'incoming');
    if (this.#list.isBarred(peer.listenAddress)) peer.close('banned before');
    else this.#list.connected(peer.listenAddress);
  }

  #deal(full: boolean): void {
    // Before the geometry is known nobody can ask for anything, and an unchoke would go before our bitfield.
    if (!this.#content) return;
    const now = this.now();
    const decision = this.#choker.round(
      [...this.#peers.values()].map((peer) => ({
        key: peer.id.hex,
        interested: peer.wire.peerInterested,
        unchoked: !peer.wire.amChoking,
        snubbed: peer.snubbed,
        downRate: peer.down.rate(now),
        upRate: peer.up.rate(now),
        connectedAt: peer.connectedAt,
        uploadOnly: peer.isUploadOnly,
        progress: peer.progress,
      })),
      { now, seeding: this.#content.isComplete, full },
    );
    this.#unchoked = decision.unchoke.length;
    const unchoked = new Set(decision.unchoke);
    for (const [key, peer] of this.#peers) {
      const choking = !unchoked.has(key);
      if (choking !== peer.wire.amChoking) peer.setChoking(choking);
    }
  }

  /** Private torrents are not found through the DHT (BEP 27), so their peers are not told of ours. */
  get #tellsDht(): boolean {
    return this.#host.dht !== undefined && !this.#isPrivate();
  }

  #identity(peer: ExtensionPeer): WireIdentity {
    return {
      infoHash: this.#infoHash.wireKey,
      peerId: this.#peerId.bytes,
      extensions: this.#extensions.flatMap((extension) => extension.connect(peer) ?? []),
      extendedHandshake: this.#extendedHandshake(peer.address),
      dht: this.#tellsDht,
    };
  }

  #extendedHandshake(address: string): OwnExtendedHandshake {
    const port = this.#host.port();
    const host = hostOf(address);
    const yourIp = parseIPv4(host) ?? parseIPv6(host);
    return {
      client: this.#host.client,
      reqq: REQUEST_QUEUE,
      ...(port > 0 ? { port } : {}),
      ...(yourIp ? { yourIp } : {}),
      ...(this.#content?.isComplete ? { uploadOnly: true } : {}),
    };
  }
}

function parseIfEndpoint(address: string): Endpoint | undefined {
  try {
    return parseEndpoint(address);
  } catch {
    return undefined;
  }
}
