// Local discovery for all torrents of a client (BEP 14): one membership in the multicast groups, one state machine, one
// timer, and a source of peers for each torrent. Invariants: the groups are joined while a torrent is started, and not
// otherwise; joining that failed is tried again now and then, and breaks nothing; one timer waits at most.
import { InfoHash } from '@shoal/primitives';
import type { LsdClock, LsdMembership, LsdNetwork, LsdTorrent } from './contract.ts';
import { LsdMachine } from './lsd-machine.ts';
import { type Discovery, LsdSource } from './lsd-source.ts';

/** After joining failed; an interface may have come up. */
const AGAIN_MS = 60_000;

/** What local discovery stands on. */
export interface LocalDiscoveryOptions {
  readonly clock: LsdClock;
  readonly network: LsdNetwork;
  /** Random text of this client: 1 to 64 printable characters without spaces. */
  readonly cookie: string;
}

type Joined =
  | { readonly state: 'idle' | 'working' }
  | { readonly state: 'ok'; readonly membership: LsdMembership }
  | { readonly state: 'failed'; readonly message: string };

/** A client's local discovery (BEP 14): the machine, its network and its clock together, with a source for each torrent. */
export class LocalDiscovery implements Discovery {
  readonly #clock: LsdClock;
  readonly #network: LsdNetwork;
  readonly #machine: LsdMachine;
  readonly #torrents: Map<string, LsdTorrent> = new Map();
  #joined: Joined = { state: 'idle' };
  /** Tells a membership that was asked for from later ones. */
  #run = 0;
  #leaving: Promise<void> = Promise.resolve();
  #wake: { cancel(): void } | undefined;
  #again: { cancel(): void } | undefined;

  constructor(options: LocalDiscoveryOptions) {
    this.#clock = options.clock;
    this.#network = options.network;
    this.#machine = new LsdMachine({ cookie: options.cookie });
  }

  /** A source of peers, for one torrent. */
  source(): LsdSource {
    return new LsdSource(this);
  }

  get state(): 'idle' | 'working' | 'ok' | 'failed' {
    return this.#joined.state;
  }

  get message(): string | null {
    if (this.#joined.state === 'failed') return this.#joined.message;
    return this.#joined.state === 'ok' ? this.#joined.membership.warning() : null;
  }

  enter(torrent: LsdTorrent): void {
    const infoHash = new InfoHash(torrent.infoHash);
    this.#machine.add(infoHash, () => torrent.port(), this.#clock.now());
    this.#torrents.set(infoHash.hex, torrent);
    if (this.#joined.state === 'idle') this.#join();
    else this.#schedule();
  }

  /** Resolves when the groups are left, where this was the last torrent. */
  leave(torrent: LsdTorrent): Promise<void> {
    const infoHash = new InfoHash(torrent.infoHash);
    if (this.#torrents.get(infoHash.hex) !== torrent) return Promise.resolve();
    this.#torrents.delete(infoHash.hex);
    this.#machine.remove(infoHash);
    if (this.#torrents.size > 0) return Promise.resolve();
    return this.#part();
  }

  hurry(torrent: LsdTorrent): void {
    this.#machine.hurry(new InfoHash(torrent.infoHash), this.#clock.now());
    this.#schedule();
  }

  facts(torrent: LsdTorrent): { peers: number; nextAt: number | null } {
    const infoHash = new InfoHash(torrent.infoHash);
    return { peers: this.#machine.heard(infoHash), nextAt: this.#machine.nextAt(infoHash) ?? null };
  }

  #join(): void {
    const run = ++this.#run;
    this.#become({ state: 'working' });
    // What throws in the call is a failure like any other.
    this.#leaving
      .then(() => this.#network.open((bytes, from) => this.#receive(run, bytes, from)))
      .then(
        (membership) => this.#onJoined(run, membership),
        (error: unknown) => this.#onFailed(run, error),
      );
  }

  #onJoined(run: number, membership: LsdMembership): void {
    if (run !== this.#run) {
      void membership.close();
      return;
    }
    this.#become({ state: 'ok', membership });
    this.#schedule();
  }

  #onFailed(run: number, error: unknown): void {
    if (run !== this.#run) return;
    this.#become({ state: 'failed', message: error instanceof Error ? error.message : String(error) });
    this.#again = this.#clock.setTimer(() => this.#join(), AGAIN_MS);
  }

  #part(): Promise<void> {
    this.#run++;
    this.#wake?.cancel();
    this.#again?.cancel();
    const joined = this.#joined;
    this.#joined = { state: 'idle' };
    if (joined.state === 'ok') this.#leaving = joined.membership.close();
    return this.#leaving;
  }

  #become(joined: Joined): void {
    this.#joined = joined;
    for (const torrent of [...this.#torrents.values()]) torrent.statusChanged();
  }

  #receive(run: number, bytes: Uint8Array, from: string): void {
    if (run !== this.#run) return;
    this.#machine.receive(bytes, from, this.#clock.now());
    this.#drain();
  }

  #drain(): void {
    const changed = new Set<LsdTorrent>();
    for (let output = this.#machine.poll(); output !== undefined; output = this.#machine.poll()) {
      if (output.type === 'send') {
        if (this.#joined.state === 'ok') this.#joined.membership.send(output.family, output.bytes);
        continue;
      }
      const torrent = this.#torrents.get(output.infoHash.hex);
      torrent?.offerPeers([output.address]);
      if (torrent) changed.add(torrent);
    }
    for (const torrent of changed) torrent.statusChanged();
  }

  #schedule(): void {
    this.#wake?.cancel();
    this.#wake = undefined;
    const wake = this.#machine.nextWake();
    // What is due while there is no group to tell it to stays due.
    if (this.#joined.state !== 'ok' || wake === Number.POSITIVE_INFINITY) return;
    this.#wake = this.#clock.setTimer(() => this.#tick(), Math.max(0, wake - this.#clock.now()));
  }

  #tick(): void {
    this.#machine.tick(this.#clock.now());
    this.#drain();
    for (const torrent of [...this.#torrents.values()]) torrent.statusChanged();
    this.#schedule();
  }
}
