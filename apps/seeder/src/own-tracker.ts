// The tracker beside the seed, over HTTP and UDP. It serves the torrents seeded here and no others. The seed is entered in
// process, so that each asker gets it under the address at which it reached the tracker; and whoever announces is offered to
// the seed, which dials it: some clients never dial certain addresses, and behind a firewall nobody gets in.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { PeerSource, SourceStatus } from '@shoal/client';
import { isLoopback, isWildcard } from '@shoal/http-service';
import { formatEndpoint, toHex } from '@shoal/primitives';
import {
  type CompactSwarmAnswer,
  MemorySwarmStore,
  type Metric,
  metricsText,
  type ScrapeCounts,
  type SwarmAnnounce,
  type SwarmAnswer,
} from '@shoal/tracker';
import { TrackerServer } from '@shoal/tracker/node';

type SourceTorrent = Parameters<PeerSource['start']>[0];

export interface OwnTrackerOptions {
  /** Where the seed listens; default: every address. */
  readonly bind?: string | undefined;
  /** Where the tracker answers over UDP; absent: nowhere. Port 0: chosen by the system. */
  readonly udp?: { readonly host: string | undefined; readonly port: number } | undefined;
  /** Keeps the swarms over a restart. */
  readonly stateFile: string;
  readonly onError: (error: unknown) => void;
}

/** Tells of everybody who announces. */
class TellingStore extends MemorySwarmStore {
  readonly #tell: (announce: SwarmAnnounce) => void;

  constructor(tell: (announce: SwarmAnnounce) => void) {
    super({ random: Math.random });
    this.#tell = tell;
  }

  override announce(announce: SwarmAnnounce): SwarmAnswer {
    this.#tell(announce);
    return super.announce(announce);
  }

  override announceCompact(announce: SwarmAnnounce): CompactSwarmAnswer {
    this.#tell(announce);
    return super.announceCompact(announce);
  }
}

export class OwnTracker {
  readonly #server: TrackerServer;
  readonly #store: TellingStore;
  readonly #bind: string | undefined;
  readonly #hasUdp: boolean;
  /** The torrents that take peers, by info-hash in hexadecimal. */
  readonly #torrents: Map<string, SourceTorrent> = new Map();
  #udpPort: number | undefined;

  constructor(options: OwnTrackerOptions) {
    this.#store = new TellingStore((announce) => this.#offer(announce));
    this.#bind = isWildcard(options.bind) ? undefined : options.bind;
    this.#hasUdp = options.udp !== undefined;
    this.#server = new TrackerServer({
      store: this.#store,
      http: null,
      // A datagram does not say which of our addresses it came to: the seed is found where the tracker is.
      ...(options.udp ? { udp: { host: this.#bind ?? options.udp.host, port: options.udp.port } } : {}),
      allow: (infoHash) => this.#torrents.has(toHex(infoHash)),
      addresses: ({ socket }) => {
        const remote = socket.remoteAddress ?? '';
        return { remote, local: this.#seedAsSeenBy(remote, socket.localAddress) };
      },
      statsPath: null,
      metricsPath: null,
      stateFile: options.stateFile,
      onError: options.onError,
    });
  }

  /** Reads what a former run knew, and listens for UDP. Rejects with the system's error. */
  async open(): Promise<void> {
    const { port } = await this.#server.listen();
    if (this.#hasUdp) this.#udpPort = port;
  }

  /** Undefined where it does not answer over UDP. */
  get udpPort(): number | undefined {
    return this.#udpPort;
  }

  /** True where the request was an announce or a scrape, which is being answered. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    return this.#server.handle(request, response);
  }

  /** What has announced for a torrent, without the seed here; zeros before anybody has. */
  counts(infoHash: Uint8Array): Pick<ScrapeCounts, 'seeders' | 'leechers' | 'completed'> {
    return this.#store.scrape(infoHash, performance.now()) ?? { seeders: 0, leechers: 0, completed: 0 };
  }

  /** Prometheus' text: the tracker's figures, and those given. */
  async metrics(extra: readonly Metric[]): Promise<string> {
    return metricsText(await this.#server.totals(), this.#server.counters, extra);
  }

  /** What enters one torrent's seed here, and takes it out again. */
  source(): PeerSource {
    let entered: { readonly infoHash: Uint8Array; readonly leave: () => void } | undefined;
    return {
      name: 'own tracker',
      isTracker: true,
      start: (torrent) => {
        const key = toHex(torrent.infoHash);
        // Incomplete data are no seed; the torrent is taken out again as soon as that is known.
        if (torrent.counters().left > 0) return;
        const { infoHash, peerId } = torrent;
        const remove = this.#server.enterLocal({ infoHash, peerId, port: torrent.port(), role: 'seed' });
        this.#torrents.set(key, torrent);
        entered = {
          infoHash,
          leave: () => {
            remove();
            this.#torrents.delete(key);
          },
        };
      },
      complete: () => undefined,
      stop: async () => {
        entered?.leave();
        entered = undefined;
      },
      status: (): readonly SourceStatus[] => {
        const base = { name: 'own tracker', message: null, nextAt: null };
        if (!entered) return [{ ...base, state: 'idle', peers: 0, seeders: null, leechers: null }];
        const { seeders, leechers } = this.counts(entered.infoHash);
        return [{ ...base, state: 'ok', peers: seeders + leechers, seeders: seeders + 1, leechers }];
      },
    };
  }

  /** Writes the swarms down. Rejects where that cannot be. */
  close(): Promise<void> {
    return this.#server.close();
  }

  /** The seed's address for an asker; undefined where it cannot reach it. */
  #seedAsSeenBy(asker: string, reachedAt: string | undefined): string | undefined {
    if (this.#bind === undefined) return reachedAt;
    return isLoopback(this.#bind) && !isLoopback(asker) ? undefined : this.#bind;
  }

  #offer({ infoHash, peer, event }: SwarmAnnounce): void {
    if (peer?.role !== 'leech' || event === 'stopped') return;
    this.#torrents.get(toHex(infoHash))?.offerPeers([formatEndpoint(peer)]);
  }
}
