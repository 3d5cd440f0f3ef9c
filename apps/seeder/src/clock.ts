import { performance } from 'node:perf_hooks';

/** Time as everything here sees it, so that tests can stand in for it. */
export interface Clock {
  /** Monotonic milliseconds. */
  now(): number;
  /** Milliseconds of Unix time, as the file system stamps its files. */
  date(): number;
  setTimer(callback: () => void, delayMs: number): { cancel(): void };
}

export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => Date.now(),
  setTimer: (callback, delayMs) => {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};
