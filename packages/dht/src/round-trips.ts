// How long answers take, as TCP measures it (RFC 6298): a smoothed mean and its deviation, over all nodes. From these come
// two times: after the short one another node is asked beside, after the long one a node has failed.

/** Before anything was measured. */
const FIRST_SHORT_MS = 1_000;
const MIN_SHORT_MS = 250;
const MAX_SHORT_MS = 2_000;
const MIN_LONG_MS = 2_000;
const MAX_LONG_MS = 8_000;

export class RoundTrips {
  #mean: number | undefined;
  #deviation = 0;

  measure(ms: number): void {
    if (this.#mean === undefined) {
      [this.#mean, this.#deviation] = [ms, ms / 2];
      return;
    }
    this.#deviation += (Math.abs(ms - this.#mean) - this.#deviation) / 4;
    this.#mean += (ms - this.#mean) / 8;
  }

  /** Milliseconds after which an answer is late. */
  get short(): number {
    if (this.#mean === undefined) return FIRST_SHORT_MS;
    return Math.min(MAX_SHORT_MS, Math.max(MIN_SHORT_MS, this.#mean + 4 * this.#deviation));
  }

  /** Milliseconds after which it is not waited for. */
  get long(): number {
    return Math.min(MAX_LONG_MS, Math.max(MIN_LONG_MS, 4 * this.short));
  }
}
