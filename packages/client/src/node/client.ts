// A session assembled for Node: TCP, trackers, disk, resume data. What both apps use, and what a developer embeds.
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { Metainfo, MetainfoFile } from '@shoal/metainfo';
import { parseTorrent, readMetainfo } from '@shoal/metainfo/node';
import { formatEndpoint, parseEndpoint } from '@shoal/primitives';
import { type PeerSource, Session, type StateStore, type Torrent } from '@shoal/session';
import { createFolderStateStore, createNodeHasher, DiskStorage } from '@shoal/storage/node';
import { TrackerSource } from '@shoal/tracker';
import { createTrackerClient } from '@shoal/tracker/node';
import { nodeClock, nodeRandom } from './platform.ts';
import { createTcpTransport } from './tcp.ts';

export interface ClientOptions {
  /** TCP port to listen on; 0 lets the system choose. Default: 0. */
  readonly port?: number;
  /** Local address of every peer socket. Default: any. */
  readonly bind?: string;
  /** Folder for resume data; made when needed. Default: none, so that nothing is remembered. */
  readonly stateDir?: string;
  /** Bytes of blocks and read-ahead in memory. Default: 64 MiB. */
  readonly memory?: number;
  /** Connections of all torrents. Default: 200. */
  readonly maxConnections?: number;
  /** Peers of one torrent. Default: 50. */
  readonly maxPeers?: number;
  /** Unchoked peers of one torrent. Default: 8. */
  readonly uploadSlots?: number;
}

export interface AddOptions {
  /** The folder that holds, or will hold, the torrent's top name. */
  readonly dir: string;
  /** Peers to try besides those the trackers know, as `HOST:PORT`. */
  readonly peers?: readonly string[];
  /** Tiers of tracker URLs instead of the torrent's own. */
  readonly trackers?: readonly (readonly string[])[];
  /** Further peer sources. */
  readonly sources?: readonly PeerSource[];
}

/** Where a torrent's file lies below the download folder. */
export function pathOf(dir: string, file: MetainfoFile): string {
  return resolve(dir, ...file.path);
}

export class Client {
  readonly session: Session;
  readonly #trackers = createTrackerClient();

  /** Use `createClient`. */
  constructor(session: Session) {
    this.session = session;
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
    const dir = resolve(options.dir);
    const peers = (options.peers ?? []).map((peer) => formatEndpoint(parseEndpoint(peer)));
    const tiers = (options.trackers ?? metainfo.announce).map((tier) => [...tier]);
    const sources: PeerSource[] = [...(options.sources ?? [])];
    if (tiers.length > 0) {
      sources.push(
        new TrackerSource({
          tiers,
          announce: (url, request, signal) => this.#trackers.announce(url, request, signal),
          clock: nodeClock,
          random: () => nodeRandom.number(),
        }) satisfies PeerSource,
      );
    }
    const torrent = this.session.add({
      infoHash: metainfo.infoHash,
      content: { metainfo, storage: new DiskStorage({ root: dir, layout: metainfo.layout, files: metainfo.files }) },
      sources,
      stateKey: stateKey(metainfo, dir),
    });
    torrent.addPeers(peers);
    return torrent;
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

/** A client that listens. Rejects SessionError ERR_LISTEN where the port cannot be had. */
export async function createClient(options: ClientOptions = {}): Promise<Client> {
  const { port = 0, bind, stateDir, ...limits } = options;
  const session = new Session({
    ...limits,
    clock: nodeClock,
    random: nodeRandom,
    hasher: createNodeHasher(),
    transports: [createTcpTransport({ port, ...(bind === undefined ? {} : { bind }) })],
    ...(stateDir === undefined ? {} : { stateStore: createFolderStateStore(stateDir) satisfies StateStore }),
  });
  await session.listen();
  return new Client(session);
}

async function metainfoOf(source: string | Uint8Array | Metainfo): Promise<Metainfo> {
  if (typeof source === 'string') return readMetainfo(source);
  return source instanceof Uint8Array ? parseTorrent(source) : source;
}

/** One torrent may lie in several folders: each has resume data of its own. */
function stateKey(metainfo: Metainfo, dir: string): string {
  return `${metainfo.infoHash.hex}-${createHash('sha256').update(dir).digest('hex').slice(0, 12)}`;
}
