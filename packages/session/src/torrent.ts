// One torrent's life: metadata → checking → downloading → seeding, and beside them paused and error. Owns its content
// (picker, store, download), its swarm, its peer sources and its resume data. `state` changes in `#enter` alone.
import type { Metainfo } from '@shoal/metainfo';
import { Picker } from '@shoal/picker';
import { Bitfield, type InfoHash, type Layout, PeerId } from '@shoal/primitives';
import {
  type ByteBudget,
  type FastResume,
  type Hasher,
  type PartialPiece,
  PieceStore,
  planCheck,
  type Storage,
} from '@shoal/storage';
import type { Connection } from './connection.ts';
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
import { Download } from './download.ts';
import { SessionError } from './errors.ts';
import { EventHub } from './event-hub.ts';
import type { Peer } from './peer.ts';
import type { PeerListSummary } from './peer-list.ts';
import { decodeResumeData, encodeResumeData } from './resume-data.ts';
import { Swarm, type SwarmHost } from './swarm.ts';

const SAVE_EVERY_MS = 5_000;
/** Reads and hashes under way while checking. */
const CHECKS_AT_ONCE = 4;

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

/** A torrent's geometry and where its bytes lie. */
export interface TorrentContent {
  readonly metainfo: Metainfo;
  readonly storage: Storage;
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

/** Everything that exists once the geometry is known. */
interface Engine {
  readonly metainfo: Metainfo;
  readonly storage: Storage;
  readonly layout: Layout;
  readonly store: PieceStore;
  picker: Picker;
  download: Download;
  bytesDone: number;
  /** Missing pieces of each file, by file index. */
  missing: Int32Array;
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
  readonly #private: boolean;
  readonly #onMetadata: ((info: Uint8Array) => void) | undefined;
  #engine: Engine | undefined;
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
    return this.#engine?.metainfo;
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
    return this.#engine?.metainfo.name ?? this.infoHash.hex;
  }

  /** The verified pieces; undefined while the geometry is unknown. A copy. */
  get have(): Bitfield | undefined {
    return this.#engine?.picker.have.clone();
  }

  get peers(): readonly Peer[] {
    return [...this.#swarm.peers];
  }

  /** Brings the content of a torrent that was added by its hash alone; checking starts. Throws ERR_METADATA_MISMATCH. */
  provide(content: TorrentContent): void {
    const { metainfo, storage } = content;
    if (!metainfo.infoHash.equals(this.infoHash)) {
      throw new SessionError(
        'ERR_METADATA_MISMATCH',
        `this torrent is ${this.infoHash.hex}, the metadata are of ${metainfo.infoHash.hex}`,
      );
    }
    if (this.#engine) return;
    const { layout } = metainfo;
    const store = new PieceStore({
      layout,
      storage,
      hasher: this.#host.hasher,
      expectation: (piece) => ({ sha1: metainfo.pieceHash(piece) }),
      budget: this.#host.budget,
      onError: (error) => this.#fail(error),
    });
    const picker = this.#newPicker(layout, new Bitfield(layout.pieceCount));
    this.#engine = {
      metainfo,
      storage,
      layout,
      store,
      picker,
      download: this.#newDownload(layout, picker, store),
      bytesDone: 0,
      missing: new Int32Array(layout.files.length),
    };
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
    this.#engine?.download.stop();
    await this.#engine?.store.close().catch(() => undefined);
    await this.#engine?.storage.close().catch(() => undefined);
    this.#hub.close();
  }

  /** An accepted connection for this torrent. */
  adopt(connection: Connection, peerId: Uint8Array): void {
    this.#swarm.adopt(connection, peerId);
  }

  tick(now: number): void {
    this.#swarm.tick(now);
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
    const engine = this.#engine;
    const { downRate, upRate } = this.#swarm;
    let seeds = 0;
    for (const peer of this.#swarm.peers) if (peer.isSeed) seeds++;
    return {
      state: this.#state,
      paused: this.#paused,
      error: this.#error,
      bytesTotal: engine?.layout.totalLength ?? 0,
      bytesDone: engine?.bytesDone ?? 0,
      bytesChecked: this.#bytesChecked,
      pieces: engine?.layout.pieceCount ?? 0,
      piecesDone: engine?.picker.have.count ?? 0,
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
    const engine = this.#engine;
    if (engine) {
      this.#enter('checking');
      await engine.storage.open();
      await this.#check(engine);
      if (this.#stopped) return;
      this.#swarm.setContent(engine);
      this.#enter(engine.picker.isComplete ? 'seeding' : 'downloading');
    } else {
      this.#enter('metadata');
    }
    this.#swarm.open();
    this.#startSources();
  }

  get #stopped(): boolean {
    return this.#paused || this.#closed || this.#error !== null;
  }

  /** Finds out which pieces are here: those the resume data vouch for, and what hashing finds among the rest. */
  async #check(engine: Engine): Promise<void> {
    const saved = await this.#loadResume(engine.layout);
    const plan = planCheck(engine.layout, saved, await engine.storage.stamps());
    const have = plan.trusted.clone();
    this.#bytesChecked = 0;
    const pieces = plan.check.values();
    const worker = async (): Promise<void> => {
      for (const piece of pieces) {
        if (this.#stopped) return;
        if ((await engine.store.check(piece)) === 'ok') have.set(piece);
        this.#bytesChecked += engine.layout.pieceSize(piece);
        this.#hub.emit({ type: 'checked', piece });
      }
    };
    await Promise.all(Array.from({ length: CHECKS_AT_ONCE }, worker));
    engine.download.stop();
    engine.picker = this.#newPicker(engine.layout, have);
    engine.download = this.#newDownload(engine.layout, engine.picker, engine.store);
    this.#count(engine);
    engine.store.trust(plan.trusted);
    for (const { piece, blocks } of plan.partial) engine.store.restore(piece, blocks);
    for (const { piece, blocks } of [...engine.store.pending()]) engine.download.restore(piece, blocks);
  }

  async #loadResume(layout: Layout): Promise<FastResume | undefined> {
    const bytes = await this.#host.stateStore?.load(this.#stateKey);
    const data = bytes && decodeResumeData(bytes, this.infoHash, layout);
    if (data && !this.#resumed) this.#earlier = { uploaded: data.uploaded, downloaded: data.downloaded };
    this.#resumed = true;
    return data?.storage ?? this.#remembered;
  }

  #newPicker(layout: Layout, have: Bitfield): Picker {
    return new Picker({ geometry: layout, have, random: () => this.#host.random.number() });
  }

  #newDownload(layout: Layout, picker: Picker, store: PieceStore): Download {
    return new Download({
      layout,
      picker,
      store,
      budget: this.#host.budget,
      events: {
        onPiece: (piece) => this.#onPiece(piece),
        onBadPiece: (piece, from) => this.#hub.emit({ type: 'badPiece', piece, from }),
        onStorageError: (error) => this.#fail(error),
        onWork: () => this.#swarm.refill(),
      },
    });
  }

  #onPiece(piece: number): void {
    const engine = this.#engine;
    if (!engine) return;
    this.#hub.emit({ type: 'piece', piece });
    this.#swarm.announcePiece(piece);
    this.#saveSoon();
    this.#countPiece(engine, piece);
    if (!engine.picker.isComplete || this.#state !== 'downloading') return;
    this.#enter('seeding');
    for (const source of this.#sources) if (this.#sourcesRunning) source.complete();
    this.#hub.emit({ type: 'complete' });
    this.#swarm.dropSeeds();
    void this.#save();
  }

  /** Sums up what is here and what each file lacks; afterwards both are kept piece by piece. */
  #count(engine: Engine): void {
    const { layout, picker, missing } = engine;
    engine.bytesDone = 0;
    missing.fill(0);
    for (let piece = 0; piece < layout.pieceCount; piece++) {
      if (picker.have.has(piece)) engine.bytesDone += layout.pieceSize(piece);
      else for (const { file } of layout.spans(piece)) (missing[file] as number)++;
    }
  }

  #countPiece(engine: Engine, piece: number): void {
    engine.bytesDone += engine.layout.pieceSize(piece);
    for (const { file, padding } of engine.layout.spans(piece)) {
      const left = (engine.missing[file] as number) - 1;
      engine.missing[file] = left;
      if (left === 0 && !padding) this.#hub.emit({ type: 'file', file });
    }
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
    const engine = this.#engine;
    await Promise.all([this.#stopSources(), engine?.download.finish()]);
    if (engine && this.#state !== 'checking') await this.#save();
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
    this.#saving = this.#saving.then(() => this.#saveNow()).catch(() => undefined);
    return this.#saving;
  }

  async #saveNow(): Promise<void> {
    const engine = this.#engine;
    if (!engine) return;
    await engine.storage.flush();
    // Stamps first: a piece written after them makes them stale, and is then found by hashing instead of being lost.
    const stamps = await engine.storage.stamps();
    const storage = { have: engine.picker.have.clone(), stamps, partial: storedBlocks(engine.store) };
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
    const engine = this.#engine;
    return engine ? engine.layout.totalLength - engine.bytesDone : 1;
  }

  #forSource(name: string): SourceTorrent {
    return {
      infoHash: this.infoHash.wireKey,
      peerId: this.peerId.bytes,
      private: this.#private,
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
    return {
      hashes: [this.infoHash],
      private: this.#private,
      peers: () => this.#swarm.extensionPeers(),
      offerPeers: (addresses) => this.#swarm.offer(addresses, 'extension'),
      info: () => this.#engine?.metainfo.infoBytes,
      offerMetadata: (info) => this.#onMetadata?.(info),
    };
  }
}

/** Blocks of unfinished pieces that lie on disk; those in memory alone are not there after a crash. */
function storedBlocks(store: PieceStore): PartialPiece[] {
  return [...store.pending()]
    .filter(({ stored }) => stored.length > 0)
    .map(({ piece, stored }) => ({ piece, blocks: stored }));
}
