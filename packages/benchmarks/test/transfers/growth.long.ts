import { expect, test } from 'vitest';
import { MIB } from '../../src/payload.ts';
import { shoal } from '../../src/transfers/clients/shoal.ts';
import { formatGrowth, growth } from '../../src/transfers/growth.ts';
import { profileOf } from '../../src/transfers/profiles.ts';

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
