// One torrent's life: metadata → checking → downloading → seeding, and beside them paused and error. Owns its content,
// its swarm, its peer sources and its resume data. `state` changes in `#enter` alone.
import type { Metainfo } from '@shoal/metainfo';
import { type Bitfield, type InfoHash, type Layout, PeerId } from '@shoal/primitives';
import type { ByteBudget, FastResume, Hasher } from '@shoal/storage';
import type { Connection } from './connection.ts';
import { Content, type TorrentContent } from './content.ts';
import type {
  AttachedExtension,
  ExtensionTorrent,
  PeerSource,
  SourceStatus,
  SourceTorrent,
  StateStore,
  Timer,
  TorrentExtension,
} from './contracts.ts';
import { SessionError } from './errors.ts';
import { EventHub } from './event-hub.ts';
import type { Peer } from './peer.ts';
import type { PeerListSummary } from './peer-list.ts';
import { decodeResumeData, encodeResumeData } from './resume-data.ts';
import { Swarm, type SwarmHost } from './swarm.ts';

const SAVE_EVERY_MS = 5_000;

export type TorrentState = 'metadata' | 'checking' | 'downloading' | 'seeding';

export type TorrentEvent =
  | { readonly type: 'state'; readonly state: TorrentState; readonly paused: boolean }
  | { readonly type: 'metadata'; readonly metainfo: Metainfo }
  | { readonly type: 'checked'; readonly piece: number }
  | { readonly type: 'piece'; readonly piece: number }
  | { readonly type: 'badPiece'; readonly piece: number; readonly from: readonly string[] }
  /** Every byte of a file (index in `metainfo.files`) is verified. */
  | { readonly type: 'file'; readonly file: number }
  | { readonly type: 'complete' }
  | { readonly type: 'peer'; readonly address: string; readonly client: string }
  | { readonly type: 'peerClosed'; readonly address: string; readonly reason: string }
  | { readonly type: 'banned'; readonly address: string; readonly reason: string }
  | { readonly type: 'sources' }
  | { readonly type: 'error'; readonly error: SessionError }
  /** What is verified could not be remembered; the download goes on. Told again only after a save that worked. */
  | { readonly type: 'saveFailed'; readonly error: SessionError }
  | { readonly type: 'closed' };

/** Sizes in bytes, rates in bytes per second over 20 s. */
export interface TorrentSnapshot {
  readonly state: TorrentState;
  readonly paused: boolean;
  readonly error: SessionError | null;
  readonly bytesTotal: number;
  readonly bytesDone: number;
  /** While checking: how much of what must be read has been. */
  readonly bytesChecked: number;
  readonly pieces: number;
  readonly piecesDone: number;
  readonly downRate: number;
  readonly upRate: number;
  /** Payload of this run, and of all runs. */
  readonly downloaded: number;
  readonly uploaded: number;
  readonly downloadedEver: number;
  readonly uploadedEver: number;
  readonly peers: number;
  readonly seeds: number;
  readonly addresses: PeerListSummary;
  readonly sources: readonly SourceStatus[];
}

/** What a torrent needs of its session. */
export interface TorrentHost extends SwarmHost {
  readonly hasher: Hasher;
  readonly budget: ByteBudget;
  readonly stateStore: StateStore | undefined;
}

export interface TorrentOptions {
  readonly infoHash: InfoHash;
  /** Absent while only the hash is known; `provide` brings it later. */
  readonly content?: TorrentContent;
  readonly private?: boolean;
  readonly sources?: readonly PeerSource[];
  readonly extensions?: readonly TorrentExtension[];
  /** Where resume data is kept; default: the info-hash. */
  readonly stateKey?: string;
  readonly peerIdPrefix: string;
  /** A verified info dictionary came from an extension: parse it, open its storage, and call `provide`. */
  readonly onMetadata?: (info: Uint8Array) => void;
}

export class Torrent {
  readonly infoHash: InfoHash;
  readonly peerId: PeerId;
  readonly #host: TorrentHost;
  readonly #hub = new EventHub<TorrentEvent>();
  readonly #swarm: Swarm;
  readonly #sources: readonly PeerSource[];
  readonly #attached: AttachedExtension[] = [];
  readonly #stateKey: string;
  #private: boolean;
  readonly #onMetadata: ((info: Uint8Array) => void) | undefined;
  #content: Content | undefined;
  #state: TorrentState = 'metadata';
  #paused = false;
  #closed = false;
  #closing: Promise<void> | undefined;
  #error: SessionError | null = null;
  #sourcesRunning = false;
  /** The current start, check or stop; each waits for the one before. */
  #work: Promise<void> = Promise.resolve();
  #bytesChecked = 0;
  /** Payload of former runs; read once, since this run's own saves hold it too. */
  #earlier = { uploaded: 0, downloaded: 0 };
  #resumed = false;
  /** What was known of the files when last asked; enough to go on after a pause where there is no state store. */
  #remembered: FastResume | undefined;
  #saveTimer: Timer | undefined;
  #saving: Promise<void> = Promise.resolve();
  #saveFails = false;

  constructor(host: TorrentHost, options: TorrentOptions) {
    this.#host = host;
    this.infoHash = options.infoHash;
    this.peerId = PeerId.create(options.peerIdPrefix, (length) => host.random.bytes(length));
    this.#private = options.private ?? options.content?.metainfo.private ?? false;
    this.#onMetadata = options.onMetadata;
    this.#sources = options.sources ?? [];
    this.#stateKey = options.stateKey ?? this.infoHash.hex;
    for (const extension of options.extensions ?? []) this.#attached.push(extension.attach(this.#forExtensions()));
    this.#swarm = new Swarm({
      host,
      infoHash: this.infoHash,
      peerId: this.peerId,
      extensions: this.#attached,
      events: {
        onPeerConnected: (peer) => this.#hub.emit({ type: 'peer', address: peer.name, client: peer.id.client }),
        onPeerDisconnected: (peer, reason) => this.#hub.emit({ type: 'peerClosed', address: peer.name, reason }),
        onPeerBanned: (address, reason) => this.#hub.emit({ type: 'banned', address, reason }),
        onReadError: (error) => this.#fail(error),
      },
    });
    if (options.content) this.provide(options.content);
    else void this.#queue(() => this.#start());
  }

  get metainfo(): Metainfo | undefined {
    return this.#content?.metainfo;
  }

  get state(): TorrentState {
    return this.#state;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get error(): SessionError | null {
    return this.#error;
  }

  get name(): string {
    return this.#content?.metainfo.name ?? this.infoHash.hex;
  }

  /** The verified pieces; undefined while the geometry is unknown. A copy. */
  get have(): Bitfield | undefined {
    return this.#content?.have.clone();
  }

  get peers(): readonly Peer[] {
    return [...this.#swarm.peers];
  }

  /** Brings the content of a torrent that was added by its hash alone; checking starts. Throws ERR_METADATA_MISMATCH. */
  provide(content: TorrentContent): void {
    const { metainfo } = content;
    if (!metainfo.infoHash.equals(this.infoHash)) {
      throw new SessionError(
        'ERR_METADATA_MISMATCH',
        `this torrent is ${this.infoHash.hex}, the metadata are of ${metainfo.infoHash.hex}`,
      );
    }
    if (this.#content) return;
    this.#private ||= metainfo.private;
    this.#content = new Content(content, this.#host, {
      onPiece: (piece, files) => this.#onPiece(piece, files),
      onBadPiece: (piece, from) => this.#hub.emit({ type: 'badPiece', piece, from }),
      onStorageError: (error) => this.#fail(error),
      onWork: () => this.#swarm.refill(),
    });
    this.#hub.emit({ type: 'metadata', metainfo });
    void this.#queue(() => this.#start());
  }

  addPeers(addresses: readonly string[], source = 'manual'): void {
    this.#swarm.offer(addresses, source);
  }

  /** Stops exchanging data and says goodbye to the sources; what is here stays. Resolves when that is done. */
  pause(): Promise<void> {
    if (this.#paused || this.#closed) return this.#work;
    this.#paused = true;
    this.#hub.emit({ type: 'state', state: this.#state, paused: true });
    return this.#queue(() => this.#standStill('paused'));
  }

  /** Goes on after `pause` or an error, from what lies on disk. */
  resume(): Promise<void> {
    if ((!this.#paused && !this.#error) || this.#closed) return this.#work;
    this.#paused = false;
    this.#error = null;
    return this.#queue(() => this.#start());
  }

  /** Says goodbye, saves, and lets go of everything. Never rejects. */
  close(): Promise<void> {
    this.#closed = true;
    // In a turn of its own: a listener that hears of it may close the torrent too.
    this.#closing ??= Promise.resolve().then(() => this.#close());
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#hub.emit({ type: 'closed' });
    await this.#queue(() => this.#standStill('the client stops'));
    for (const extension of this.#attached) extension.detach();
    await this.#content?.close();
    this.#hub.close();
  }

  /** An accepted connection for this torrent. */
  adopt(connection: Connection, peerId: Uint8Array): void {
    this.#swarm.adopt(connection, peerId);
  }

  tick(now: number): void {
    this.#swarm.tick(now);
    if (this.#sourcesRunning && this.#state !== 'seeding' && this.#swarm.isStarving) {
      for (const source of this.#sources) source.wantPeers?.();
    }
  }

  subscribe(listener: (event: TorrentEvent) => void): () => void {
    return this.#hub.subscribe(listener);
  }

  events(signal?: AbortSignal): AsyncIterableIterator<TorrentEvent> {
    return this.#hub.iterate(signal);
  }

  /** Resolves once what lies on disk is checked, or at the first error's rejection. */
  whenChecked(): Promise<void> {
    return this.#until(() => this.#state === 'downloading' || this.#state === 'seeding');
  }

  /** Resolves once every wanted piece is verified and written. Rejects with the torrent's error, or when it closes before. */
  whenComplete(): Promise<void> {
    return this.#until(() => this.#state === 'seeding');
  }

  snapshot(): TorrentSnapshot {
    const now = this.#host.clock.now();
    const content = this.#content;
    const { downRate, upRate } = this.#swarm;
    let seeds = 0;
    for (const peer of this.#swarm.peers) if (peer.isSeed) seeds++;
    return {
      state: this.#state,
      paused: this.#paused,
      error: this.#error,
      bytesTotal: content?.layout.totalLength ?? 0,
      bytesDone: content?.bytesDone ?? 0,
      bytesChecked: this.#bytesChecked,
      pieces: content?.layout.pieceCount ?? 0,
      piecesDone: content?.have.count ?? 0,
      downRate: downRate.rate(now),
      upRate: upRate.rate(now),
      downloaded: downRate.total,
      uploaded: upRate.total,
      downloadedEver: this.#earlier.downloaded + downRate.total,
      uploadedEver: this.#earlier.uploaded + upRate.total,
      peers: this.#swarm.size,
      seeds,
      addresses: this.#swarm.addresses,
      sources: this.#sources.flatMap((source) => source.status()),
    };
  }

  /** From paused, error or new to exchanging data: what lies on disk is checked first. */
  async #start(): Promise<void> {
    if (this.#stopped) return;
    const content = this.#content;
    if (content) {
      this.#enter('checking');
      const hashed = await this.#check(content);
      if (this.#stopped) return;
      this.#swarm.setContent(content);
      this.#enter(content.isComplete ? 'seeding' : 'downloading');
      if (hashed) this.#saveSoon();
    } else {
      this.#enter('metadata');
    }
    this.#swarm.open();
    this.#startSources();
  }

  get #stopped(): boolean {
    return this.#paused || this.#closed || this.#error !== null;
  }

  async #check(content: Content): Promise<boolean> {
    const saved = await this.#loadResume(content.layout);
    this.#bytesChecked = 0;
    return content.check(
      saved,
      () => !this.#stopped,
      (piece) => {
        this.#bytesChecked += content.layout.pieceSize(piece);
        this.#hub.emit({ type: 'checked', piece });
      },
    );
  }

  async #loadResume(layout: Layout): Promise<FastResume | undefined> {
    const bytes = await this.#host.stateStore?.load(this.#stateKey);
    const data = bytes && decodeResumeData(bytes, this.infoHash, layout);
    if (data && !this.#resumed) this.#earlier = { uploaded: data.uploaded, downloaded: data.downloaded };
    this.#resumed = true;
    return data?.storage ?? this.#remembered;
  }

  #onPiece(piece: number, files: readonly number[]): void {
    this.#hub.emit({ type: 'piece', piece });
    this.#swarm.announcePiece(piece);
    this.#saveSoon();
    for (const file of files) this.#hub.emit({ type: 'file', file });
    if (!this.#content?.isComplete || this.#state !== 'downloading') return;
    this.#enter('seeding');
    for (const source of this.#sources) if (this.#sourcesRunning) source.complete();
    this.#hub.emit({ type: 'complete' });
    this.#swarm.dropSeeds();
    void this.#save();
  }

  #startSources(): void {
    if (this.#sourcesRunning) return;
    this.#sourcesRunning = true;
    for (const source of this.#sources) source.start(this.#forSource(source.name));
  }

  async #stopSources(): Promise<void> {
    if (!this.#sourcesRunning) return;
    this.#sourcesRunning = false;
    await Promise.all(this.#sources.map((source) => source.stop()));
  }

  /** No peers, no sources; what arrived is on disk and the resume data say so. */
  async #standStill(reason: string): Promise<void> {
    this.#swarm.close(reason);
    this.#saveTimer?.cancel();
    this.#saveTimer = undefined;
    await Promise.all([this.#stopSources(), this.#content?.download.finish()]);
    if (this.#content && this.#state !== 'checking') await this.#save();
  }

  #fail(error: unknown): void {
    if (this.#error || this.#closed) return;
    const message = error instanceof Error ? error.message : String(error);
    this.#error = new SessionError('ERR_STORAGE', message, error);
    this.#hub.emit({ type: 'error', error: this.#error });
    void this.#queue(() => this.#standStill('the torrent stopped on an error'));
  }

  #saveSoon(): void {
    if (this.#saveTimer || this.#stopped || !this.#host.stateStore) return;
    this.#saveTimer = this.#host.clock.setTimer(() => {
      this.#saveTimer = undefined;
      void this.#save();
    }, SAVE_EVERY_MS);
  }

  /** One save at a time. A save that fails is tried again with the next piece: the download itself goes on. */
  #save(): Promise<void> {
    this.#saving = this.#saving
      .then(() => this.#saveNow())
      .then(
        () => {
          this.#saveFails = false;
        },
        (error: unknown) => this.#saveFailed(error),
      );
    return this.#saving;
  }

  #saveFailed(cause: unknown): void {
    if (this.#saveFails || this.#error) return;
    this.#saveFails = true;
    const message = cause instanceof Error ? cause.message : String(cause);
    this.#hub.emit({ type: 'saveFailed', error: new SessionError('ERR_SAVE', message, cause) });
  }

  async #saveNow(): Promise<void> {
    if (!this.#content) return;
    const storage = await this.#content.resumeData();
    this.#remembered = storage;
    const { downloadedEver, uploadedEver } = this.snapshot();
    const bytes = encodeResumeData(this.infoHash, { storage, downloaded: downloadedEver, uploaded: uploadedEver });
    await this.#host.stateStore?.save(this.#stateKey, bytes);
  }

  #queue(step: () => Promise<void> | void): Promise<void> {
    this.#work = this.#work.then(step).catch((error: unknown) => this.#fail(error));
    return this.#work;
  }

  #until(reached: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (): boolean => {
        if (this.#error) reject(this.#error);
        else if (reached()) resolve();
        else if (this.#closed) reject(new SessionError('ERR_SESSION_CLOSED', 'the torrent was closed before that'));
        else return false;
        return true;
      };
      if (settle()) return;
      const unsubscribe = this.#hub.subscribe(() => {
        if (settle()) unsubscribe();
      });
    });
  }

  #enter(state: TorrentState): void {
    this.#state = state;
    this.#hub.emit({ type: 'state', state, paused: this.#paused });
  }

  #left(): number {
    const content = this.#content;
    return content ? content.layout.totalLength - content.bytesDone : 1;
  }

  #forSource(name: string): SourceTorrent {
    const isPrivate = (): boolean => this.#private;
    return {
      infoHash: this.infoHash.wireKey,
      peerId: this.peerId.bytes,
      get private() {
        return isPrivate();
      },
      port: () => this.#host.port(),
      counters: () => ({
        uploaded: this.#swarm.upRate.total,
        downloaded: this.#swarm.downRate.total,
        left: this.#left(),
      }),
      offerPeers: (addresses) => this.#swarm.offer(addresses, name),
      statusChanged: () => this.#hub.emit({ type: 'sources' }),
    };
  }

  #forExtensions(): ExtensionTorrent {
    const isPrivate = (): boolean => this.#private;
    return {
      hashes: [this.infoHash],
      get private() {
        return isPrivate();
      },
      peers: () => this.#swarm.extensionPeers(),
      offerPeers: (addresses) => this.#swarm.offer(addresses, 'extension'),
      info: () => this.#content?.metainfo.infoBytes,
      offerMetadata: (info) => this.#onMetadata?.(info),
    };
  }
}
