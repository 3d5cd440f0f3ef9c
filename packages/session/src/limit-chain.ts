// The limits that one direction of one connection is under, the session's and its torrent's: all are charged, and it goes
// on when all are ready.
import type { RateLimiter } from './rate-limiter.ts';

export class LimitChain {
  readonly #limiters: readonly RateLimiter[];

  constructor(limiters: readonly RateLimiter[]) {
    this.#limiters = limiters;
  }

  /** Whether any of them has a figure. */
  get isLimited(): boolean {
    for (const limiter of this.#limiters) if (limiter.limit !== undefined) return true;
    return false;
  }

  get isReady(): boolean {
    for (const limiter of this.#limiters) if (!limiter.isReady) return false;
    return true;
  }

  charge(bytes: number): void {
    for (const limiter of this.#limiters) limiter.charge(bytes);
  }

  /** Calls back once, later, when every limit is ready; the answer takes that back. */
  wait(callback: () => void): () => void {
    let stop = (): void => undefined;
    const next = (): void => {
      const busy = this.#limiters.find((limiter) => !limiter.isReady);
      if (busy) stop = busy.wait(next);
      else callback();
    };
    const first = this.#limiters.find((limiter) => !limiter.isReady) ?? this.#limiters[0];
    if (!first) throw new RangeError('nothing to wait for: there is no limit');
    stop = first.wait(next);
    return () => stop();
  }
}
