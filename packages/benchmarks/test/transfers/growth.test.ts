import { expect, test } from 'vitest';
import { MIB } from '../../src/payload.ts';
import { shoal } from '../../src/transfers/clients/shoal.ts';
import { formatGrowth, growth, growthOf } from '../../src/transfers/growth.ts';
import { profileOf } from '../../src/transfers/profiles.ts';
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

test('measures our client in two profiles, and compares a role with the same role', async () => {
  const result = await growth({
    base: 'file',
    profiles: [
      { ...profileOf('file'), size: 2 * MIB },
      { ...profileOf('one-to-eight'), size: MIB, others: 2 },
    ],
    onDisk: false,
    rounds: 1,
    client: shoal,
    reference: shoal,
    limitMs: 15_000,
    signal: new AbortController().signal,
  });
  expect(result.cells.map(({ profile, role, failures }) => [profile, role, failures])).toEqual([
    ['file', 'leech', []],
    ['file', 'seed', []],
    ['one-to-eight', 'seed', []],
  ]);
  expect(result.cells.map(({ runs }) => runs[0]?.verified)).toEqual([2 * MIB, 2 * MIB, 2 * MIB]);
  if (process.platform === 'linux') expect(result.cells[1]?.growth).toBe(1);
  expect(formatGrowth(result)).toMatch(/one-to-eight +seed +1 /);
});
