// The profiles with many files and many peers, each with a payload that is soon over, our own client on both sides.
import { expect, test } from 'vitest';
import { MIB } from '../../src/payload.ts';
import { type BenchOptions, bench } from '../../src/transfers/bench.ts';
import { shoal } from '../../src/transfers/clients/shoal.ts';
import { profileOf, scaled } from '../../src/transfers/profiles.ts';

function optionsFor(name: string, size: number): BenchOptions {
  const known = scaled(profileOf(name), size);
  const profile = { ...known, others: Math.min(known.others, 3) };
  return {
    profile,
    onDisk: false,
    rounds: 1,
    clients: [shoal],
    reference: shoal,
    roles: profile.roles,
    limitMs: 15_000,
    signal: new AbortController().signal,
  };
}

test.each([
  ['tree', 1],
  ['one-to-eight', 3],
  ['eight-to-one', 1],
])('a small %s arrives whole', async (name, copies) => {
  const { entries } = await bench(optionsFor(name, 4 * MIB));
  for (const { failures, runs } of entries) {
    expect(failures).toEqual([]);
    expect(runs[0]?.verified).toBe(copies * 4 * MIB);
  }
});
