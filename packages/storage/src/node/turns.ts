// Many at a time, or one alone: who reads and writes share, who moves the files under them is alone.
// Invariant: while one is alone nobody else is at work; who wants to be alone goes before those that come later.

export class Turns {
  readonly #sharing = new Set<Promise<unknown>>();
  /** Settles when the last of those who want to be alone is done. */
  #alone: Promise<void> | undefined;

  async shared<T>(work: () => Promise<T>): Promise<T> {
    while (this.#alone !== undefined) await this.#alone;
    const running = work();
    this.#sharing.add(running);
    try {
      return await running;
    } finally {
      this.#sharing.delete(running);
    }
  }

  async alone<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#alone;
    let done = (): void => {};
    const mine = new Promise<void>((resolve) => {
      done = resolve;
    });
    this.#alone = mine;
    await before;
    await Promise.allSettled([...this.#sharing]);
    try {
      return await work();
    } finally {
      if (this.#alone === mine) this.#alone = undefined;
      done();
    }
  }
}
