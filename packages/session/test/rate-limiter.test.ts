import { SimClock } from '@shoal/testkit';
import { expect, test } from 'vitest';
import { RateLimiter } from '../src/rate-limiter.ts';

/** Takes `size` bytes each time it may, for ever; answers what it has taken so far. */
function taker(limiter: RateLimiter, size: number): { taken: number; stop(): void } {
  let stop = (): void => undefined;
  const taker = { taken: 0, stop: () => stop() };
  const go = (): void => {
    do {
      limiter.charge(size);
      taker.taken += size;
    } while (limiter.isReady);
    stop = limiter.wait(go);
  };
  stop = limiter.wait(go);
  return taker;
}

test.each([
  [1_000, 16_384],
  [50_000, 16_384],
  [1_000_000, 16_384],
  [1_000_000, 100],
  [100_000_000, 262_144],
])('%i bytes a second are exact over time, whatever the sizes', async (limit, size) => {
  const clock = new SimClock();
  const limiter = new RateLimiter(clock, limit);
  const one = taker(limiter, size);
  const seconds = Math.max(10, (size / limit) * 40);
  await clock.advance(seconds * 1000);
  one.stop();
  // One size may be owed at the end.
  expect(Math.abs(one.taken - limit * seconds)).toBeLessThanOrEqual(Math.max(size, 0.01 * limit * seconds));
  expect(clock.pending).toBe(0);
});

test('those who wait go on in turn', async () => {
  const clock = new SimClock();
  const limiter = new RateLimiter(clock, 100_000);
  const all = Array.from({ length: 20 }, () => taker(limiter, 1_000));
  await clock.advance(10_000);
  const counts = all.map(({ taken }) => taken);
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1_000);
  for (const one of all) one.stop();
  expect(clock.pending).toBe(0);
});

test('an idle line saves up a tenth of a second and no more', async () => {
  const clock = new SimClock();
  const limiter = new RateLimiter(clock, 10_000);
  await clock.advance(60_000);
  let taken = 0;
  while (limiter.isReady) {
    limiter.charge(100);
    taken += 100;
  }
  expect(taken).toBe(1_000);
});

test('a limit that changes holds at once, for those who wait too', async () => {
  const clock = new SimClock();
  const limiter = new RateLimiter(clock, 1_000);
  const one = taker(limiter, 1_000);
  await clock.advance(5_000);
  expect(one.taken).toBeGreaterThanOrEqual(5_000);
  expect(one.taken).toBeLessThanOrEqual(6_000);
  const before = one.taken;
  limiter.limit = 100_000;
  await clock.advance(10_000);
  expect((one.taken - before) / 1_000_000).toBeCloseTo(1, 1);
  limiter.limit = 1_000;
  const then = one.taken;
  await clock.advance(10_000);
  expect(one.taken - then).toBeLessThanOrEqual(11_000);
  expect(limiter.limit).toBe(1_000);
  one.stop();
});

test('without a limit nothing is counted and nobody waits long', async () => {
  const clock = new SimClock();
  const limiter = new RateLimiter(clock);
  expect(limiter.limit).toBeUndefined();
  limiter.charge(1e12);
  expect([limiter.isReady, clock.pending]).toEqual([true, 0]);
  limiter.limit = 1_000;
  await clock.advance(10);
  expect(limiter.isReady).toBe(true);
  limiter.charge(1e9);
  let went = false;
  limiter.wait(() => {
    went = true;
  });
  limiter.limit = undefined;
  await clock.advance(10);
  expect([went, clock.pending]).toEqual([true, 0]);
});

test('what is given back is there again', async () => {
  const clock = new SimClock();
  const limiter = new RateLimiter(clock, 1_000);
  limiter.charge(16_384);
  await clock.advance(100);
  expect(limiter.isReady).toBe(false);
  limiter.charge(-16_384);
  expect(limiter.isReady).toBe(true);
});

test('waiting is taken back, and the clock is left alone then', async () => {
  const clock = new SimClock();
  const limiter = new RateLimiter(clock, 1_000);
  limiter.charge(500);
  const told: string[] = [];
  const stop = limiter.wait(() => told.push('first'));
  limiter.wait(() => told.push('second'));
  stop();
  stop();
  await clock.advance(10_000);
  expect([told, clock.pending]).toEqual([['second'], 0]);
});

test('a limit is a positive number', () => {
  const limiter = new RateLimiter(new SimClock());
  for (const limit of [0, -1, Number.NaN]) {
    expect(() => {
      limiter.limit = limit;
    }).toThrow(RangeError);
  }
  limiter.limit = Number.POSITIVE_INFINITY;
  expect(limiter.limit).toBeUndefined();
});
