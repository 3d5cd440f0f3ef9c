// The whole benchmark with a payload that is soon over, our own client on both sides.
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { MIB } from '../../src/payload.ts';
import { bench } from '../../src/transfers/bench.ts';
import { shoal } from '../../src/transfers/clients/shoal.ts';
import { formatReport } from '../../src/transfers/report.ts';
import { optionsFor } from './options-for.ts';

const SIZE = 5 * MIB;

test('measures shoal in both roles against itself', async () => {
  const steps: string[] = [];
  const result = await bench({ ...optionsFor('file', SIZE), onStep: (step) => steps.push(step) });
  expect(result.skipped).toEqual([]);
  expect(result.entries.map(({ role, failures }) => [role, failures])).toEqual([
    ['leech', []],
    ['seed', []],
  ]);
  for (const { runs, version } of result.entries) {
    expect(version).toMatch(/^\d+\.\d+\.\d+/);
    expect(runs).toHaveLength(1);
    expect(runs[0]).toMatchObject({ since: 'launch', beforeFirstByte: null, verified: SIZE });
    expect(runs[0]?.seconds).toBeGreaterThan(0);
    if (process.platform !== 'linux') continue;
    expect(runs[0]?.cpuSeconds).toBeGreaterThan(0);
    expect(runs[0]?.otherCpuSeconds).toBeGreaterThan(0);
    expect(runs[0]?.peakAnonymous).toBeGreaterThan(10 * MIB);
    expect(runs[0]?.peakResident).toBeGreaterThan(runs[0]?.peakAnonymous as number);
  }
  for (const { rate, cpuPerGib } of Object.values(result.limits[0] ?? {})) {
    expect(rate).toBeGreaterThan(MIB);
    expect(cpuPerGib).toBeGreaterThan(0);
  }
  const folder = / in (\S+)$/.exec(steps[1] as string)?.[1] as string;
  expect(existsSync(folder)).toBe(false);
  expect(formatReport(result)).toMatch(
    /leeching from a shoal seed[\s\S]*seeding to a shoal leech[\s\S]*loopback copy \d+/,
  );
});

test('leaves out a client that is not there, and one that lacks what a profile wants, and says why', async () => {
  const absent = { ...shoal, name: 'absent', probe: async () => ({ missing: 'not installed' }) };
  const lacking = { ...shoal, name: 'lacking', lacks: () => 'it cannot' };
  const options = { ...optionsFor('file', MIB), clients: [absent, lacking], roles: ['leech'] as const };
  const result = await bench(options);
  expect(result.entries).toEqual([]);
  expect(result.skipped).toEqual([
    { client: 'absent', reason: 'not installed' },
    { client: 'lacking', reason: 'it cannot' },
  ]);
  expect(formatReport(result)).toContain('skipped absent: not installed');
});
