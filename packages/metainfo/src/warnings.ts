// What a reader tolerated, in words. Bounded: a hostile torrent has something odd in each of a million files.

/** Messages kept; the rest is counted. */
const MAX_WARNINGS = 1_000;

export class Warnings {
  readonly #messages: string[] = [];
  #last: string | undefined;
  #dropped = 0;

  /** A function is only asked for its message while there is room. */
  add(message: string | (() => string)): void {
    // The same of one file after another is said once.
    if (typeof message === 'string' && message === this.#last) return;
    if (typeof message === 'string') this.#last = message;
    if (this.#messages.length === MAX_WARNINGS) this.#dropped++;
    else this.#messages.push(typeof message === 'string' ? message : message());
  }

  /** All of them, and how many more there would have been. */
  take(): string[] {
    return this.#dropped === 0 ? this.#messages : [...this.#messages, `and ${this.#dropped} more of the like`];
  }
}
