// When a node looks after itself: enters the net, refreshes what is stale or sparse, has doubtful nodes prove themselves.
// Invariant: at most one lookup of its own is under way.
import type { RoutingTable } from './routing-table.ts';
import type { TableNode } from './table-node.ts';
import type { Task } from './task.ts';

const INTERVAL_MS = 5_000;
/** Between tries to enter a net in which nobody answered: doubled each time up to the second figure. */
const FIRST_RETRY_MS = 5_000;
const MAX_RETRY_MS = 5 * 60_000;

export class Upkeep {
  nextAt: number;
  /** The node's own lookup under way, and whether it is one for its own id. */
  #own: { readonly task: Task; readonly isEntry: boolean } | undefined;
  #retryAt = Number.NEGATIVE_INFINITY;
  #retryMs = FIRST_RETRY_MS;

  constructor(now: number) {
    this.nextAt = now + INTERVAL_MS;
  }

  /** The lookup by which the node enters the net, while it is under way. */
  get entering(): Task | undefined {
    return this.#own?.isEntry ? this.#own.task : undefined;
  }

  begin(task: Task, isEntry: boolean): void {
    this.#own = { task, isEntry };
  }

  /** Answers whether it was the lookup by which the node entered. */
  end(task: Task, now: number): boolean {
    if (this.#own?.task !== task) return false;
    const { isEntry } = this.#own;
    this.#own = undefined;
    if (isEntry && task.lookup.answered === 0) {
      this.#retryAt = now + this.#retryMs;
      this.#retryMs = Math.min(2 * this.#retryMs, MAX_RETRY_MS);
    } else {
      this.#retryMs = FIRST_RETRY_MS;
    }
    return isEntry;
  }

  /** What is to be done now, if anything is. */
  needs(
    now: number,
    table: RoutingTable,
    hasEntries: boolean,
    random: (length: number) => Uint8Array,
  ): {
    readonly target?: Uint8Array | undefined;
    readonly isEntry: boolean;
    readonly doubtful?: TableNode | undefined;
  } {
    if (now < this.nextAt) return { isEntry: false };
    this.nextAt = now + INTERVAL_MS;
    const doubtful = table.doubtful(now);
    if (this.#own) return { isEntry: false, doubtful };
    if (table.size === 0) {
      const isTime = hasEntries && now >= this.#retryAt;
      return { target: isTime ? table.id : undefined, isEntry: isTime };
    }
    return { target: table.refreshTarget(now, random), isEntry: false, doubtful };
  }
}
