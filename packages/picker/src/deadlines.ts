// The pieces that are wanted by a certain time, the earliest first. Few: what is ahead of somebody who watches or listens.
// Invariants: `#order` is ascending by time, then by piece; `#times` has the same pieces and times.

interface Deadline {
  readonly piece: number;
  readonly at: number;
}

/** Deadlines in order; setting one costs O(deadlines). */
export class Deadlines {
  readonly #times = new Map<number, number>();
  readonly #order: Deadline[] = [];

  /** Milliseconds, as given. */
  get(piece: number): number | undefined {
    return this.#times.get(piece);
  }

  set(piece: number, at: number): void {
    this.delete(piece);
    this.#times.set(piece, at);
    this.#order.splice(this.#index(piece, at), 0, { piece, at });
  }

  delete(piece: number): void {
    const at = this.#times.get(piece);
    if (at === undefined) return;
    this.#times.delete(piece);
    this.#order.splice(this.#index(piece, at), 1);
  }

  clear(): void {
    this.#times.clear();
    this.#order.length = 0;
  }

  /** The earliest first. Do not change them meanwhile. */
  get all(): readonly Deadline[] {
    return this.#order;
  }

  checkInvariants(): void {
    if (this.#times.size !== this.#order.length) throw new Error('the deadlines are not what is in order');
    for (const [index, { piece, at }] of this.#order.entries()) {
      if (this.#times.get(piece) !== at) throw new Error(`the deadline of piece ${piece} is not ${at}`);
      if (this.#index(piece, at) !== index) throw new Error(`the deadline of piece ${piece} is out of order`);
    }
  }

  /** Where the deadline is, or would go. */
  #index(piece: number, at: number): number {
    let [low, high] = [0, this.#order.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#order[middle] as Deadline;
      if (other.at < at || (other.at === at && other.piece < piece)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
