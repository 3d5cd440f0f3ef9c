import { expect, test } from 'vitest';
import { measureLookups } from './lookup-success.ts';

// The same with 10,000 nodes is in lookup.long.ts.
test('in a net of 500 nodes, a fifth of them dead and a twentieth lying, lookups find the truly nearest', {
  timeout: 120_000,
}, () => {
  const { found, lookups, meanAsked, mostAsked } = measureLookups({
    size: 500,
    lookups: 60,
    dead: 0.2,
    lying: 0.05,
    seed: 'quick',
  });
  expect(found / lookups).toBeGreaterThanOrEqual(0.95);
  expect(meanAsked).toBeLessThan(40);
  expect(mostAsked).toBeLessThan(100);
});
