// One running seeder: a client, the folder's torrents, the tracker and the page, from start to stop.
import { join, resolve } from 'node:path';
import { CLIENT_DEFAULTS, type Client, createClient, type Torrent } from '@shoal/client';
import { type HttpAddress, type HttpService, listenHttp } from '@shoal/http-service';
import { displayFiles } from '@shoal/metainfo';
import { createFolderStateStore, DiskStorage, type FolderStateStore, OpenFiles } from '@shoal/storage/node';
import { createTrackerClient, type TrackerClient } from '@shoal/tracker/node';
import { type Clock, systemClock } from './clock.ts';
import { SeederError, wordsFor } from './errors.ts';
import type { SeederEvent, TorrentFacts } from './events.ts';
import { type Library, type LibraryEntry, openLibrary } from './folder/library.ts';
import { Shelf } from './folder/shelf.ts';
import type { SeededTorrent } from './folder/slot.ts';
import { OwnTracker } from './own-tracker.ts';
import { Trackers } from './trackers.ts';
import type { PageAssets } from './web/page-assets.ts';
import { createWeb } from './web/web.ts';

export interface SeederOptions {
  readonly dir: string;
  readonly http: HttpAddress;
  /** The page's script and style. */
  readonly assets: PageAssets;
  /** TCP port for peers; 0: chosen by the system. */
  readonly port?: number;
  /** UDP port of the tracker, 0: chosen by the system. Default: it answers over HTTP alone. */
  readonly udp?: number | undefined;
  /** Local address for peers. Default: all. */
  readonly bind?: string | undefined;
  /** Where others reach the page; without a slash at its end. */
  readonly publicUrl?: string | undefined;
  /** Trackers besides our own. */
  readonly tracker?: readonly string[];
  /** Found through the DHT too, on the UDP port of the peers' number. Default: no. */
  readonly dht?: boolean;
  /** `HOST:PORT`s of nodes to begin with. Default: the public ones. */
  readonly dhtBootstrap?: readonly string[];
  /** Found in the local network too. Default: no. */
  readonly lsd?: boolean;
  /** Outside `dir`. */
  readonly stateDir: string;
  readonly private?: boolean;
  /** Milliseconds an entry must stay as it is; default 5,000. */
  readonly settle?: number;
  /** Milliseconds between looks at the whole folder; default 60,000. */
  readonly rescan?: number;
  /** Bytes a second. */
  readonly limitUp?: number | undefined;
  readonly maxConnections?: number;
  readonly maxPeers?: number;
  readonly slots?: number;
  /** Page, API and metrics ask for it. */
  readonly token?: string | undefined;
  readonly clock?: Clock;
  readonly onEvent?: (event: SeederEvent) => void;
}

/** What a stop may take, from the signal to the end. */
const STOP_MS = 2_000;
const PROGRESS_EVERY_MS = 1_000;

/** What a seeder is put together from. */
interface Parts {
  readonly options: SeederOptions;
  readonly client: Client;
  readonly library: Library;
  readonly stateDir: string;
}

export class Seeder {
  readonly #options: SeederOptions;
  readonly #client: Client;
  readonly #library: Library;
  readonly #clock: Clock;
  readonly #tracker: OwnTracker;
  readonly #trackerClient: TrackerClient;
  readonly #trackers: Trackers;
  readonly #shelf: Shelf;
  /** The session's own, for torrents that are not in it. */
  readonly #resume: FolderStateStore;
  /** Of all torrents: thousands, each with a file open, are more than a process may have. */
  readonly #openFiles: OpenFiles = new OpenFiles({ limit: CLIENT_DEFAULTS.maxOpenFiles });
  readonly #startedAt: number;
  readonly #toldAt: Map<string, number> = new Map();
  /** Payload of torrents that are gone. */
  #uploadedBefore = 0;
  #http: HttpService | undefined;
  #closing: Promise<void> | undefined;

  /** Use `startSeeder`. */
  constructor({ options, client, library, stateDir }: Parts) {
    const { bind, publicUrl, tracker: others = [] } = options;
    this.#options = options;
    this.#client = client;
    this.#library = library;
    this.#clock = options.clock ?? systemClock;
    this.#startedAt = this.#clock.now();
    this.#tracker = new OwnTracker({
      bind,
      ...(options.udp === undefined ? {} : { udp: { host: options.http.host, port: options.udp } }),
      stateFile: join(stateDir, 'swarms'),
      onError: (error) => this.#report('warning', null, null, error),
    });
    this.#trackerClient = createTrackerClient(bind === undefined ? {} : { bind });
    this.#trackers = new Trackers({
      own: this.#tracker,
      client: this.#trackerClient,
      clock: this.#clock,
      others,
      publicUrl,
      http: { host: options.http.host, port: () => this.#http?.port ?? options.http.port },
      bind,
    });
    this.#resume = createFolderStateStore(join(stateDir, 'resume'));
    this.#shelf = new Shelf({
      library,
      clock: this.#clock,
      settleMs: options.settle ?? 5_000,
      rescanMs: options.rescan ?? 60_000,
      add: (entry) => this.#add(entry),
      remove: (torrent, remembered) => this.#remove(torrent, remembered),
      onSeeding: (entry, torrent) => this.#seeding(entry, torrent),
      onRemoved: ({ entry }) => {
        const infoHash = entry.metainfo.infoHash.hex;
        this.#emit({ event: 'removed', infoHash, name: entry.name });
      },
      onWaiting: (name) => this.#emit({ event: 'waiting', infoHash: null, name }),
      onProgress: (name, bytesDone, bytesTotal) => this.#progress(name, bytesDone, bytesTotal),
      onFault: (level, name, error) => this.#report(level, name, null, error),
    });
  }

  /** The page's URL, as this machine reaches it. */
  get url(): string {
    return `${this.#trackers.origin}/`;
  }

  /** TCP port of the peers. */
  get port(): number {
    return this.#client.port;
  }

  /** UDP port of the tracker; undefined where it has none. */
  get udpPort(): number | undefined {
    return this.#tracker.udpPort;
  }

  get torrents(): readonly SeededTorrent[] {
    return this.#shelf.seeded();
  }

  get shelf(): Shelf {
    return this.#shelf;
  }

  /** Payload bytes sent in this run. */
  get uploaded(): number {
    return this.torrents.reduce((sum, { torrent }) => sum + torrent.snapshot().uploaded, this.#uploadedBefore);
  }

  /** Begins to listen and to seed. Rejects ERR_SEEDER_LISTEN. */
  async open(): Promise<void> {
    await this.#tracker.open().catch((error: unknown) => {
      const words = `cannot listen on UDP port ${this.#options.udp}: ${wordsFor(error)} (choose another with --udp)`;
      throw new SeederError('ERR_SEEDER_LISTEN', words, error);
    });
    const { publicUrl, token, assets } = this.#options;
    const [tracker, trackers, shelf, clock] = [this.#tracker, this.#trackers, this.#shelf, this.#clock];
    const uploaded = (): number => this.uploaded;
    const { web, first } = createWeb({ shelf, tracker, trackers, clock, publicUrl, token, assets, uploaded });
    this.#http = await listenHttp(this.#options.http, web, { first }).catch(async (error: unknown) => {
      await this.#tracker.close();
      throw new SeederError('ERR_SEEDER_LISTEN', `${wordsFor(error)} (choose another with --http)`, error);
    });
    this.#shelf.open();
    this.#shelf.whenReady().then(
      () => this.#ready(),
      (error: unknown) => this.#report('error', null, null, error),
    );
  }

  /** Resolves once every entry of the folder is seeded, was reported as an error, or is known to be still written to. */
  whenReady(): Promise<void> {
    return this.#shelf.whenReady();
  }

  /** Looks at the whole folder now. */
  rescan(): void {
    this.#shelf.lookAgain();
  }

  /** Says goodbye, saves, and lets go of everything, within about two seconds. Never rejects. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #ready(): void {
    if (!this.#shelf.isReady) return;
    this.#emit({
      event: 'ready',
      infoHash: null,
      http: this.url,
      announce: this.#trackers.announceUrl(),
      udp: this.#trackers.udpUrl() ?? null,
      port: this.port,
      dht: this.#client.dhtPort ?? null,
      torrents: this.torrents.map((seeded) => this.#factsOf(seeded)),
    });
  }

  #add(entry: LibraryEntry): Torrent {
    const { layout, files } = entry.metainfo;
    // Opened for reading alone: whatever a peer sends, the folder stays as it is.
    const { dir: root } = this.#library;
    const storage = new DiskStorage({ root, layout, files, openFiles: this.#openFiles, readOnly: true });
    const sources = this.#trackers.sourcesOf(entry);
    return this.#client.addContent({ metainfo: entry.metainfo, storage }, { sources });
  }

  async #remove(torrent: Torrent, remembered: 'kept' | 'forgotten'): Promise<void> {
    const { hex } = torrent.infoHash;
    this.#uploadedBefore += torrent.snapshot().uploaded;
    // Its last save would say that its files are missing.
    const saved = remembered === 'kept' ? await this.#resume.load(hex).catch(() => undefined) : undefined;
    await this.#client.session.remove(torrent);
    if (saved) await this.#resume.save(hex, saved);
    else await this.#resume.remove(hex);
  }

  #seeding(entry: LibraryEntry, torrent: Torrent): SeededTorrent {
    const { name, metainfo, warnings } = entry;
    const { hex } = metainfo.infoHash;
    for (const warning of warnings) this.#tell('warning', name, hex, 'ERR_SEEDER_ENTRY', warning);
    torrent.subscribe((event) => {
      if (event.type === 'error' || event.type === 'saveFailed') this.#report('error', name, hex, event.error);
    });
    const size = metainfo.files.reduce((sum, { length, padding }) => sum + (padding ? 0 : length), 0);
    const seeded: SeededTorrent = { entry, torrent, files: displayFiles(metainfo), size };
    this.#toldAt.delete(name);
    this.#emit({ event: 'torrent', ...this.#factsOf(seeded) });
    return seeded;
  }

  #progress(name: string, bytesDone: number, bytesTotal: number): void {
    const now = this.#clock.now();
    // What takes less than that is not worth a line.
    const toldAt = this.#toldAt.get(name);
    if (toldAt === undefined || now - toldAt >= PROGRESS_EVERY_MS) this.#toldAt.set(name, now);
    if (toldAt === undefined || now - toldAt < PROGRESS_EVERY_MS) return;
    this.#emit({ event: 'hashing', infoHash: null, name, bytesDone, bytesTotal });
  }

  #factsOf({ entry, files, size }: SeededTorrent): TorrentFacts {
    const infoHash = entry.metainfo.infoHash.hex;
    const torrent = `${this.#options.publicUrl ?? this.#trackers.origin}/torrents/${infoHash}.torrent`;
    return { name: entry.name, infoHash, size, files: files.length, torrent };
  }

  async #close(): Promise<void> {
    const { uploaded } = this;
    const fault = (error: unknown): void => this.#report('warning', null, null, error);
    const all = Promise.all([
      this.#shelf.close(),
      this.#http?.close(),
      // The seed leaves the tracker before its swarms are written down.
      this.#client.close().then(() => Promise.all([this.#tracker.close(), this.#trackerClient.close()])),
    ]).catch(fault);
    let deadline: { cancel(): void } | undefined;
    const late = new Promise<void>((done) => {
      deadline = this.#clock.setTimer(done, STOP_MS);
    });
    await Promise.race([late, all]);
    deadline?.cancel();
    const seconds = Math.round(this.#clock.now() - this.#startedAt) / 1_000;
    this.#emit({ event: 'stopped', infoHash: null, uploaded, seconds });
  }

  #report(event: 'warning' | 'error', name: string | null, infoHash: string | null, error: unknown): void {
    const code = (error as { code?: unknown } | undefined)?.code;
    this.#tell(event, name, infoHash, typeof code === 'string' ? code : 'ERR_SEEDER_ENTRY', wordsFor(error));
  }

  #tell(event: 'warning' | 'error', name: string | null, infoHash: string | null, code: string, message: string): void {
    this.#emit({ event, infoHash, name, code, message });
  }

  #emit(event: SeederEvent): void {
    this.#options.onEvent?.(event);
  }
}

/**
 * A seeder that listens; `whenReady` tells when the folder is hashed and seeded. Rejects SeederError: ERR_SEEDER_FOLDER,
 * ERR_SEEDER_STATE, ERR_SEEDER_LISTEN.
 */
export async function startSeeder(options: SeederOptions): Promise<Seeder> {
  const stateDir = resolve(options.stateDir);
  const library = await openLibrary({ dir: options.dir, stateDir, private: options.private ?? false });
  const client = await createClient({
    port: options.port ?? 0,
    stateDir: join(stateDir, 'resume'),
    maxConnections: options.maxConnections ?? 500,
    maxPeers: options.maxPeers ?? 200,
    dht: options.dht === true && (options.dhtBootstrap?.length ? { bootstrap: options.dhtBootstrap } : true),
    lsd: options.lsd ?? false,
    ...(options.slots === undefined ? {} : { uploadSlots: options.slots }),
    ...(options.limitUp === undefined ? {} : { upLimit: options.limitUp }),
    ...(options.bind === undefined ? {} : { bind: options.bind }),
  }).catch((error: unknown) => {
    throw new SeederError('ERR_SEEDER_LISTEN', `${wordsFor(error)} (choose another with --port or --bind)`, error);
  });
  const seeder = new Seeder({ options, client, library, stateDir });
  try {
    await seeder.open();
    return seeder;
  } catch (error) {
    await client.close();
    throw error;
  }
}
