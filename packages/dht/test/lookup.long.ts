// The promise of the lookup at full size. SHOAL_SEED repeats a run.
import { expect, test } from 'vitest';
import { measureLookups } from './lookup-success.ts';

const seed = process.env.SHOAL_SEED ?? 'ten thousand';

test(`of 10,000 nodes 20 % are dead and 5 % lie: 99 of 100 lookups find the truly nearest (seed ${seed})`, {
  timeout: 1_200_000,
}, () => {
  const { found, lookups, meanAsked } = measureLookups({ size: 10_000, lookups: 200, dead: 0.2, lying: 0.05, seed });
  expect(found / lookups).toBeGreaterThanOrEqual(0.99);
  // log2 of 10,000 is 13.3.
  expect(meanAsked).toBeLessThan(60);
});
