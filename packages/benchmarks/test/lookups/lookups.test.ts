import { expect, test } from 'vitest';
import { formatLookups, measureLookups } from '../../src/lookups/lookups.ts';

test('lookups in a small net ask few, and the table says how many beside log2 of its size', async () => {
  const result = await measureLookups(16, 5, AbortSignal.timeout(15_000));
  expect(result).toMatchObject({ nodes: 16, lookups: 5 });
  expect(result.asked).toBeGreaterThanOrEqual(8);
  expect(result.asked).toBeLessThanOrEqual(16);
  expect(formatLookups([result]).split('\n')[1]).toMatch(/^ {6}16 {5}4\.0 +\d+\.\d +\d\.\d +\d+$/);
});

test('a measurement that is given up lets go of its nodes', async () => {
  await expect(measureLookups(16, 5, AbortSignal.abort(new Error('interrupted')))).rejects.toThrow('interrupted');
});
