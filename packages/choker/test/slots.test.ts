import fc from 'fast-check';
import { expect, it } from 'vitest';
import { slotsForLimit } from '../src/index.ts';

it.each([
  [1, 2],
  [5, 2],
  [10, 2],
  [20, 3],
  [50, 5],
  [100, 7],
  [200, 10],
  [1_000, 24],
  [100_000, 50],
])('%d KiB/s make %d slots of 50', (limit, slots) => {
  expect(slotsForLimit(limit * 1_024, 50)).toBe(slots);
});

it('gives what is configured where there is no limit, and none where nothing may be sent', () => {
  expect([slotsForLimit(undefined, 8), slotsForLimit(Number.POSITIVE_INFINITY, 8), slotsForLimit(0, 8)]).toEqual([
    8, 8, 0,
  ]);
});

it('refuses what is no limit or no number of slots', () => {
  for (const limit of [-1, Number.NaN]) expect(() => slotsForLimit(limit, 8)).toThrow(RangeError);
  for (const slots of [-1, 1.5, Number.NaN]) expect(() => slotsForLimit(undefined, slots)).toThrow(RangeError);
});

it('never goes past what is configured, never down with a higher limit, and keeps each slot worth something', () => {
  fc.assert(
    fc.property(fc.nat(100), fc.integer({ min: 1, max: 1e9 }), fc.nat(1e9), (configured, limit, more) => {
      const [slots, higher] = [slotsForLimit(limit, configured), slotsForLimit(limit + more, configured)];
      expect(slots).toBeLessThanOrEqual(configured);
      expect(higher).toBeGreaterThanOrEqual(slots);
      // From the third slot on, each is worth at least 5 KiB/s.
      if (slots > 2) expect(limit / slots).toBeGreaterThanOrEqual(5 * 1_024);
    }),
  );
});
