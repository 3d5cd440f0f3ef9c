// The tracker beside the seed. It serves the torrents seeded here and no others. The seed is entered in process, so that
// each asker gets it under the address at which it reached the tracker; and whoever announces is offered to the seed,
// which dials it: some clients never dial certain addresses, and behind a firewall nobody gets in.
import { performance } from 'node:perf_hooks';
import type { PeerSource } from '@shoal/client';
import { isLoopback, isWildcard } from '@shoal/http-service';
import { formatEndpoint, toHex } from '@shoal/primitives';
import {
  AnnounceHandler,
  type Asker,
  type HttpAnswer,
  MemorySwarmStore,
  type ScrapeCounts,
  type SwarmAnnounce,
  type SwarmStore,
} from '@shoal/tracker';

type SourceTorrent = Parameters<PeerSource['start']>[0];
type SourceStatus = ReturnType<PeerSource['status']>[number];

export interface OwnTrackerOptions {
  /** Where the seed listens; default: every address. */
  readonly bind?: string | undefined;
  readonly onError: (error: unknown) => void;
}

export class OwnTracker {
  readonly #handler: AnnounceHandler;
  readonly #store: SwarmStore;
  readonly #bind: string | undefined;
  /** The torrents that take peers, by info-hash in hexadecimal. */
  readonly #torrents = new Map<string, SourceTorrent>();

  constructor(options: OwnTrackerOptions) {
    const memory = new MemorySwarmStore({ random: Math.random });
    this.#store = {
      announce: (announce) => {
        this.#offer(announce);
        return memory.announce(announce);
      },
      scrape: (infoHash, now) => memory.scrape(infoHash, now),
      totals: (now) => memory.totals(now),
    };
    this.#bind = isWildcard(options.bind) ? undefined : options.bind;
    this.#handler = new AnnounceHandler({
      store: this.#store,
      random: Math.random,
      allow: (infoHash) => this.#torrents.has(toHex(infoHash)),
      onError: options.onError,
    });
  }

  /** `query` as it stands behind the question mark. Never rejects. */
  announce(query: string, asker: Asker): Promise<HttpAnswer> {
    return this.#handler.announce(query, { ...asker, reachedAt: this.#seedAsSeenBy(asker) }, performance.now());
  }

  /** As `announce`. */
  scrape(query: string): Promise<HttpAnswer> {
    return this.#handler.scrape(query, performance.now());
  }

  /** What has announced for a torrent, without the seed here; zeros before anybody has. */
  async counts(infoHash: Uint8Array): Promise<Pick<ScrapeCounts, 'seeders' | 'leechers' | 'completed'>> {
    return (await this.#store.scrape(infoHash, performance.now())) ?? { seeders: 0, leechers: 0, completed: 0 };
  }

  /** What enters one torrent's seed here, and takes it out again. */
  source(): PeerSource {
    let leave: (() => void) | undefined;
    return {
      name: 'own tracker',
      start: (torrent) => {
        const key = toHex(torrent.infoHash);
        // Incomplete data are no seed; the torrent is taken out again as soon as that is known.
        if (torrent.counters().left > 0) return;
        const { infoHash, peerId } = torrent;
        const remove = this.#handler.enterLocal({ infoHash, peerId, port: torrent.port(), role: 'seed' });
        this.#torrents.set(key, torrent);
        leave = () => {
          remove();
          this.#torrents.delete(key);
        };
      },
      complete: () => undefined,
      stop: async () => {
        leave?.();
        leave = undefined;
      },
      status: (): readonly SourceStatus[] => [],
    };
  }

  /** The seed's address for an asker; undefined where it cannot reach it. */
  #seedAsSeenBy(asker: Asker): string | undefined {
    if (this.#bind === undefined) return asker.reachedAt;
    return isLoopback(this.#bind) && !isLoopback(asker.address) ? undefined : this.#bind;
  }

  #offer({ infoHash, peer, event }: SwarmAnnounce): void {
    if (peer?.role !== 'leech' || event === 'stopped') return;
    this.#torrents.get(toHex(infoHash))?.offerPeers([formatEndpoint(peer)]);
  }
}
