// What one reader still looks at, in the order in which it got it. Memory is used again only when nobody holds it, so a reader
// that passes blocks on, down a stream say, tells how far it has come. Invariant: what is in `#held` was told `hold` once for
// each entry.

/** Memory that somebody may hold. */
export interface Holdable {
  hold(): void;
  release(): void;
}

interface Held {
  readonly memory: Holdable;
  /** Where the last of it stands in what the reader passes on; Infinity while that is not known. */
  until: number;
}

/** The blocks one reader was given and has not let go of. */
export class Holds {
  #held: Held[] = [];

  get isEmpty(): boolean {
    return this.#held.length === 0;
  }

  /** For the cache: the reader has got a view of this. */
  add(memory: Holdable): void {
    const last = this.#held.at(-1);
    // Block after block comes from the same memory.
    if (last?.memory === memory) {
      last.until = Number.POSITIVE_INFINITY;
      return;
    }
    memory.hold();
    this.#held.push({ memory, until: Number.POSITIVE_INFINITY });
  }

  /** What was given since the last call is needed until the reader has come to `position`, which never goes back. */
  keepUntil(position: number): void {
    for (let at = this.#held.length - 1; at >= 0; at--) {
      const held = this.#held[at] as Held;
      if (held.until !== Number.POSITIVE_INFINITY) return;
      held.until = position;
    }
  }

  /** The reader has come to `position`: lets go of what was needed until there. */
  releaseUntil(position: number): void {
    let count = 0;
    while (count < this.#held.length && (this.#held[count] as Held).until <= position) count++;
    if (count === 0) return;
    const released = this.#held.slice(0, count);
    this.#held = this.#held.slice(count);
    for (const { memory } of released) memory.release();
  }

  /** The reader needs nothing any more of what it was given. */
  release(): void {
    this.keepUntil(0);
    this.releaseUntil(Number.MAX_VALUE);
  }
}
