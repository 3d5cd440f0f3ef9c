// A session assembled for Node: TCP, trackers, disk, resume data. What both apps use, and what a developer embeds.
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { Metainfo, MetainfoFile } from '@shoal/metainfo';
import { parseTorrent, readMetainfo } from '@shoal/metainfo/node';
import { formatEndpoint, parseEndpoint } from '@shoal/primitives';
import { type PeerSource, Session, type StateStore, type Torrent, type TorrentOptions } from '@shoal/session';
import {
  allocateUninitialized,
  createFolderStateStore,
  createNodeHasher,
  DiskStorage,
  OpenFiles,
} from '@shoal/storage/node';
import { TrackerSource } from '@shoal/tracker';
import { createTrackerClient, type TrackerClient } from '@shoal/tracker/node';
import { type ClientOptions, resolveOptions } from './options.ts';
import { nodeClock, nodeRandom } from './platform.ts';
import { createTcpTransport } from './tcp.ts';

/** What a torrent is added with; besides what is said here, as in a session (`TorrentOptions`). */
export interface AddOptions
  extends Pick<
    TorrentOptions,
    'sources' | 'paused' | 'forced' | 'priorities' | 'order' | 'shareLimits' | 'downLimit' | 'upLimit'
  > {
  /** The folder that holds, or will hold, the torrent's top name. */
  readonly dir: string;
  /** Peers to try besides those the trackers know, as `HOST:PORT`. */
  readonly peers?: readonly string[];
  /** Tiers of tracker URLs instead of the torrent's own. */
  readonly trackers?: readonly (readonly string[])[];
}

/** Where a torrent's file lies below the download folder. */
export function pathOf(dir: string, file: MetainfoFile): string {
  return resolve(dir, ...file.path);
}

export class Client {
  readonly session: Session;
  readonly #trackers: TrackerClient;
  readonly #openFiles: OpenFiles;
  readonly #allocate: 'sparse' | 'full';

  /** Use `createClient`. */
  constructor(parts: { session: Session; trackers: TrackerClient; openFiles: OpenFiles; allocate: 'sparse' | 'full' }) {
    this.session = parts.session;
    this.#trackers = parts.trackers;
    this.#openFiles = parts.openFiles;
    this.#allocate = parts.allocate;
  }

  /** The TCP port that is announced. */
  get port(): number {
    return this.session.port;
  }

  /**
   * Adds a torrent: a .torrent file's path, its bytes, or parsed metainfo. What lies in `dir` is checked first, then the
   * rest is downloaded, and all of it seeded until `close`. Rejects with the error of whichever package reads it, having
   * added nothing.
   */
  async add(source: string | Uint8Array | Metainfo, options: AddOptions): Promise<Torrent> {
    const metainfo = await metainfoOf(source);
    const { dir: folder, peers = [], trackers = metainfo.announce, sources: further = [], ...rest } = options;
    const dir = resolve(folder);
    const addresses = peers.map((peer) => formatEndpoint(parseEndpoint(peer)));
    const sources: PeerSource[] = [...further];
    if (trackers.length > 0) {
      sources.push(
        new TrackerSource({
          tiers: trackers.map((tier) => [...tier]),
          announce: (url, request, signal, onLate) => this.#trackers.announce(url, request, signal, onLate),
          clock: nodeClock,
          random: () => nodeRandom.number(),
        }) satisfies PeerSource,
      );
    }
    const storage = new DiskStorage({
      root: dir,
      layout: metainfo.layout,
      files: metainfo.files,
      openFiles: this.#openFiles,
      allocate: this.#allocate,
    });
    const { infoHash } = metainfo;
    const stateKey = stateKeyOf(metainfo, dir);
    const torrent = this.session.add({ ...rest, infoHash, content: { metainfo, storage }, sources, stateKey });
    torrent.addPeers(addresses);
    return torrent;
  }

  /**
   * Moves a torrent's data below another folder while it runs; nothing there is overwritten. Rejects with StorageError, and
   * then everything is where it was.
   */
  async move(torrent: Torrent, dir: string): Promise<void> {
    const to = resolve(dir);
    await torrent.move(to, torrent.metainfo && stateKeyOf(torrent.metainfo, to));
  }

  /** Says goodbye, saves and closes everything; nothing keeps the process alive afterwards. */
  async close(): Promise<void> {
    await this.session.close();
    await this.#trackers.close();
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
  const { port, bind, stateDir, maxOpenFiles, allocate, ...forSession } = resolveOptions(options);
  const local = bind === undefined ? {} : { bind };
  const session = new Session({
    ...forSession,
    clock: nodeClock,
    random: nodeRandom,
    hasher: createNodeHasher(),
    allocate: allocateUninitialized,
    sha1: (bytes) => createHash('sha1').update(bytes).digest(),
    transports: [createTcpTransport({ port, ...local })],
    ...(stateDir === undefined ? {} : { stateStore: createFolderStateStore(stateDir) satisfies StateStore }),
  });
  await session.listen();
  const openFiles = new OpenFiles({ limit: maxOpenFiles });
  return new Client({ session, trackers: createTrackerClient(local), openFiles, allocate });
}

async function metainfoOf(source: string | Uint8Array | Metainfo): Promise<Metainfo> {
  if (typeof source === 'string') return readMetainfo(source);
  return source instanceof Uint8Array ? parseTorrent(source) : source;
}

/** One torrent may lie in several folders: each has resume data of its own. */
function stateKeyOf(metainfo: Metainfo, dir: string): string {
  return `${metainfo.infoHash.hex}-${createHash('sha256').update(dir).digest('hex').slice(0, 12)}`;
}
