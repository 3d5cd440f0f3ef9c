// The DHT as a source of peers for one torrent: when it is asked, when we announce ourselves, what the user is told.
// Invariants: at most one lookup is under way; outside one and while running, exactly one timer waits; nothing of an earlier
// run touches a later one; a private torrent is never looked up (BEP 27).
import type { LookupReport } from './events.ts';
import type { Announcement } from './task.ts';

/** Milliseconds of any epoch, and timers. */
export interface DhtClock {
  now(): number;
  setTimer(callback: () => void, delayMs: number): { cancel(): void };
}

/** What a source sees of its torrent. */
export interface DhtTorrent {
  /** The 20-byte wire key. */
  readonly infoHash: Uint8Array;
  /** BEP 27. Default: no. */
  readonly private?: boolean;
  /** 0 where nobody can connect to us: then we look and do not announce. */
  port(): number;
  /** `host:port`, IPv6 in brackets. */
  offerPeers(addresses: readonly string[]): void;
  statusChanged(): void;
}

/** What a source asks of a node: `DhtService` has it. */
export interface PeerFinder {
  /** Batches of `host:port` as they are found; at its end, with `announce`, we are announced. */
  peers(
    infoHash: Uint8Array,
    options: { readonly signal?: AbortSignal; readonly announce?: Announcement | undefined },
  ): AsyncGenerator<readonly string[], LookupReport, undefined>;
}

/** What a source of peers needs: a node, a clock, randomness. */
export interface DhtPeerSourceOptions {
  readonly dht: PeerFinder;
  readonly clock: DhtClock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Peers connect to the port that our datagrams come from (uTP on the same socket): it is announced instead. Default: no. */
  readonly impliedPort?: boolean;
}

/** One line for the user. */
export interface DhtSourceStatus {
  readonly name: string;
  readonly state: 'idle' | 'working' | 'ok' | 'failed';
  readonly message: string | null;
  /** Addresses that the last lookup found. */
  readonly peers: number;
  readonly seeders: null;
  readonly leechers: null;
  /** When it is looked up again, on the clock; null: not. */
  readonly nextAt: number | null;
}

/** Half of what others keep us for: a lookup may fail and we stay listed. */
const ANNOUNCE_MS = 15 * 60_000;
/** Of it, either way, so that torrents started together part. */
const JITTER = 0.1;
/** Between two lookups where the torrent wants peers. */
const WANTED_MS = 60_000;
/** While nobody was ever found: the net may only just have been entered. */
const FIRST_RETRIES_MS: readonly number[] = [5_000, 15_000, 30_000];

interface Run {
  readonly torrent: DhtTorrent;
  readonly abort: AbortController;
  timer: { cancel(): void } | undefined;
  nextAt: number;
  endedAt: number;
  isWorking: boolean;
  hasFound: boolean;
  /** Lookups that ended with nobody, since the start. */
  inVain: number;
}

/** The DHT as a source of one torrent's peers: shaped as a session's `PeerSource`. */
export class DhtPeerSource {
  readonly name = 'DHT';
  readonly #options: DhtPeerSourceOptions;
  #run: Run | undefined;
  #last: { readonly state: 'ok' | 'failed'; readonly message: string | null; readonly peers: number } | undefined;

  constructor(options: DhtPeerSourceOptions) {
    this.#options = options;
  }

  /** Looks the torrent up at once, and announces it. */
  start(torrent: DhtTorrent): void {
    if (this.#run) throw new TypeError('a source is started once at a time');
    if (torrent.private) return;
    const now = this.#options.clock.now();
    const run: Run = {
      torrent,
      abort: new AbortController(),
      timer: undefined,
      nextAt: now,
      endedAt: Number.NEGATIVE_INFINITY,
      isWorking: false,
      hasFound: false,
      inVain: 0,
    };
    this.#run = run;
    this.#lookUp(run);
  }

  /** A seed announces itself like any other peer (BEP 5). */
  complete(): void {}

  /** Brings the next lookup forward, as far as it keeps its distance to the last. */
  wantPeers(): void {
    const run = this.#run;
    if (!run || run.isWorking) return;
    const distance = run.hasFound ? WANTED_MS : (FIRST_RETRIES_MS[run.inVain - 1] ?? WANTED_MS);
    this.#wakeAt(run, Math.min(run.nextAt, run.endedAt + distance));
  }

  /** Looks up now; not within 5 s of the last time. */
  announceNow(): void {
    const run = this.#run;
    if (run && !run.isWorking) this.#wakeAt(run, Math.min(run.nextAt, run.endedAt + (FIRST_RETRIES_MS[0] as number)));
  }

  /** Others forget us by themselves: there is no goodbye. */
  stop(): Promise<void> {
    const run = this.#run;
    this.#run = undefined;
    this.#last = undefined;
    run?.timer?.cancel();
    run?.abort.abort();
    return Promise.resolve();
  }

  status(): readonly DhtSourceStatus[] {
    const run = this.#run;
    const { state = 'idle', message = null, peers = 0 } = run ? (this.#last ?? {}) : {};
    const isFirst = run?.isWorking === true && this.#last === undefined;
    const nextAt = run && !run.isWorking ? run.nextAt : null;
    return [
      { name: this.name, state: isFirst ? 'working' : state, message, peers, seeders: null, leechers: null, nextAt },
    ];
  }

  #lookUp(run: Run): void {
    run.isWorking = true;
    run.timer?.cancel();
    this.#search(run)
      .then(
        ({ found, report }) => this.#ended(run, found, wordsFor(report)),
        (error: unknown) => this.#ended(run, 0, String(error instanceof Error ? error.message : error)),
      )
      .catch((error: unknown) => {
        // What a torrent throws is not ours to swallow.
        queueMicrotask(() => {
          throw error;
        });
      });
    run.torrent.statusChanged();
  }

  async #search(run: Run): Promise<{ found: number; report: LookupReport }> {
    const { torrent, abort } = run;
    const port = torrent.port();
    const announce = port > 0 ? { port, impliedPort: this.#options.impliedPort ?? false } : undefined;
    const batches = this.#options.dht.peers(torrent.infoHash, { signal: abort.signal, announce });
    let found = 0;
    for (;;) {
      const next = await batches.next();
      if (next.done) return { found, report: next.value };
      if (this.#run !== run) continue;
      found += next.value.length;
      run.hasFound = true;
      this.#last = { state: 'ok', message: null, peers: found };
      torrent.offerPeers(next.value);
    }
  }

  #ended(run: Run, found: number, message: string | null): void {
    if (this.#run !== run) return;
    const { clock, random } = this.#options;
    run.isWorking = false;
    run.endedAt = clock.now();
    if (!run.hasFound) run.inVain++;
    this.#last = { state: message === null ? 'ok' : 'failed', message, peers: found };
    this.#wakeAt(run, run.endedAt + ANNOUNCE_MS * (1 + JITTER * (2 * random() - 1)));
    run.torrent.statusChanged();
  }

  #wakeAt(run: Run, at: number): void {
    run.timer?.cancel();
    run.nextAt = at;
    const { clock } = this.#options;
    run.timer = clock.setTimer(() => this.#lookUp(run), Math.max(0, at - clock.now()));
  }
}

function wordsFor({ answered }: LookupReport): string | null {
  return answered > 0 ? null : 'no DHT node answered';
}
