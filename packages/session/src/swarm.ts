// The peers of one torrent: whom to dial, who is let in, who is unchoked. Invariants: one peer a peer id; `#dialling`
// holds exactly the addresses whose stream or handshake is under way; every connection here is counted in the session;
// while the swarm is not open there is neither peer nor handshake.
import { Choker, RateMeter } from '@shoal/choker';
import { formatEndpoint, type InfoHash, type Layout, type PeerId, parseEndpoint } from '@shoal/primitives';
import type { PieceStore } from '@shoal/storage';
import { Wire } from '@shoal/wire';
import { Connection } from './connection.ts';
import type { AttachedExtension, ByteStream, Clock, ExtensionPeer, Random } from './contracts.ts';
import type { Download } from './download.ts';
import { Peer, type PeerHost } from './peer.ts';
import { PeerList, type PeerListSummary } from './peer-list.ts';
import { surface } from './surface.ts';
import { Upload } from './upload.ts';

const CHOKE_ROUND_MS = 10_000;
/** A connection that ends within this time, having carried nothing, counts as a failed one. */
const FRUITLESS_MS = 10_000;
/** A seed has nothing for a seed, nor a second address of a peer that is here; such is dialled again after this long. */
const USELESS_WAIT_MS = 10 * 60_000;
/** Requests one peer may queue here, as the extended handshake's `reqq` tells it (libtorrent's own default is 2,000). */
const REQUEST_QUEUE = 2_000;

/** What a swarm needs of its session. */
export interface SwarmHost {
  readonly clock: Clock;
  readonly random: Random;
  readonly client: string;
  readonly uploadSlots: number;
  readonly maxPeers: number;
  port(): number;
  mayDial(): boolean;
  dial(address: string, wireKey: Uint8Array, signal: AbortSignal): Promise<ByteStream>;
  opened(connection: Connection): void;
  closed(connection: Connection): void;
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
}

export class Swarm implements PeerHost {
  readonly downRate: RateMeter = new RateMeter();
  readonly upRate: RateMeter = new RateMeter();
  readonly #host: SwarmHost;
  readonly #events: SwarmEvents;
  readonly #infoHash: InfoHash;
  readonly #peerId: PeerId;
  readonly #extensions: readonly AttachedExtension[];
  readonly #list = new PeerList();
  readonly #peers = new Map<string, Peer>();
  readonly #connections = new Map<Peer, Connection>();
  readonly #dialling = new Map<string, AbortController>();
  /** Dialled, and waiting for the other side's handshake. */
  readonly #greeting = new Set<Connection>();
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
  }) {
    this.#host = options.host;
    this.#events = options.events;
    this.#infoHash = options.infoHash;
    this.#peerId = options.peerId;
    this.#extensions = options.extensions;
    this.#choker = new Choker({ slots: options.host.uploadSlots, random: () => options.host.random.number() });
  }

  get peers(): Iterable<Peer> {
    return this.#peers.values();
  }

  get size(): number {
    return this.#peers.size;
  }

  /** Nobody is connected, nobody is being dialled, and nobody is left to dial now. */
  get isStarving(): boolean {
    if (!this.#open || this.#peers.size > 0 || this.#dialling.size > 0) return false;
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
    this.#list.wake();
    this.#dialMore();
  }

  /** Drops every peer; addresses are kept. */
  close(reason: string): void {
    this.#open = false;
    for (const controller of this.#dialling.values()) controller.abort();
    for (const connection of [...this.#greeting, ...this.#connections.values()]) connection.close(reason);
  }

  /** The geometry is known: peers can be asked and served. */
  setContent(content: SwarmContent): void {
    this.#content = content;
    for (const peer of this.#peers.values()) this.#giveContent(peer, content);
  }

  offer(addresses: readonly string[], source: string): void {
    for (const address of addresses) this.#list.add(address, source);
    this.#dialMore();
  }

  /** An accepted connection that shook hands for this torrent; the handshake is answered here, or it is closed. */
  adopt(connection: Connection, peerId: Uint8Array): void {
    if (!this.#open) {
      connection.close('the torrent is not running');
      return;
    }
    connection.wire.accept({
      infoHash: this.#infoHash.wireKey,
      peerId: this.#peerId.bytes,
      extensions: this.#extensionsFor(connection),
      extendedHandshake: this.#extendedHandshake(),
    });
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

  /** From here on there is nothing to get: seeds are of no use. */
  dropSeeds(): void {
    for (const peer of [...this.#peers.values()]) this.#dropIfUseless(peer);
  }

  tick(now: number): void {
    for (const peer of [...this.#peers.values()]) peer.tick(now);
    if (this.#open && now >= this.#nextRound) {
      this.#nextRound = now + CHOKE_ROUND_MS;
      this.#deal(true);
    }
    this.#dialMore();
  }

  extensionPeers(): readonly ExtensionPeer[] {
    return [...this.#connections.values()].map(({ address, outgoing }) => ({ address, outgoing }));
  }

  // PeerHost

  onPeerChanged(peer: Peer): void {
    this.#learnListenAddress(peer);
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
    this.#list.bar(peer.listenAddress ?? peer.name, reason);
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
      const useless = this.#peers.has(peer.id.hex) || (peer.isSeed && this.#isSeed());
      // Who hangs up right after the handshake is as good as refused, and must not be dialled for ever.
      const failed = this.#open && !useless && peer.isFruitless && this.now() - peer.connectedAt < FRUITLESS_MS;
      this.#list.ended(peer.listenAddress, this.now(), failed ? reason : null, useless ? USELESS_WAIT_MS : 0);
    }
    if (known) this.#events.onPeerDisconnected(peer, reason);
    if (!this.#open) return;
    if (known && !peer.wire.amChoking) this.#deal(false);
    this.#dialMore();
  }

  #dialMore(): void {
    while (this.#open && this.#peers.size + this.#dialling.size < this.#host.maxPeers && this.#host.mayDial()) {
      const address = this.#list.next(this.now());
      if (address === undefined) return;
      this.#dial(address);
    }
  }

  #dial(address: string): void {
    const controller = new AbortController();
    this.#dialling.set(address, controller);
    this.#list.dialling(address);
    this.#host.dial(address, this.#infoHash.wireKey, controller.signal).then(
      (stream) => {
        try {
          if (this.#open) return this.#greet(stream, address);
          this.#dialEnded(address, null);
        } catch (error) {
          // An extension's fault: it is this connection's alone.
          surface(error);
          this.#dialEnded(address, 'given up');
        }
        stream.destroy();
      },
      (error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        this.#dialEnded(address, controller.signal.aborted ? null : message);
      },
    );
  }

  #dialEnded(address: string, error: string | null): void {
    this.#dialling.delete(address);
    this.#list.ended(address, this.now(), error);
    this.#dialMore();
  }

  /** Shakes hands over a dialled stream. */
  #greet(stream: ByteStream, address: string): void {
    const wire = new Wire({
      role: 'dial',
      now: this.now(),
      infoHash: this.#infoHash.wireKey,
      peerId: this.#peerId.bytes,
      extensions: this.#extensionsFor({ address, outgoing: true }),
      extendedHandshake: this.#extendedHandshake(),
    });
    const connection = new Connection({
      stream,
      wire,
      outgoing: true,
      now: () => this.now(),
      owner: {
        onEvent: (event) => {
          if (event.type !== 'handshake') return;
          this.#dialling.delete(address);
          this.#greeting.delete(connection);
          this.#admit(connection, event.peerId);
        },
        onChunkEnd: () => undefined,
        onWritable: () => undefined,
        onClosed: (reason) => {
          this.#greeting.delete(connection);
          this.#host.closed(connection);
          if (wire.closed?.code === 'ERR_WIRE_SELF') this.#list.bar(address, 'our own address');
          this.#dialEnded(address, this.#open ? reason : null);
        },
      },
    });
    this.#greeting.add(connection);
    this.#host.opened(connection);
    connection.open();
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
    const upload = new Upload({
      connection,
      store: content.store,
      has: (piece) => content.download.have.has(piece),
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

  #isSeed(): boolean {
    return this.#content?.download.have.isFull === true;
  }

  #dropIfUseless(peer: Peer): void {
    if (peer.isSeed && this.#isSeed()) peer.close('both have everything');
  }

  /** An accepted peer's listening port, from its extended handshake (BEP 10 `p`). */
  #learnListenAddress(peer: Peer): void {
    const port = peer.wire.peerHandshake?.port;
    if (peer.listenAddress !== null || port === undefined || port === 0) return;
    try {
      peer.listenAddress = formatEndpoint({ host: parseEndpoint(peer.name).host, port });
    } catch {
      return; // not an IP transport: there is nothing to dial back
    }
    this.#list.add(peer.listenAddress, 'incoming');
    if (this.#list.isBarred(peer.listenAddress)) peer.close('banned before');
    else this.#list.connected(peer.listenAddress);
  }

  #deal(full: boolean): void {
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
      })),
      { now, seeding: this.#isSeed(), full },
    );
    this.#unchoked = decision.unchoke.length;
    const unchoked = new Set(decision.unchoke);
    for (const [key, peer] of this.#peers) {
      const choking = !unchoked.has(key);
      if (choking !== peer.wire.amChoking) peer.setChoking(choking);
    }
  }

  #extensionsFor(peer: ExtensionPeer): ReturnType<AttachedExtension['connect']>[] {
    return this.#extensions.map((extension) => extension.connect(peer));
  }

  #extendedHandshake(): { client: string; port?: number; reqq: number } {
    const port = this.#host.port();
    return { client: this.#host.client, reqq: REQUEST_QUEUE, ...(port > 0 ? { port } : {}) };
  }
}
