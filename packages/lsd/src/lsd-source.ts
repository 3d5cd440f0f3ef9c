// One torrent's share of local discovery, as a session takes its sources of peers. Invariant: a private torrent never
// reaches the discovery (BEP 27).
import type { LsdStatus, LsdTorrent } from './contract.ts';

/** What a source needs of the client's discovery. */
export interface Discovery {
  readonly state: LsdStatus['state'];
  readonly message: string | null;
  enter(torrent: LsdTorrent): void;
  leave(torrent: LsdTorrent): Promise<void>;
  hurry(torrent: LsdTorrent): void;
  facts(torrent: LsdTorrent): { readonly peers: number; readonly nextAt: number | null };
}

/** Peers of this network for one torrent, in the shape of the session's PeerSource. */
export class LsdSource {
  readonly name = 'lsd';
  readonly #discovery: Discovery;
  #torrent: LsdTorrent | undefined;
  #isPrivate = false;

  constructor(discovery: Discovery) {
    this.#discovery = discovery;
  }

  /** The torrent is announced a moment later. Throws TypeError when running. */
  start(torrent: LsdTorrent): void {
    if (this.#torrent) throw new TypeError('start called on a source that runs');
    this.#isPrivate = torrent.private;
    if (torrent.private) return;
    this.#torrent = torrent;
    this.#discovery.enter(torrent);
  }

  complete(): void {
    // Nobody is told (BEP 14).
  }

  /** As soon as the last announcement is a minute ago. */
  announceNow(): void {
    if (this.#torrent) this.#discovery.hurry(this.#torrent);
  }

  /** There is no goodbye in BEP 14. Never rejects. */
  async stop(): Promise<void> {
    const torrent = this.#torrent;
    this.#torrent = undefined;
    this.#isPrivate = false;
    if (torrent) await this.#discovery.leave(torrent).catch(() => undefined);
  }

  status(): readonly LsdStatus[] {
    const { name } = this;
    const line = { name, peers: 0, seeders: null, leechers: null, nextAt: null };
    if (this.#isPrivate) return [{ ...line, state: 'idle', message: 'private torrents are not announced' }];
    if (!this.#torrent) return [{ ...line, state: 'idle', message: null }];
    const { state, message } = this.#discovery;
    return [{ ...line, ...this.#discovery.facts(this.#torrent), state, message }];
  }
}
