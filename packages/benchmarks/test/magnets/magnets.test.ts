import { expect, test } from 'vitest';
import { formatMagnets, measureMagnets } from '../../src/magnets/magnets.ts';

test('a magnet link comes to its first block through a tracker and through the DHT alone', async () => {
  const { tracker, dht } = await measureMagnets(1, AbortSignal.timeout(60_000));
  expect(tracker).toHaveLength(1);
  expect(dht).toHaveLength(1);
  expect(Math.min(...tracker, ...dht)).toBeGreaterThan(0);
}, 70_000);

test('the table has the medians', () => {
  const table = formatMagnets({ tracker: [3, 1, 2], dht: [4, 4, 5] });
  expect(table).toContain('a tracker       2.00  (1.00 to 3.00)');
  expect(table).toContain('the DHT alone   4.00  (4.00 to 5.00)');
});
