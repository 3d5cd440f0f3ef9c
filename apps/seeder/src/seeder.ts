// One running seeder: a client, the folder's torrents, the tracker and the page, from start to stop.
// Invariant: nobody but `#scan` and `close` changes what is seeded; what is listed is complete and takes peers.
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { type Client, createClient, type Torrent } from '@shoal/client';
import { type HttpAddress, type HttpService, isWildcard, listenHttp, originOf } from '@shoal/http-service';
import { displayFiles } from '@shoal/metainfo';
import { DiskStorage } from '@shoal/storage/node';
import type { Catalog, SeededTorrent } from './catalog.ts';
import { SeederError, wordsFor } from './errors.ts';
import type { SeederEvent, TorrentFacts } from './events.ts';
import { type Library, type LibraryEntry, openLibrary } from './library.ts';
import { OwnTracker } from './own-tracker.ts';
import { createWeb } from './web.ts';

export interface SeederOptions {
  readonly dir: string;
  readonly http: HttpAddress;
  /** TCP port for peers; 0: chosen by the system. */
  readonly port?: number;
  /** Local address for peers. Default: all. */
  readonly bind?: string | undefined;
  /** Where others reach the page; without a slash at its end. */
  readonly publicUrl?: string | undefined;
  /** Default: `.shoal-seeder` in `dir`. */
  readonly stateDir?: string | undefined;
  readonly private?: boolean;
  readonly onEvent?: (event: SeederEvent) => void;
}

/** What a stop may take, from the signal to the end. */
const STOP_MS = 2_000;
const PROGRESS_EVERY_MS = 1_000;
const MAX_CONNECTIONS = 500;
const MAX_PEERS = 200;

export class Seeder implements Catalog {
  readonly #options: SeederOptions;
  readonly #client: Client;
  readonly #library: Library;
  readonly #tracker: OwnTracker;
  readonly #abort = new AbortController();
  readonly #startedAt = performance.now();
  readonly #seeded = new Map<string, SeededTorrent>();
  #http: HttpService | undefined;
  #hashing: Catalog['hashing'] = null;
  #isReady = false;
  #scanning: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  /** Use `startSeeder`. */
  constructor(options: SeederOptions, client: Client, library: Library) {
    this.#options = options;
    this.#client = client;
    this.#library = library;
    this.#tracker = new OwnTracker({
      bind: options.bind,
      onError: (error) => this.#report('error', null, null, error),
    });
  }

  /** The page's URL, as this machine reaches it. */
  get url(): string {
    return `${this.#origin}/`;
  }

  /** TCP port of the peers. */
  get port(): number {
    return this.#client.port;
  }

  get torrents(): readonly SeededTorrent[] {
    return [...this.#seeded.values()];
  }

  get hashing(): Catalog['hashing'] {
    return this.#hashing;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  find(infoHash: string): SeededTorrent | undefined {
    return this.#seeded.get(infoHash);
  }

  announceUrl(hostHeader: string | undefined): string {
    const { publicUrl, http } = this.#options;
    // Bound to every address, there is no one name for us: who asks for a torrent can reach us where it asked.
    const asked = isWildcard(http.host) && hostHeader !== undefined ? `http://${hostHeader}` : this.#origin;
    return `${publicUrl ?? asked}/announce`;
  }

  /** Begins to listen and to seed. Rejects ERR_SEEDER_LISTEN. */
  async open(): Promise<void> {
    const web = createWeb({ catalog: this, tracker: this.#tracker, publicUrl: this.#options.publicUrl });
    this.#http = await listenHttp(this.#options.http, web).catch((error: unknown) => {
      throw new SeederError('ERR_SEEDER_LISTEN', `${wordsFor(error)} (choose another with --http)`, error);
    });
    this.#scanning = this.#scan();
  }

  /** Resolves once every entry of the folder is seeded or was reported as an error. */
  async whenReady(): Promise<void> {
    await this.#scanning;
  }

  /** Says goodbye, saves, and lets go of everything, within about two seconds. Never rejects. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get #origin(): string {
    const { host } = this.#options.http;
    return originOf({ host, port: this.#http?.port ?? this.#options.http.port });
  }

  async #scan(): Promise<void> {
    try {
      const { names, passedOver } = await this.#library.scan();
      for (const { name, reason } of passedOver) this.#tell('warning', name, null, 'ERR_SEEDER_ENTRY', reason);
      for (const name of names) {
        if (this.#stopped) return;
        await this.#seed(name).catch((error: unknown) => {
          if (!this.#stopped) this.#report('error', name, null, error);
        });
      }
    } catch (error) {
      this.#report('error', null, null, error);
    } finally {
      this.#hashing = null;
    }
    if (this.#stopped) return;
    this.#isReady = true;
    this.#options.onEvent?.({
      event: 'ready',
      infoHash: null,
      http: this.url,
      announce: this.announceUrl(undefined),
      port: this.port,
      torrents: this.torrents.map((seeded) => this.#factsOf(seeded)),
    });
  }

  async #seed(name: string): Promise<void> {
    const entry = await this.#library.load(name, {
      signal: this.#abort.signal,
      onProgress: this.#progressOf(name),
    });
    for (const warning of entry.warnings) this.#tell('warning', name, null, 'ERR_SEEDER_ENTRY', warning);
    const torrent = this.#add(entry);
    try {
      await torrent.whenChecked();
      if (torrent.state !== 'seeding') throw await this.#incomplete(entry, torrent);
    } catch (error) {
      await this.#client.session.remove(torrent);
      throw error;
    }
    const { infoHash } = entry.metainfo;
    torrent.subscribe((event) => {
      if (event.type === 'error') this.#report('error', name, infoHash.hex, event.error);
    });
    const size = entry.metainfo.layout.totalLength;
    const seeded: SeededTorrent = { entry, torrent, files: displayFiles(entry.metainfo), size };
    this.#seeded.set(infoHash.hex, seeded);
    this.#options.onEvent?.({ event: 'torrent', ...this.#factsOf(seeded) });
  }

  #add({ metainfo }: LibraryEntry): Torrent {
    const { layout, files } = metainfo;
    // Opened for reading alone: whatever a peer sends, the folder stays as it is.
    const storage = new DiskStorage({ root: this.#library.dir, layout, files, readOnly: true });
    return this.#client.session.add({
      infoHash: metainfo.infoHash,
      content: { metainfo, storage },
      sources: [this.#tracker.source()],
    });
  }

  /** The data are not what was hashed, though the files' sizes and times are: they are hashed anew at the next start. */
  async #incomplete(entry: LibraryEntry, torrent: Torrent): Promise<SeederError> {
    const { pieces, piecesDone } = torrent.snapshot();
    await this.#library.forget(entry.name);
    const words = `${pieces - piecesDone} of ${pieces} pieces are not what was hashed: the data changed meanwhile (start again)`;
    return new SeederError('ERR_SEEDER_ENTRY', words);
  }

  #progressOf(name: string): (bytesDone: number, bytesTotal: number) => void {
    // What takes less than that is not worth a line.
    let toldAt = performance.now();
    return (bytesDone, bytesTotal) => {
      this.#hashing = { name, bytesDone, bytesTotal };
      if (performance.now() - toldAt < PROGRESS_EVERY_MS) return;
      toldAt = performance.now();
      this.#options.onEvent?.({ event: 'hashing', infoHash: null, name, bytesDone, bytesTotal });
    };
  }

  #factsOf({ entry, files, size }: SeededTorrent): TorrentFacts {
    const infoHash = entry.metainfo.infoHash.hex;
    const torrent = `${this.#options.publicUrl ?? this.#origin}/torrents/${infoHash}.torrent`;
    return { name: entry.name, infoHash, size, files: files.length, torrent };
  }

  get #stopped(): boolean {
    return this.#closing !== undefined;
  }

  async #close(): Promise<void> {
    this.#abort.abort();
    const uploaded = this.torrents.reduce((sum, { torrent }) => sum + torrent.snapshot().uploaded, 0);
    let deadline: NodeJS.Timeout | undefined;
    const late = new Promise<void>((done) => {
      deadline = setTimeout(done, STOP_MS);
    });
    await Promise.race([late, Promise.all([this.#http?.close(), this.#client.close(), this.#scanning])]);
    clearTimeout(deadline);
    const seconds = Math.round(performance.now() - this.#startedAt) / 1_000;
    this.#options.onEvent?.({ event: 'stopped', infoHash: null, uploaded, seconds });
  }

  #report(event: 'warning' | 'error', name: string | null, infoHash: string | null, error: unknown): void {
    const code = (error as { code?: unknown } | undefined)?.code;
    this.#tell(event, name, infoHash, typeof code === 'string' ? code : 'ERR_SEEDER_ENTRY', wordsFor(error));
  }

  #tell(event: 'warning' | 'error', name: string | null, infoHash: string | null, code: string, message: string): void {
    this.#options.onEvent?.({ event, infoHash, name, code, message });
  }
}

/**
 * A seeder that listens; `whenReady` tells when the folder is hashed and seeded. Rejects SeederError: ERR_SEEDER_FOLDER,
 * ERR_SEEDER_STATE, ERR_SEEDER_LISTEN.
 */
export async function startSeeder(options: SeederOptions): Promise<Seeder> {
  const stateDir = resolve(options.stateDir ?? join(options.dir, '.shoal-seeder'));
  const library = await openLibrary({ dir: options.dir, stateDir, private: options.private ?? false });
  const client = await createClient({
    port: options.port ?? 0,
    stateDir: join(stateDir, 'resume'),
    maxConnections: MAX_CONNECTIONS,
    maxPeers: MAX_PEERS,
    ...(options.bind === undefined ? {} : { bind: options.bind }),
  }).catch((error: unknown) => {
    throw new SeederError('ERR_SEEDER_LISTEN', `${wordsFor(error)} (choose another with --port or --bind)`, error);
  });
  const seeder = new Seeder(options, client, library);
  try {
    await seeder.open();
    return seeder;
  } catch (error) {
    await client.close();
    throw error;
  }
}
