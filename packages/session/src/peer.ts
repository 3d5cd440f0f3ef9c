// One wire peer of a torrent: reacts to what it says, keeps its requests in flight, serves its requests. A BlockSource.
import { RateMeter } from '@shoal/choker';
import { PeerId } from '@shoal/primitives';
import type { Wire, WireEvent } from '@shoal/wire';
import type { Connection, ConnectionOwner } from './connection.ts';
import type { BlockSource } from './contracts.ts';
import type { Download, DownloadSlot } from './download.ts';
import { RequestPipeline } from './pipeline.ts';
import type { PeerSnapshot } from './torrent-facts.ts';
import type { Upload } from './upload.ts';

/** A peer that owes us blocks and sends none for this long is snubbed. */
const SNUB_MS = 60_000;
/** After a refusal a peer is not asked again at once, or the two would spin. */
const AFTER_REJECT_MS = 1_000;

/** What a peer needs of its torrent. */
export interface PeerHost {
  now(): number;
  /** It said who it is (BEP 10), perhaps again. */
  onIntroduced(peer: Peer): void;
  /** It said what it has: the torrent may find it useless. */
  onHavesChanged(peer: Peer): void;
  /** It has a DHT node, on this port. */
  onDhtPort(peer: Peer, port: number): void;
  /** Its interest changed: the slots may be dealt anew. */
  onInterest(peer: Peer): void;
  onReceived(peer: Peer, bytes: number): void;
  onPeerClosed(peer: Peer, reason: string): void;
  onPeerBanned(peer: Peer, reason: string): void;
}

/** What the torrent's content gives to each peer, once its geometry is known. */
export interface PeerContent {
  readonly download: Download;
  readonly slot: DownloadSlot;
  readonly upload: Upload;
}

/** One wire peer of a torrent. */
export class Peer implements BlockSource, ConnectionOwner {
  readonly id: PeerId;
  readonly connectedAt: number;
  /** Payload received from and sent to this peer. */
  readonly down: RateMeter = new RateMeter();
  readonly up: RateMeter = new RateMeter();
  /** Where it listens, once known: the dialled address, or what its extended handshake tells. */
  listenAddress: string | null;
  readonly #connection: Connection;
  readonly #host: PeerHost;
  readonly #pipeline: RequestPipeline = new RequestPipeline(this.down);
  #content: PeerContent | undefined;
  #lastBlockAt: number;
  #holdUntil = 0;

  constructor(connection: Connection, peerId: Uint8Array, host: PeerHost) {
    this.#connection = connection;
    this.#host = host;
    this.id = new PeerId(peerId);
    this.connectedAt = host.now();
    this.#lastBlockAt = this.connectedAt;
    this.listenAddress = connection.outgoing ? connection.address : null;
  }

  get name(): string {
    return this.#connection.address;
  }

  get outgoing(): boolean {
    return this.#connection.outgoing;
  }

  get wire(): Wire {
    return this.#connection.wire;
  }

  get closed(): boolean {
    return this.#connection.closed;
  }

  get snubbed(): boolean {
    return this.#pipeline.snubbed;
  }

  /** No payload went either way. */
  get isFruitless(): boolean {
    return this.down.total === 0 && this.up.total === 0;
  }

  /** Has every piece, as far as is known. */
  get isSeed(): boolean {
    return this.wire.peerHave?.isFull === true;
  }

  /** How much of the torrent it has, 0 to 1. */
  get progress(): number {
    const have = this.wire.peerHave;
    return have && have.length > 0 ? have.count / have.length : 0;
  }

  /** Will not download: a seed, or one that has all it wants (BEP 21). */
  get isUploadOnly(): boolean {
    return this.isSeed || this.wire.peerHandshake?.uploadOnly === true;
  }

  /** Asks for nothing and gives nothing while its stream is held: then nobody is to blame. */
  get #silentSince(): number {
    return Math.max(this.#lastBlockAt, this.#connection.readingSince);
  }

  /** Called once, when the torrent's geometry is known. */
  setContent(content: PeerContent): void {
    this.#content = content;
    if (this.wire.peerHave) content.download.setHave(content.slot, this.wire.peerHave);
    this.reconsider();
  }

  close(reason: string): void {
    this.#connection.close(reason);
  }

  snapshot(now: number): Omit<PeerSnapshot, 'sources'> {
    const { amChoking, amInterested, peerChoking, peerInterested, outstanding, peerRequestCount } = this.wire;
    return {
      address: this.name,
      client: this.wire.peerHandshake?.client ?? this.id.client,
      outgoing: this.outgoing,
      progress: this.progress,
      downRate: this.down.rate(now),
      upRate: this.up.rate(now),
      downloaded: this.down.total,
      uploaded: this.up.total,
      amChoking,
      amInterested,
      peerChoking,
      peerInterested,
      snubbed: this.snubbed,
      uploadOnly: this.isUploadOnly,
      requests: outstanding,
      peerRequests: peerRequestCount,
    };
  }

  // BlockSource

  request(piece: number, begin: number, length: number): void {
    this.wire.request(piece, begin, length);
  }

  cancel(piece: number, begin: number, length: number): void {
    this.wire.cancel(piece, begin, length);
    this.#connection.flushSoon();
  }

  ban(reason: string): void {
    this.#host.onPeerBanned(this, reason);
  }

  // What the torrent tells it

  have(piece: number): void {
    this.wire.have(piece);
    this.reconsider();
    this.#connection.flushSoon();
  }

  setChoking(choking: boolean): void {
    if (choking) this.wire.choke();
    else this.wire.unchoke();
    this.#connection.flushSoon();
  }

  /** Interest and open places anew. */
  reconsider(): void {
    const content = this.#content;
    if (!content || this.closed) return;
    const interesting = content.download.isInteresting(content.slot);
    if (interesting && !this.wire.amInterested) this.wire.interested();
    else if (!interesting && this.wire.amInterested) this.wire.notInterested();
    this.#fill(1);
    this.#connection.flushSoon();
  }

  /** Snubbing and held requests; the connection's own time-outs are the session's to tick. */
  tick(now: number): void {
    const content = this.#content;
    if (!content || this.closed) return;
    if (content.slot.requests.size > 0 && now - this.#silentSince > SNUB_MS && !this.snubbed) {
      this.#pipeline.snub();
      content.download.releaseAll(content.slot);
    }
    if (this.#holdUntil !== 0 && now >= this.#holdUntil) {
      this.#holdUntil = 0;
      this.#fill(1);
      this.#connection.flushSoon();
    }
  }

  // ConnectionOwner

  onEvent(event: WireEvent): void {
    const content = this.#content;
    switch (event.type) {
      case 'blockPart': {
        if (!event.wanted || !content) return;
        const { bytes } = event;
        content.download.part(content.slot, event.piece, event.begin + event.offset, bytes);
        this.down.add(bytes.length, this.#host.now());
        this.#host.onReceived(this, bytes.length);
        return;
      }
      case 'blockEnd':
        if (!event.wanted || !content) return;
        this.#lastBlockAt = this.#host.now();
        this.#pipeline.received(this.#lastBlockAt);
        content.download.block(content.slot, event.piece, event.begin);
        return;
      case 'blockBegin':
        return;
      case 'choke':
        content?.download.release(content.slot, event.dropped);
        return;
      case 'unchoke':
        this.#lastBlockAt = this.#host.now();
        this.#fill(1);
        return;
      case 'interested':
      case 'notInterested':
        this.#host.onInterest(this);
        return;
      case 'have':
        content?.download.addHave(content.slot, event.piece);
        this.#onHaveChanged();
        return;
      case 'haves':
        if (content && this.wire.peerHave) content.download.setHave(content.slot, this.wire.peerHave);
        this.#onHaveChanged();
        return;
      case 'request':
      case 'cancel':
        return;
      case 'reject':
        if (!this.wire.peerChoking) this.#holdUntil = this.#host.now() + AFTER_REJECT_MS;
        content?.download.release(content.slot, [event]);
        return;
      case 'extendedHandshake':
        if (event.handshake.reqq !== undefined) this.#pipeline.setLimit(event.handshake.reqq);
        this.#host.onIntroduced(this);
        return;
      case 'suggest':
        content?.download.suggest(content.slot, event.piece);
        return;
      case 'allowedFast':
        content?.download.allowFast(content.slot, event.piece);
        this.#fill(1);
        return;
      case 'dontHave':
        content?.download.removeHave(content.slot, event.piece);
        this.#onHaveChanged();
        return;
      case 'port':
        this.#host.onDhtPort(this, event.port);
        return;
      case 'handshake':
        return;
      case 'closed':
        return;
      default:
        unreachable(event);
    }
  }

  onChunkEnd(): void {
    this.#fill(this.#pipeline.batch);
    this.#content?.upload.serve();
  }

  onWritable(): void {
    this.#content?.upload.serve();
  }

  onClosed(reason: string): void {
    const content = this.#content;
    this.#content = undefined;
    content?.upload.stop();
    content?.download.leave(content.slot);
    this.#host.onPeerClosed(this, reason);
  }

  #onHaveChanged(): void {
    this.#host.onHavesChanged(this);
    this.reconsider();
  }

  /** Asks for more blocks where at least `batch` places are open. */
  #fill(batch: number): void {
    const content = this.#content;
    if (!content || !this.wire.amInterested || this.#holdUntil !== 0) return;
    const choked = this.wire.peerChoking;
    if (choked && !content.download.hasAllowedFast(content.slot)) return;
    const open = this.#pipeline.depth - content.slot.requests.size;
    if (open < batch) return;
    if (content.slot.requests.size === 0) this.#lastBlockAt = this.#host.now();
    content.download.fill(content.slot, open, choked);
  }
}

function unreachable(event: never): never {
  throw new TypeError(`no such wire event: ${JSON.stringify(event)}`);
}
