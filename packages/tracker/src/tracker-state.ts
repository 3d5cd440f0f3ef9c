// What a tracker source remembers of one tracker: how it fared, when it may be asked again, what the user is told.
import type { AnnounceResponse } from './announce.ts';
import { TrackerError } from './errors.ts';
import { printableUrl } from './tracker-url.ts';

/** One tracker, for the user. */
export interface TrackerStatus {
  /** The URL, its host in ASCII. */
  readonly name: string;
  readonly state: 'idle' | 'working' | 'ok' | 'failed';
  /** Why it failed, or the tracker's warning, in words. */
  readonly message: string | null;
  /** Peers in its last answer. */
  readonly peers: number;
  readonly seeders: number | null;
  readonly leechers: number | null;
  /** When it is asked again, on the clock given to the source; null where that is not planned. */
  readonly nextAt: number | null;
}

/** The wait after the first failure; it doubles with each further one, up to the other. */
const FIRST_RETRY_MS = 15_000;
const LAST_RETRY_MS = 15 * 60_000;
/** What a tracker may ask for with `retry in`, but for never. */
const MAX_RETRY_AFTER_MS = 24 * 3_600_000;
/** Before asking early for more peers, where the tracker names no `min interval`. */
const DEFAULT_MIN_INTERVAL_MS = 120_000;

export class Tracker {
  readonly url: string;
  /** Sent back to it in each announce (BEP 3). */
  trackerId: string | undefined;
  /** It has answered an announce of this run: it lists us. */
  hasAnswered = false;
  isWorking = false;
  /** Not asked before; Infinity: never again. */
  dueAt: number = Number.NEGATIVE_INFINITY;
  /** Before it, not even because somebody wants more peers or asks for it. */
  earliestAt: number = Number.NEGATIVE_INFINITY;
  readonly #name: string;
  #outcome: 'idle' | 'ok' | 'failed' = 'idle';
  #message: string | null = null;
  #peers = 0;
  #seeders: number | null = null;
  #leechers: number | null = null;
  #failures = 0;

  constructor(url: string) {
    this.url = url;
    this.#name = printableUrl(url);
  }

  /** A new run: tried at once, unless it never wants to be asked again. */
  reset(): void {
    this.rest();
    this.hasAnswered = false;
    this.#failures = 0;
    if (Number.isFinite(this.dueAt)) this.dueAt = Number.NEGATIVE_INFINITY;
  }

  /** The run is over. */
  rest(): void {
    this.isWorking = false;
  }

  asked(): void {
    this.isWorking = true;
  }

  answered(now: number, response: AnnounceResponse): void {
    this.isWorking = false;
    this.hasAnswered = true;
    this.#failures = 0;
    this.#outcome = 'ok';
    this.#message = response.warning;
    this.#peers = response.peers.length;
    this.#seeders = response.seeders ?? this.#seeders;
    this.#leechers = response.leechers ?? this.#leechers;
    this.trackerId = response.trackerId ?? this.trackerId;
    const intervalMs = response.interval * 1_000;
    this.dueAt = now + intervalMs;
    const minMs = response.minInterval === null ? DEFAULT_MIN_INTERVAL_MS : response.minInterval * 1_000;
    this.earliestAt = now + Math.min(intervalMs, minMs);
  }

  failed(now: number, error: unknown, random: () => number): void {
    this.isWorking = false;
    this.#failures++;
    this.#outcome = 'failed';
    this.#message = error instanceof Error ? error.message : String(error);
    this.#peers = 0;
    const wanted = wantedWaitMs(error, random);
    this.dueAt = now + (wanted ?? backOffMs(this.#failures, random));
    this.earliestAt = wanted === undefined ? Math.min(this.dueAt, now + FIRST_RETRY_MS) : this.dueAt;
  }

  status(isRunning: boolean, isCurrent: boolean): TrackerStatus {
    const isPlanned = isRunning && !this.isWorking && (isCurrent || this.#outcome === 'failed');
    return {
      name: this.#name,
      state: this.isWorking ? 'working' : this.#outcome,
      message: this.#message,
      peers: this.#peers,
      seeders: this.#seeders,
      leechers: this.#leechers,
      nextAt: isPlanned && Number.isFinite(this.dueAt) ? this.dueAt : null,
    };
  }
}

/** How long the tracker itself wants to be left alone; undefined where it did not say. */
function wantedWaitMs(error: unknown, random: () => number): number | undefined {
  if (!(error instanceof TrackerError)) return undefined;
  // An address we cannot use will not get better.
  if (error.code === 'ERR_TRACKER_URL') return Number.POSITIVE_INFINITY;
  if (error.retryAfter === null || error.retryAfter === Number.POSITIVE_INFINITY) return error.retryAfter ?? undefined;
  const wanted = Math.max(FIRST_RETRY_MS, Math.min(error.retryAfter * 1_000, MAX_RETRY_AFTER_MS));
  return Math.round(wanted * (1 + random() / 10));
}

/** Back-off with jitter, so that clients of a tracker that was down do not come back together. */
function backOffMs(failures: number, random: () => number): number {
  const doubled = Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LAST_RETRY_MS);
  return Math.round(doubled * (0.75 + random() / 2));
}
