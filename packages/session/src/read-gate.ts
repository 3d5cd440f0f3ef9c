// Stops reading from those who send blocks while the disk does not keep up: without it, requests made earlier would fill
// memory with whatever the lines carry. Of all torrents of a session. Invariant: a connection is held for want of memory
// exactly while it is in `#held`.
import type { ByteBudget } from '@shoal/storage';
import type { Connection } from './connection.ts';

export class ReadGate {
  readonly #budget: ByteBudget;
  readonly #held = new Set<Connection>();

  constructor(budget: ByteBudget) {
    this.#budget = budget;
    budget.onRoom(() => this.#release());
  }

  /** A connection brought blocks: it is paused where they are too many, until there is room. */
  check(connection: Connection): void {
    if (!this.#budget.isOverdrawn || this.#held.has(connection)) return;
    this.#held.add(connection);
    connection.hold('memory');
    // A block that is half here waits for its rest, which does not come now: it must not be what keeps the budget full.
    this.#budget.relieve();
  }

  /** The connection is over. */
  forget(connection: Connection): void {
    this.#held.delete(connection);
  }

  #release(): void {
    const held = [...this.#held];
    this.#held.clear();
    for (const connection of held) connection.release('memory');
  }
}
