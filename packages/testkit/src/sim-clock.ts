// Virtual time. Timers fall due by time, equal times in the order they were set; nothing waits for the wall clock.
// Invariants: time never goes back; between two timers every promise that can settle has settled; the heap holds only
// live timers, each knowing its place.

import { setImmediate, setTimeout } from 'node:timers';

export interface SimTimer {
  cancel(): void;
}

interface Entry {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
  /** Place in the heap; -1 once fired or cancelled. */
  place: number;
}

/** Virtual hours after which a run that has no end of its own is taken for one that never ends. */
const DEFAULT_LIMIT_MS = 24 * 3_600_000;
/** Real milliseconds granted to work outside the simulation (a thread pool, a disk) once no timer is left. */
const OUTSIDE_WORK_MS = 1_000;

export class SimClock {
  readonly #heap: Entry[] = [];
  #now: number;
  #order = 0;
  #running = false;
  /** Timers fired so far: a cheap measure of a simulation's work. */
  fired = 0;

  constructor(startMs = 0) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#heap.length;
  }

  setTimer(callback: () => void, delayMs: number): SimTimer {
    if (Number.isNaN(delayMs)) throw new RangeError('delay is NaN');
    // A timer at infinity never falls due; keeping it would only hide that nothing is left to do.
    if (delayMs === Number.POSITIVE_INFINITY) return { cancel() {} };
    const entry: Entry = { at: this.#now + Math.max(0, delayMs), order: this.#order++, callback, place: -1 };
    this.#push(entry);
    return { cancel: () => this.#remove(entry) };
  }

  /**
   * Fires timers until `until` holds. Rejects when it cannot come to hold (no timer is left) or has not within `limitMs`
   * of virtual time; a callback's throw rejects too. Without `until`: runs until nothing waits, at most `limitMs`.
   */
  async run(until?: () => boolean, limitMs: number = DEFAULT_LIMIT_MS): Promise<void> {
    if (this.#running) throw new TypeError('run called while the clock runs');
    this.#running = true;
    try {
      const end = this.#now + limitMs;
      for (;;) {
        await turn();
        if (until?.()) return;
        const next = this.#heap[0];
        if (next === undefined) {
          if (until === undefined) return;
          await this.#waitForOutsideWork(until);
          if (this.#heap.length === 0) {
            if (until()) return;
            throw new Error(`nothing is left to happen at ${this.#now} ms and the condition does not hold`);
          }
          continue;
        }
        if (next.at > end) {
          this.#now = end;
          if (until === undefined) return;
          throw new Error(`the condition did not come to hold within ${limitMs} ms of virtual time`);
        }
        this.#remove(next);
        this.#now = next.at;
        this.fired++;
        next.callback();
      }
    } finally {
      this.#running = false;
    }
  }

  /** Runs until a promise settles, and answers or rejects as it does. Rejects where it does not settle within `limitMs`. */
  async settle<T>(promise: Promise<T>, limitMs: number): Promise<T> {
    let isSettled = false;
    const done = (): void => {
      isSettled = true;
    };
    promise.then(done, done);
    await this.run(() => isSettled, limitMs);
    return promise;
  }

  /** Fires what falls due within `ms` and leaves the time exactly `ms` later. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await this.run(undefined, ms);
    this.#now = end;
  }

  async #waitForOutsideWork(until: () => boolean): Promise<void> {
    for (let waited = 0; waited < OUTSIDE_WORK_MS; waited++) {
      if (this.#heap.length > 0 || until()) return;
      await new Promise<void>((resolve) => setTimeout(resolve, 1));
    }
  }

  #push(entry: Entry): void {
    entry.place = this.#heap.length;
    this.#heap.push(entry);
    this.#rise(entry);
  }

  #remove(entry: Entry): void {
    const { place } = entry;
    if (place < 0) return;
    entry.place = -1;
    const last = this.#heap.pop()!;
    if (last === entry) return;
    last.place = place;
    this.#heap[place] = last;
    this.#rise(last);
    this.#sink(last);
  }

  #rise(entry: Entry): void {
    const heap = this.#heap;
    while (entry.place > 0) {
      const parent = heap[(entry.place - 1) >> 1]!;
      if (!before(entry, parent)) return;
      this.#swap(entry, parent);
    }
  }

  #sink(entry: Entry): void {
    const heap = this.#heap;
    for (;;) {
      const left = heap[entry.place * 2 + 1];
      if (left === undefined) return;
      const right = heap[entry.place * 2 + 2];
      const child = right !== undefined && before(right, left) ? right : left;
      if (!before(child, entry)) return;
      this.#swap(entry, child);
    }
  }

  #swap(one: Entry, other: Entry): void {
    const { place } = one;
    one.place = other.place;
    other.place = place;
    this.#heap[one.place] = one;
    this.#heap[other.place] = other;
  }
}

function before(one: Entry, other: Entry): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}

/** One turn of the event loop: however long a chain of promises is, it has run out by then. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
