// Stops reading from those who send blocks while the disk does not keep up: without it, requests made earlier would fill
// memory with whatever the lines carry. Of all torrents of a session. Invariant: a stream is paused exactly while it is held.
import type { ByteBudget } from '@shoal/storage';
import type { ByteStream } from './contracts.ts';

export class ReadGate {
  readonly #budget: ByteBudget;
  readonly #held = new Set<ByteStream>();

  constructor(budget: ByteBudget) {
    this.#budget = budget;
    budget.onRoom(() => this.#release());
  }

  /** A stream brought blocks: it is paused where they are too many, until there is room. */
  check(stream: ByteStream): void {
    if (!this.#budget.isOverdrawn || this.#held.has(stream)) return;
    this.#held.add(stream);
    stream.pause();
    // A block that is half here waits for its rest, which does not come now: it must not be what keeps the budget full.
    this.#budget.take(0);
  }

  /** The stream is over. */
  forget(stream: ByteStream): void {
    this.#held.delete(stream);
  }

  #release(): void {
    const held = [...this.#held];
    this.#held.clear();
    for (const stream of held) stream.resume();
  }
}
