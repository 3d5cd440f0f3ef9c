// What a torrent gave and took over all runs, and whether that is enough. Invariant: what former runs counted is taken in
// once, since this run's own saves hold it too.
import type { RateMeter } from '@shoal/choker';
import type { Progress } from './resume-data.ts';
import { ratioOf, reachedLimit, type ShareLimits } from './share-limits.ts';

/** What seeding adds to the account is worth a save this often, so that a crash does not take it all. */
const SAVE_EVERY_MS = 5 * 60_000;

export class Ledger {
  readonly #down: RateMeter;
  readonly #up: RateMeter;
  #earlier: Progress | undefined;
  #seedingMs = 0;
  #lookedAt = 0;
  #uploadedThen = 0;

  constructor(down: RateMeter, up: RateMeter) {
    this.#down = down;
    this.#up = up;
  }

  /** What a former run saved; only the first call counts. */
  carryOver(progress: Progress | undefined): void {
    this.#earlier ??= progress ?? { uploaded: 0, downloaded: 0, seedingMs: 0 };
  }

  seeded(elapsedMs: number): void {
    this.#seedingMs += elapsedMs;
  }

  /** Over all runs. */
  get total(): Progress {
    const { uploaded = 0, downloaded = 0, seedingMs = 0 } = this.#earlier ?? {};
    return {
      uploaded: uploaded + this.#up.total,
      downloaded: downloaded + this.#down.total,
      seedingMs: seedingMs + this.#seedingMs,
    };
  }

  /** Whether something was given since this was last true; looked at every five minutes. */
  isWorthSaving(now: number): boolean {
    if (now - this.#lookedAt < SAVE_EVERY_MS) return false;
    this.#lookedAt = now;
    const hasGiven = this.#up.total > this.#uploadedThen;
    this.#uploadedThen = this.#up.total;
    return hasGiven;
  }

  ratio(bytesDone: number): number {
    return ratioOf({ ...this.total, bytesDone });
  }

  reached(limits: ShareLimits, bytesDone: number): 'ratio' | 'time' | undefined {
    if (limits.ratio === undefined && limits.timeMs === undefined) return undefined;
    return reachedLimit(limits, { ...this.total, bytesDone });
  }
}
