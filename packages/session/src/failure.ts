// Why a torrent stands still, and when it tries again: after a failure of the disk, soon at first, then ever more rarely.
// The owner is told of each failure once, not at every attempt that ends in the same words.
import type { Clock, Timer } from './contracts.ts';
import { SessionError } from './errors.ts';

const FIRST_RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 60_000;

export class Failure {
  readonly #clock: Clock;
  readonly #retry: () => void;
  #error: SessionError | null = null;
  #told = '';
  #failures = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, retry: () => void) {
    this.#clock = clock;
    this.#retry = retry;
  }

  get error(): SessionError | null {
    return this.#error;
  }

  /** Answers the error, and whether the owner has not heard of it yet. */
  occurred(cause: unknown): { error: SessionError; isNews: boolean } {
    const error = cause instanceof SessionError ? cause : classified(cause);
    const isNews = error.message !== this.#told;
    this.#error = error;
    this.#told = error.message;
    this.stopRetrying();
    if (error.code === 'ERR_STORAGE') {
      const delay = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures++);
      this.#timer = this.#clock.setTimer(this.#retry, delay);
    }
    return { error, isNews };
  }

  /** The torrent is about to try again. */
  clear(): void {
    this.stopRetrying();
    this.#error = null;
  }

  /** Something worked: the next failure is a first one. */
  overcome(): void {
    this.#failures = 0;
    this.#told = '';
  }

  stopRetrying(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}

/** What is not the disk's is ours. */
function classified(cause: unknown): SessionError {
  const message = cause instanceof Error ? cause.message : String(cause);
  const isDisk = String((cause as { code?: unknown } | null)?.code).startsWith('ERR_STORAGE_');
  return new SessionError(isDisk ? 'ERR_STORAGE' : 'ERR_INTERNAL', message, cause);
}
