// What one reader still looks at. Memory is used again only when nobody holds it, so a reader says when it is done with all
// it got so far: a socket, say, when it has passed everything on. Invariant: what is in `#held` was told `hold` once each.

/** Memory that somebody may hold. */
export interface Holdable {
  hold(): void;
  release(): void;
}

/** The blocks one reader was given and has not let go of. */
export class Holds {
  readonly #held: Holdable[] = [];

  get isEmpty(): boolean {
    return this.#held.length === 0;
  }

  /** For the cache: the reader has got a view of this. */
  add(memory: Holdable): void {
    // Block after block comes from the same memory.
    if (this.#held.at(-1) === memory) return;
    memory.hold();
    this.#held.push(memory);
  }

  /** The reader needs nothing any more of what it was given. */
  release(): void {
    for (const memory of this.#held) memory.release();
    this.#held.length = 0;
  }
}
