import { expect, test } from 'vitest';
import { ratioOf, reachedLimit } from '../src/share-limits.ts';

test('the ratio is by what was downloaded, or by what is here where that is more', () => {
  expect(ratioOf({ uploaded: 50, downloaded: 100, bytesDone: 100 })).toBe(0.5);
  expect(ratioOf({ uploaded: 300, downloaded: 0, bytesDone: 100 })).toBe(3);
  expect(ratioOf({ uploaded: 50, downloaded: 200, bytesDone: 100 })).toBe(0.25);
  expect(ratioOf({ uploaded: 50, downloaded: 0, bytesDone: 0 })).toBe(0);
});

test('whichever limit is reached first', () => {
  const shared = { uploaded: 200, downloaded: 100, bytesDone: 100, seedingMs: 5_000 };
  expect(reachedLimit({}, shared)).toBeUndefined();
  expect(reachedLimit({ ratio: 2 }, shared)).toBe('ratio');
  expect(reachedLimit({ ratio: 2.1 }, shared)).toBeUndefined();
  expect(reachedLimit({ timeMs: 5_000 }, shared)).toBe('time');
  expect(reachedLimit({ timeMs: 5_001 }, shared)).toBeUndefined();
  expect(reachedLimit({ ratio: 3, timeMs: 1 }, shared)).toBe('time');
  expect(reachedLimit({ ratio: 0 }, { uploaded: 0, downloaded: 0, bytesDone: 0, seedingMs: 0 })).toBe('ratio');
});
