// The whole benchmark with a payload that is soon over, our own client on both sides.
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { MIB } from '../../src/payload.ts';
import { bench } from '../../src/transfers/bench.ts';
import { formatReport } from '../../src/transfers/report.ts';
import { shoal } from '../../src/transfers/shoal.ts';

const SIZE = 5 * MIB;

test('measures shoal in both roles against itself', async () => {
  const steps: string[] = [];
  const result = await bench({
    size: SIZE,
    rounds: 1,
    clients: [shoal],
    reference: shoal,
    roles: ['leech', 'seed'],
    limitMs: 15_000,
    signal: new AbortController().signal,
    onStep: (step) => steps.push(step),
  });
  expect(result.skipped).toEqual([]);
  expect(result.entries.map(({ role, failures }) => [role, failures])).toEqual([
    ['leech', []],
    ['seed', []],
  ]);
  for (const { runs, version } of result.entries) {
    expect(version).toMatch(/^\d+\.\d+\.\d+/);
    expect(runs).toHaveLength(1);
    expect(runs[0]).toMatchObject({ since: 'launch', verified: SIZE });
    expect(runs[0]?.seconds).toBeGreaterThan(0);
    if (process.platform !== 'linux') continue;
    expect(runs[0]?.cpuSeconds).toBeGreaterThan(0);
    expect(runs[0]?.peakAnonymous).toBeGreaterThan(10 * MIB);
    expect(runs[0]?.peakResident).toBeGreaterThan(runs[0]?.peakAnonymous as number);
  }
  for (const limit of Object.values(result.limits[0] ?? {})) expect(limit).toBeGreaterThan(MIB);
  const folder = / in (\S+)$/.exec(steps[0] as string)?.[1] as string;
  expect(existsSync(folder)).toBe(false);
  expect(formatReport(result)).toMatch(
    /leeching from a shoal seed[\s\S]*seeding to a shoal leech[\s\S]*loopback copy \d+/,
  );
});

test('leaves out a client that is not there, and says why', async () => {
  const absent = { ...shoal, name: 'absent', probe: async () => ({ missing: 'not installed' }) };
  const result = await bench({
    size: MIB,
    rounds: 1,
    clients: [absent],
    reference: shoal,
    roles: ['leech'],
    limitMs: 15_000,
    signal: new AbortController().signal,
  });
  expect(result.entries).toEqual([]);
  expect(result.skipped).toEqual([{ client: 'absent', reason: 'not installed' }]);
  expect(formatReport(result)).toContain('skipped absent: not installed');
});
