// Whether entries are still being written. An entry has settled when it has looked the same for a while, or has not been
// touched for that long; times in the future, of clocks that are wrong, count for nothing.

interface Seen {
  readonly print: string;
  /** Monotonic. */
  readonly since: number;
}

export class Settling {
  readonly #settleMs: number;
  readonly #seen: Map<string, Seen> = new Map();

  constructor(settleMs: number) {
    this.#settleMs = settleMs;
  }

  /**
   * Milliseconds after which the entry must be looked at again; 0: it has settled. `ageMs` is how long ago it says it was changed;
   * `now` is monotonic.
   */
  look(name: string, { print, ageMs }: { readonly print: string; readonly ageMs: number }, now: number): number {
    const seen = this.#seen.get(name);
    // Looking the same counts from the first look; what a look tells of the time before counts at the first one alone.
    const since = seen?.print === print ? seen.since : now - (seen || !(ageMs > 0) ? 0 : ageMs);
    const left = this.#settleMs - (now - since);
    if (left <= 0) {
      this.#seen.delete(name);
      return 0;
    }
    this.#seen.set(name, { print, since });
    return left;
  }

  /** For what is gone. */
  forget(name: string): void {
    this.#seen.delete(name);
  }
}
