// The profiles with many files and many peers, each with a payload that is soon over, our own client on both sides.
import { expect, test } from 'vitest';
import { MIB } from '../../src/payload.ts';
import { bench } from '../../src/transfers/bench.ts';
import { optionsFor } from './options-for.ts';

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
