// Bytes a second over the last window, in a ring of equal slots: `#sum` is the sum of the slots, and no slot is older
// than the window. Time that runs backwards counts as no time.

const SLOTS = 20;

/** Measures a transfer rate. O(1), and nothing is allocated after construction. */
export class RateMeter {
  readonly #slotMs: number;
  readonly #slots = new Float64Array(SLOTS);
  #sum = 0;
  #total = 0;
  /** The slot that holds the present, counted from the epoch: the time divided by `#slotMs`. */
  #slot = 0;
  #startedAt: number | undefined;

  /** `windowMs`: milliseconds that the rate is measured over. */
  constructor(windowMs = 20_000) {
    if (!(windowMs > 0) || windowMs === Number.POSITIVE_INFINITY) {
      throw new RangeError(`a window is a positive number of milliseconds, not ${windowMs}`);
    }
    this.#slotMs = windowMs / SLOTS;
  }

  /** All bytes ever added. */
  get total(): number {
    return this.#total;
  }

  /** Counts `bytes` that were transferred at `now`, in milliseconds of any epoch. */
  add(bytes: number, now: number): void {
    this.#advance(now);
    (this.#slots[this.#index] as number) += bytes;
    this.#sum += bytes;
    this.#total += bytes;
  }

  /**
   * Bytes a second at `now`, over the window (19 to 20 twentieths of it, as its last slot is under way) or, in its
   * first window, over the time since the first byte.
   */
  rate(now: number): number {
    if (this.#startedAt === undefined) return 0;
    this.#advance(now);
    const present = Math.max(now, this.#slot * this.#slotMs);
    const oldest = (this.#slot - SLOTS + 1) * this.#slotMs;
    // Less than one slot of time is too little to divide by: the first block would look like a very fast peer.
    const elapsed = Math.max(this.#slotMs, present - Math.max(oldest, this.#startedAt));
    return (this.#sum / elapsed) * 1000;
  }

  get #index(): number {
    return ((this.#slot % SLOTS) + SLOTS) % SLOTS;
  }

  #advance(now: number): void {
    const slot = Math.floor(now / this.#slotMs);
    if (this.#startedAt === undefined) {
      this.#startedAt = now;
      this.#slot = slot;
    }
    if (slot - this.#slot >= SLOTS) {
      this.#slots.fill(0);
      this.#sum = 0;
      this.#slot = slot;
    }
    while (this.#slot < slot) {
      this.#slot++;
      this.#sum -= this.#slots[this.#index] as number;
      this.#slots[this.#index] = 0;
    }
  }
}
