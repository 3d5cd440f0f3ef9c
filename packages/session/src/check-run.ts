// The check of what lies on disk: waits for its turn among the session's, counts what it has read, and can be ended.
// Invariant: at most one is under way.
import type { FastResume } from '@shoal/storage';
import type { Content } from './content.ts';
import type { Turnstile } from './turnstile.ts';

export class CheckRun {
  readonly #turnstile: Turnstile;
  readonly #onChecked: (piece: number) => void;
  #ending: AbortController | undefined;
  #bytesChecked = 0;

  constructor(turnstile: Turnstile, onChecked: (piece: number) => void) {
    this.#turnstile = turnstile;
    this.#onChecked = onChecked;
  }

  /** By the newest check, as far as it has come. */
  get bytesChecked(): number {
    return this.#bytesChecked;
  }

  /** The check under way ends, changing nothing; so does one that waits for its turn. */
  end(): void {
    this.#ending?.abort();
  }

  /** `known`: what need not be read. Answers whether anything was, or that it was ended. Rejects with StorageError. */
  async run(content: Content, known: FastResume | undefined): Promise<'read' | 'known' | 'ended'> {
    const ending = new AbortController();
    const { signal } = ending;
    this.#ending = ending;
    this.#bytesChecked = 0;
    const onChecked = (piece: number): void => {
      this.#bytesChecked += content.layout.pieceSize(piece);
      this.#onChecked(piece);
    };
    try {
      const hasRead = await this.#turnstile.pass(() => content.check(known, () => !signal.aborted, onChecked), signal);
      if (signal.aborted) return 'ended';
      return hasRead ? 'read' : 'known';
    } catch (error) {
      if (signal.aborted) return 'ended';
      throw error;
    } finally {
      this.#ending = undefined;
    }
  }
}
