import { expect, test } from 'vitest';
import { MIB } from '../../src/payload.ts';
import { growthOf } from '../../src/transfers/growth.ts';
import type { Transfer } from '../../src/transfers/transfer.ts';

function run(cpuSeconds: number | null, verified = 1024 * MIB): Transfer {
  return {
    since: 'first byte',
    seconds: 1,
    beforeFirstByte: 0,
    cpuSeconds,
    otherCpuSeconds: 1,
    peakResident: 1,
    peakAnonymous: 1,
    verified,
  };
}

test('growth is the median of the ratios within rounds, for a GiB', () => {
  const base = [run(2), run(4), run(1)];
  expect(growthOf([run(1.1, 512 * MIB), run(4.8), run(1.3)], base)).toBeCloseTo(1.2);
  expect(growthOf(base, base)).toBe(1);
});

test('a round in which one of the two failed does not count', () => {
  expect(growthOf([null, run(3)], [run(1), run(2)])).toBe(1.5);
  expect(growthOf([run(3), run(3)], [null])).toBeNull();
  expect(growthOf([run(null)], [run(1)])).toBeNull();
});
