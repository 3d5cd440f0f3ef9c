// Node's clock and randomness, as the session's contracts want them.
import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { Clock, Random } from '@shoal/session';

export const nodeClock: Clock = {
  now: () => performance.now(),
  setTimer: (callback, delayMs) => {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

export const nodeRandom: Random = {
  bytes: (length) => new Uint8Array(randomBytes(length)),
  number: () => randomBytes(4).readUInt32BE() / 2 ** 32,
};
