// A session assembled for Node: TCP, trackers, disk, resume data. What both apps use, and what a developer embeds.
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { isMagnet, isSelected, type Metainfo, type MetainfoFile, torrentOf } from '@shoal/metainfo';
import { parseTorrent } from '@shoal/metainfo/node';
import { formatEndpoint, type InfoHash, parseEndpoint } from '@shoal/primitives';
import {
  type DhtNode,
  type PeerSource,
  type Priority,
  Session,
  type StateStore,
  type Torrent,
  type TorrentContent,
  type TorrentExtension,
  type TorrentOptions,
} from '@shoal/session';
import {
  allocateUninitialized,
  createFolderStateStore,
  createNodeHasher,
  DiskStorage,
  OpenFiles,
} from '@shoal/storage/node';
import { TrackerSource } from '@shoal/tracker';
import { createTrackerClient, type TrackerClient } from '@shoal/tracker/node';
import { UtMetadata } from '@shoal/ut-metadata';
import { UtPex } from '@shoal/ut-pex';
import type { ClientDht } from './dht-node.ts';
import { fetchTorrent } from './fetch-torrent.ts';
import { MetadataCache } from './metadata-cache.ts';
import { type ClientOptions, resolveOptions } from './options.ts';
import { nodeClock, nodeRandom } from './platform.ts';
import { createTcpTransport } from './tcp.ts';
import { addressesOf, readSource, type TorrentSource, type UsableMagnet } from './torrent-source.ts';

/** An info dictionary of two million files is as large; a .torrent file may have piece layers besides. */
const LARGEST_TORRENT = 64 * 1024 * 1024;
const NORMAL_PRIORITY: Priority = 4;

/** What a torrent is added with; besides what is said here, as in a session (`TorrentOptions`). */
export interface AddOptions
  extends Pick<TorrentOptions, 'sources' | 'paused' | 'forced' | 'order' | 'shareLimits' | 'downLimit' | 'upLimit'> {
  /** The folder that holds, or will hold, the torrent's top name. */
  readonly dir: string;
  /** Peers to try besides those the trackers know, as `HOST:PORT`. */
  readonly peers?: readonly string[];
  /** Tiers of tracker URLs instead of the torrent's own. */
  readonly trackers?: readonly (readonly string[])[];
  /**
   * One a file, 0 (not wanted) to 7, or who says so once the files are known; of a magnet link the download waits for the
   * answer, and a rejection stops the torrent. Default: what a magnet link selects, else what was chosen in a former run, else all.
   */
  readonly priorities?: readonly Priority[] | ((metainfo: Metainfo) => Choice | Promise<Choice>);
}

/** As in a session. */
export type ContentOptions = Pick<
  TorrentOptions,
  'sources' | 'paused' | 'forced' | 'priorities' | 'order' | 'shareLimits' | 'downLimit' | 'upLimit' | 'stateKey'
>;

type SessionAddOptions = Parameters<Session['add']>[0];

/** Finds peers of any torrent that is not private. */
interface PeerFinder {
  source(): PeerSource;
}

/** Undefined: whatever it would be without. */
type Choice = readonly Priority[] | undefined;

/** Where a torrent's file lies below the download folder. */
export function pathOf(dir: string, file: MetainfoFile): string {
  return resolve(dir, ...file.path);
}

/** A session assembled for Node, with all that finds and serves peers. `createClient` makes one. */
export class Client {
  readonly session: Session;
  readonly #trackers: TrackerClient;
  readonly #dht: ClientDht | undefined;
  readonly #finders: readonly PeerFinder[];
  readonly #extensions: readonly TorrentExtension[];
  readonly #metadata: MetadataCache;
  readonly #closing = new AbortController();
  readonly #openFiles: OpenFiles;
  readonly #allocate: 'sparse' | 'full';

  /** Use `createClient`. */
  constructor(parts: {
    session: Session;
    trackers: TrackerClient;
    dht: ClientDht | undefined;
    finders: readonly PeerFinder[];
    extensions: readonly TorrentExtension[];
    metadata: MetadataCache;
    openFiles: OpenFiles;
    allocate: 'sparse' | 'full';
  }) {
    this.session = parts.session;
    this.#trackers = parts.trackers;
    this.#dht = parts.dht;
    this.#finders = parts.finders;
    this.#extensions = parts.extensions;
    this.#metadata = parts.metadata;
    this.#openFiles = parts.openFiles;
    this.#allocate = parts.allocate;
  }

  /** The UDP port of the DHT node; undefined where there is none. */
  get dhtPort(): number | undefined {
    return this.#dht?.port;
  }

  /** The TCP port that is announced. */
  get port(): number {
    return this.session.port;
  }

  /**
   * Adds a torrent: a .torrent file's path, its bytes, parsed metainfo, or a magnet link, whose metadata come from peers first
   * (BEP 9). What lies in `dir` is checked, then the rest is downloaded, and all of it seeded until `close`. Rejects with the
   * error of whichever package reads it, having added nothing.
   */
  async add(source: TorrentSource, options: AddOptions): Promise<Torrent> {
    const given = await readSource(source);
    const { dir, peers = [], trackers = given.announce, sources: further = [], priorities: wish, ...rest } = options;
    const place: Place = { dir: resolve(dir), trackers, wish };
    const addresses = peers.map((peer) => formatEndpoint(parseEndpoint(peer)));
    const { infoHash } = given;
    const common = {
      ...rest,
      infoHash,
      sources: [...further, ...this.#trackerSources(trackers)],
      stateKey: stateKeyOf(infoHash, place.dir),
    };
    const torrent = isMagnet(given)
      ? await this.#addMagnet(given, common, place)
      : this.#admit({ ...common, ...(await this.#contentOf(given, place)) });
    torrent.addPeers(addresses);
    return torrent;
  }

  /**
   * Adds a torrent whose data are where its storage says, not in a folder as `add` has it. Its sources are those given, and
   * whatever finds peers without trackers. Throws ERR_TORRENT_EXISTS.
   */
  addContent(content: TorrentContent, options: ContentOptions = {}): Torrent {
    return this.#admit({ ...options, infoHash: content.metainfo.infoHash, content });
  }

  /**
   * Moves a torrent's data below another folder while it runs; nothing there is overwritten. Rejects with StorageError, and
   * then everything is where it was.
   */
  async move(torrent: Torrent, dir: string): Promise<void> {
    const to = resolve(dir);
    await torrent.move(to, stateKeyOf(torrent.infoHash, to));
  }

  /** With all that this client speaks. */
  #admit(options: SessionAddOptions): Torrent {
    const metainfo = options.content?.metainfo;
    if (metainfo?.private === false) for (const node of metainfo.nodes) this.#dht?.addNode(formatEndpoint(node));
    return this.session.add({
      ...options,
      sources: [...(options.sources ?? []), ...this.#finders.map((finder) => finder.source())],
      extensions: this.#extensions,
    });
  }

  async #addMagnet(magnet: UsableMagnet, common: SessionAddOptions, place: Place): Promise<Torrent> {
    const parse = (info: Uint8Array): Metainfo => {
      const outer = { announce: place.trackers, webSeeds: magnet.webSeeds };
      const limits = { size: LARGEST_TORRENT };
      return parseTorrent(torrentOf(info, outer, { limits }), { limits });
    };
    const known = await this.#metadata.load(magnet.infoHash);
    let torrent: Torrent;
    if (known) torrent = this.#admit({ ...common, ...(await this.#contentOf(parse(known), place, magnet)) });
    else {
      torrent = this.#admit({
        ...common,
        ...(magnet.name === null ? {} : { name: magnet.name }),
        onMetadata: async (info) => {
          const metainfo = parse(info);
          await this.#metadata.save(magnet.infoHash, info);
          const { content, priorities } = await this.#contentOf(metainfo, place, magnet);
          if (priorities) await torrent.select(priorities);
          return content;
        },
      });
    }
    void addressesOf(magnet.peers).then((addresses) => torrent.addPeers(addresses));
    if (!known) void this.#askWeb(magnet, torrent);
    return torrent;
  }

  /** Where the link says that the .torrent lies on the web (`xs`), one after another; peers may be faster. */
  async #askWeb({ infoHash, sources }: UsableMagnet, torrent: Torrent): Promise<void> {
    const { signal } = this.#closing;
    for (const url of sources) {
      if (torrent.metainfo || signal.aborted) return;
      try {
        const metainfo = parseTorrent(await fetchTorrent(url, { signal, isUntrusted: true }));
        if (metainfo.infoHash.equals(infoHash)) torrent.offerMetadata(metainfo.infoBytes);
      } catch {
        // A link is often older than the place it names: peers are asked all the same.
      }
    }
  }

  async #contentOf(
    metainfo: Metainfo,
    { dir, wish }: Place,
    magnet?: UsableMagnet,
  ): Promise<Pick<TorrentOptions, 'priorities'> & Required<Pick<TorrentOptions, 'content'>>> {
    const storage = new DiskStorage({
      root: dir,
      layout: metainfo.layout,
      files: metainfo.files,
      openFiles: this.#openFiles,
      allocate: this.#allocate,
    });
    const wished = typeof wish === 'function' ? await wish(metainfo) : wish;
    const priorities = wished ?? (magnet && selectionOf(magnet, metainfo));
    return { content: { metainfo, storage }, ...(priorities ? { priorities } : {}) };
  }

  #trackerSources(tiers: readonly (readonly string[])[]): PeerSource[] {
    if (tiers.length === 0) return [];
    const source = new TrackerSource({
      tiers: tiers.map((tier) => [...tier]),
      announce: (url, request, signal, onLate) => this.#trackers.announce(url, request, signal, onLate),
      clock: nodeClock,
      random: () => nodeRandom.number(),
    }) satisfies PeerSource;
    return [source];
  }

  /** Says goodbye, saves and closes everything; nothing keeps the process alive afterwards. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.session.close();
    await Promise.all([this.#trackers.close(), this.#dht?.close()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * A client that listens. Rejects SessionError ERR_LISTEN where the port cannot be had, RangeError where an option is not in
 * its range.
 */
export async function createClient(options: ClientOptions = {}): Promise<Client> {
  const {
    port,
    bind,
    stateDir,
    maxOpenFiles,
    allocate,
    dht: dhtOptions,
    lsd,
    pex,
    ...forSession
  } = resolveOptions(options);
  const local = bind === undefined ? {} : { bind };
  const stateStore: StateStore | undefined = stateDir === undefined ? undefined : createFolderStateStore(stateDir);
  let dht: ClientDht | undefined;
  const session = new Session({
    ...forSession,
    clock: nodeClock,
    random: nodeRandom,
    hasher: createNodeHasher(),
    allocate: allocateUninitialized,
    sha1: digest('sha1'),
    transports: [createTcpTransport({ port, ...local })],
    ...(stateStore ? { stateStore } : {}),
    ...(dhtOptions === false
      ? {}
      : { dht: { port: () => dht?.port ?? 0, addNode: (address) => dht?.addNode(address) } satisfies DhtNode }),
  });
  await session.listen();
  if (dhtOptions !== false) {
    const wish = dhtOptions === true ? {} : dhtOptions;
    const { ClientDht: Node } = await import('./dht-node.ts');
    dht = await Node.start({ ...wish, stateStore, port: session.port, bind }).catch(async (error: unknown) => {
      await session.close();
      throw error;
    });
  }
  return new Client({
    session,
    trackers: createTrackerClient(local),
    dht,
    finders: [...(dht ? [dht] : []), ...(lsd ? [await localDiscovery(lsd === true ? {} : lsd)] : [])],
    extensions: pex ? [metadataExchange, peerExchange] : [metadataExchange],
    metadata: new MetadataCache(stateStore),
    openFiles: new OpenFiles({ limit: maxOpenFiles }),
    allocate,
  });
}

/** Where a torrent's data are to lie, and what is wanted of it. */
interface Place {
  readonly dir: string;
  readonly trackers: readonly (readonly string[])[];
  readonly wish: AddOptions['priorities'];
}

const digest = (algorithm: string) => (bytes: Uint8Array) => createHash(algorithm).update(bytes).digest();

/** BEP 9, for every torrent alike. */
const metadataExchange = new UtMetadata({
  sha1: digest('sha1'),
  sha256: digest('sha256'),
}) satisfies TorrentExtension;

/** BEP 11. */
const peerExchange = new UtPex() satisfies TorrentExtension;

/** What a magnet link selects (BEP 53); undefined: all. So where it selects nothing that there is. */
function selectionOf({ select }: UsableMagnet, { files }: Metainfo): readonly Priority[] | undefined {
  if (select === null || !files.some((_, index) => isSelected(select, index))) return undefined;
  return files.map((_, index) => (isSelected(select, index) ? NORMAL_PRIORITY : 0));
}

/** One torrent may lie in several folders: each has resume data of its own. */
function stateKeyOf(infoHash: InfoHash, dir: string): string {
  return `${infoHash.hex}-${createHash('sha256').update(dir).digest('hex').slice(0, 12)}`;
}

async function localDiscovery(options: { readonly interfaces?: readonly string[] }): Promise<PeerFinder> {
  const { createLocalDiscovery } = await import('@shoal/lsd/node');
  return createLocalDiscovery({ clock: nodeClock, ...options });
}
