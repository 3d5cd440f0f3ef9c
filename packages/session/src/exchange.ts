// What a torrent does while it runs: its peers and its sources, opened and closed together, and the account of what they
// gave and took. Invariant: there are peers, and started sources, only between `start` and `stop`.
import type { InfoHash, PeerId } from '@shoal/primitives';
import type { Content } from './content.ts';
import type { AttachedExtension, SourceStatus } from './contracts.ts';
import { Ledger } from './ledger.ts';
import { SourceSet } from './source-set.ts';
import { Swarm } from './swarm.ts';
import type { TorrentEvent } from './torrent-facts.ts';
import type { TorrentHost, TorrentOptions } from './torrent-options.ts';
import { type Viewed, viewForExtensions, viewForSource } from './torrent-views.ts';

/** The source of what the user named. */
export const BY_HAND = 'manual';

export interface ExchangeOptions {
  readonly host: TorrentHost;
  readonly infoHash: InfoHash;
  readonly peerId: PeerId;
  readonly torrent: Pick<TorrentOptions, 'sources' | 'extensions' | 'downLimit' | 'upLimit'>;
  readonly content: () => Content | undefined;
  readonly isPrivate: () => boolean;
  /** A verified info dictionary. */
  readonly onMetadata: (info: Uint8Array) => void;
  readonly onEvent: (event: TorrentEvent) => void;
  readonly onReadError: (error: unknown) => void;
}

export class Exchange {
  readonly swarm: Swarm;
  /** Over all runs. */
  readonly ledger: Ledger;
  readonly #options: ExchangeOptions;
  readonly #sources: SourceSet;
  readonly #attached: AttachedExtension[] = [];
  readonly #viewed: Viewed;
  #running = false;
  #tickedAt = 0;

  constructor(options: ExchangeOptions) {
    const { host, infoHash, peerId, torrent, onEvent } = options;
    this.#options = options;
    this.#sources = new SourceSet(torrent.sources ?? []);
    this.swarm = new Swarm({
      host,
      infoHash,
      peerId,
      extensions: this.#attached,
      isPrivate: options.isPrivate,
      events: {
        onPeerConnected: (peer) => onEvent({ type: 'peer', address: peer.name, client: peer.id.client }),
        onPeerDisconnected: (peer, reason) => onEvent({ type: 'peerClosed', address: peer.name, reason }),
        onPeerBanned: (address, reason) => onEvent({ type: 'banned', address, reason }),
        onReadError: options.onReadError,
      },
    });
    this.ledger = new Ledger(this.swarm.downRate, this.swarm.upRate);
    this.swarm.downLimit.limit = torrent.downLimit;
    this.swarm.upLimit.limit = torrent.upLimit;
    this.#viewed = {
      host,
      infoHash,
      peerId,
      swarm: this.swarm,
      content: options.content,
      isPrivate: options.isPrivate,
      sourcesChanged: () => onEvent({ type: 'sources' }),
      offerMetadata: (info) => options.onMetadata(info),
    };
    for (const extension of torrent.extensions ?? [])
      this.#attached.push(extension.attach(viewForExtensions(this.#viewed, extension.name)));
  }

  get isRunning(): boolean {
    return this.#running;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#tickedAt = this.#options.host.clock.now();
    this.swarm.open();
    this.#sources.start((name) => viewForSource(this.#viewed, name));
  }

  /** The peers are gone when this returns; resolves when the sources have said goodbye. Never rejects. */
  stop(reason: string): Promise<void> {
    this.#running = false;
    this.swarm.close(reason);
    return this.#sources.stop();
  }

  /**
   * The torrent turned out to be private (BEP 27): its trackers, and peers that they or the user named, are all that stays.
   * Connections are made anew, since they may have agreed on what private torrents do not do.
   */
  becamePrivate(): void {
    const trackers = this.#sources.keepTrackers();
    this.swarm.close('the torrent is private');
    this.swarm.keepFrom([...trackers, BY_HAND]);
    if (this.#running) this.swarm.open();
  }

  /** The last piece of all was downloaded. */
  complete(): void {
    this.#sources.complete();
  }

  announceNow(): void {
    this.#sources.announceNow();
  }

  tick(now: number, seeding: boolean): void {
    const elapsed = now - this.#tickedAt;
    this.#tickedAt = now;
    this.swarm.tick(now);
    if (!this.#running) return;
    if (seeding) this.ledger.seeded(elapsed);
    else if (this.swarm.isStarving) this.#sources.wantPeers();
  }

  status(): SourceStatus[] {
    return this.#sources.status();
  }

  /** The torrent is no more. */
  detach(): void {
    for (const extension of this.#attached) extension.detach();
  }
}
