import { expect, test } from 'vitest';
import { alignColumns, median } from '../src/statistics.ts';

test('the median is the middle, or the mean of the two in the middle', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(() => median([])).toThrow(RangeError);
});

test('a column is as wide as its widest cell, and no line ends in spaces', () => {
  expect(
    alignColumns([
      ['what', 'MiB/s'],
      ['a', '1'],
      ['longer', ''],
    ]),
  ).toEqual(['what    MiB/s', 'a           1', 'longer']);
});
