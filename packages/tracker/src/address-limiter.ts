// How often one address may ask: a token bucket for each IPv4 address and each IPv6 /64, in a table of a fixed size.
// Invariant: a bucket is one time, that at which it will be full again (GCRA); a bucket that is full need not be remembered,
// so what gives way in a set of four is the one that is fullest.
import { type HostWords, mixWords } from './host-words.ts';

/** How much one address may ask: a token bucket. */
export interface RateLimit {
  /** Questions a second, for as long as one likes. */
  readonly perSecond: number;
  /** Questions at once, after a silence. */
  readonly burst: number;
}

const SETS = 16_384;
const WAYS = 4;

export class AddressLimiter {
  readonly #costMs: number;
  readonly #burstMs: number;
  readonly #seed: number;
  readonly #tags: Int32Array = new Int32Array(SETS * WAYS);
  readonly #fullAt: Float64Array = new Float64Array(SETS * WAYS);

  /** Throws RangeError for a limit that lets nobody through. `random` is in [0, 1). */
  constructor({ perSecond, burst }: RateLimit, random: () => number) {
    if (!(perSecond > 0 && Number.isFinite(perSecond))) throw new RangeError(`${perSecond} questions a second`);
    if (!(burst >= 1)) throw new RangeError(`a burst of ${burst}, at least 1 expected`);
    this.#costMs = 1_000 / perSecond;
    this.#burstMs = burst * this.#costMs;
    this.#seed = Math.floor(random() * 2 ** 32) | 0;
  }

  /** Whether the address may ask now; if so it has. `now` in milliseconds, from 0 up. */
  take(family: 4 | 6, host: HostWords, now: number): boolean {
    const second = family === 4 ? 0 : (host[1] as number);
    const hash = mixWords(host[0] as number, second, family, 0, this.#seed);
    const tag = mixWords(host[0] as number, second, family, 1, ~this.#seed) | 0;
    const first = (hash & (SETS - 1)) * WAYS;
    let entry = first;
    for (let other = first; other < first + WAYS; other++) {
      if (this.#tags[other] === tag) {
        entry = other;
        break;
      }
      if ((this.#fullAt[other] as number) < (this.#fullAt[entry] as number)) entry = other;
    }
    const known = this.#tags[entry] === tag ? (this.#fullAt[entry] as number) : 0;
    const fullAt = Math.max(known, now) + this.#costMs;
    // A rounding must not refuse the last of a burst.
    if (fullAt - now > this.#burstMs + 1e-6) return false;
    this.#tags[entry] = tag;
    this.#fullAt[entry] = fullAt;
    return true;
  }
}
