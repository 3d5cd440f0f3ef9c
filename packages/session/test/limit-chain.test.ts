import { SimClock } from '@shoal/testkit';
import { expect, test } from 'vitest';
import { LimitChain } from '../src/limit-chain.ts';
import { RateLimiter } from '../src/rate-limiter.ts';

test('the tightest limit of the chain is the one that holds', async () => {
  const clock = new SimClock();
  const limiters = [50_000, 20_000, undefined].map((limit) => new RateLimiter(clock, limit));
  const chain = new LimitChain(limiters);
  expect(chain.isLimited).toBe(true);
  let taken = 0;
  let stop = (): void => undefined;
  const go = (): void => {
    chain.charge(1_000);
    taken += 1_000;
    stop = chain.wait(go);
  };
  stop = chain.wait(go);
  await clock.advance(10_000);
  expect(taken / 200_000).toBeCloseTo(1, 1);
  stop();
  expect(clock.pending).toBe(0);
});

test('two torrents under one session share its limit, each under its own', async () => {
  const clock = new SimClock();
  const session = new RateLimiter(clock, 100_000);
  const takers = [undefined, 20_000].map((limit) => {
    const chain = new LimitChain([session, new RateLimiter(clock, limit)]);
    const one = { taken: 0 };
    const go = (): void => {
      chain.charge(2_000);
      one.taken += 2_000;
      chain.wait(go);
    };
    chain.wait(go);
    return one;
  });
  await clock.advance(10_000);
  const [free, tight] = takers.map(({ taken }) => taken) as [number, number];
  expect(tight / 200_000).toBeCloseTo(1, 1);
  expect((free + tight) / 1_000_000).toBeCloseTo(1, 1);
});

test('a wait is taken back, whichever limit it waits for', async () => {
  const clock = new SimClock();
  const limiters = [new RateLimiter(clock, 1_000), new RateLimiter(clock, 1_000)] as const;
  const chain = new LimitChain(limiters);
  chain.charge(100);
  limiters[1].charge(5_000);
  let went = false;
  const stop = chain.wait(() => {
    went = true;
  });
  await clock.advance(1_000);
  expect(chain.isReady).toBe(false);
  stop();
  await clock.advance(60_000);
  expect([went, clock.pending, chain.isReady]).toEqual([false, 0, true]);
});

test('a chain without limits is always ready, and nothing can be waited for', () => {
  const chain = new LimitChain([]);
  expect([chain.isReady, chain.isLimited]).toEqual([true, false]);
  chain.charge(1e9);
  expect(() => chain.wait(() => undefined)).toThrow(RangeError);
});
