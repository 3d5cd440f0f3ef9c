// The options of a benchmark that is soon over, our own client on both sides.
import type { BenchOptions } from '../../src/transfers/bench.ts';
import { shoal } from '../../src/transfers/clients/shoal.ts';
import { profileOf, scaled } from '../../src/transfers/profiles.ts';

export function optionsFor(name: string, size: number): BenchOptions {
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
