// Lets so many pieces of work run at once; the others wait in the order they came, and may leave the queue.

export class Turnstile {
  readonly #most: number;
  #running = 0;
  /** Whoever is at the front goes on when called. */
  readonly #waiting = new Set<() => void>();

  constructor(most: number) {
    if (!Number.isInteger(most) || most < 1) throw new RangeError(`at least one must pass at once, not ${most}`);
    this.#most = most;
  }

  /** Does the work when its turn comes. Rejects with the signal's reason where that comes first: the work is not begun. */
  async pass<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    if (this.#running < this.#most) this.#running++;
    else await this.#turn(signal);
    try {
      return await work();
    } finally {
      this.#next();
    }
  }

  /** Resolves with the place of somebody who is done. */
  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(go);
        reject(signal?.reason);
      };
      const go = (): void => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      this.#waiting.add(go);
      signal?.addEventListener('abort', leave, { once: true });
    });
  }

  #next(): void {
    const [next] = this.#waiting;
    if (!next) {
      this.#running--;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
