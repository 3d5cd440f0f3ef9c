// One limit of bytes a second, and who waits for it. What is charged may overdraw the balance; nobody goes on until the
// debt is paid, so that over time the rate is exact whatever the sizes. Those who wait go on in the order they came.
// Invariants: waiting never earns more than BURST_MS do; a timer runs exactly while somebody waits.
import type { Clock, Timer } from './contracts.ts';

/** What an idle line may save up. More would show as a peak after each pause. */
const BURST_MS = 100;
/** Timers nearer than this are not worth their own turn. */
const LEAST_WAIT_MS = 5;

export class RateLimiter {
  readonly #clock: Clock;
  #limit = Number.POSITIVE_INFINITY;
  #balance = 0;
  #at: number;
  readonly #waiting = new Set<() => void>();
  #timer: Timer | undefined;

  /** `limit`: bytes a second; undefined: none. */
  constructor(clock: Clock, limit?: number) {
    this.#clock = clock;
    this.#at = clock.now();
    this.limit = limit;
  }

  get limit(): number | undefined {
    return this.#limit === Number.POSITIVE_INFINITY ? undefined : this.#limit;
  }

  /** Takes effect at once. RangeError for what is not a positive number. */
  set limit(limit: number | undefined) {
    if (limit !== undefined && !(limit > 0)) throw new RangeError(`a rate limit is positive, not ${limit}`);
    this.#settle();
    this.#limit = limit ?? Number.POSITIVE_INFINITY;
    this.#balance = Math.min(this.#balance, this.#most);
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#schedule();
  }

  /** Whether somebody may go on now. */
  get isReady(): boolean {
    if (this.#limit === Number.POSITIVE_INFINITY) return true;
    this.#settle();
    return this.#balance > 0;
  }

  /** Counts bytes that went through, or, below 0, gives back what was counted before. */
  charge(bytes: number): void {
    if (this.#limit === Number.POSITIVE_INFINITY) return;
    this.#settle();
    this.#balance -= bytes;
  }

  /** Calls back once, later, when it is ready and those before have had their turn; the answer takes that back. */
  wait(callback: () => void): () => void {
    const entry = (): void => callback();
    this.#waiting.add(entry);
    this.#schedule();
    return () => {
      this.#waiting.delete(entry);
      if (this.#waiting.size > 0) return;
      this.#timer?.cancel();
      this.#timer = undefined;
    };
  }

  get #most(): number {
    return this.#limit === Number.POSITIVE_INFINITY ? 0 : (this.#limit * BURST_MS) / 1000;
  }

  #settle(): void {
    const now = this.#clock.now();
    const earned = this.#limit === Number.POSITIVE_INFINITY ? 0 : ((now - this.#at) * this.#limit) / 1000;
    this.#at = now;
    if (this.#limit === Number.POSITIVE_INFINITY) this.#balance = 0;
    // What was given back may stand above that.
    else if (this.#balance < this.#most) this.#balance = Math.min(this.#most, this.#balance + earned);
  }

  #schedule(): void {
    if (this.#timer || this.#waiting.size === 0) return;
    const wait = this.isReady ? 0 : (-this.#balance / this.#limit) * 1000;
    this.#timer = this.#clock.setTimer(
      () => {
        this.#timer = undefined;
        this.#wake();
      },
      Math.max(LEAST_WAIT_MS, Math.ceil(wait) + 1),
    );
  }

  #wake(): void {
    for (const entry of [...this.#waiting]) {
      if (!this.isReady) break;
      if (this.#waiting.delete(entry)) entry();
    }
    this.#schedule();
  }
}
