import { expect, test } from 'vitest';
import { MIB } from '../../src/payload.ts';
import type { BenchResult, Entry } from '../../src/transfers/bench.ts';
import { profileOf } from '../../src/transfers/profiles.ts';
import { formatReport } from '../../src/transfers/report.ts';
import { ratiosOf, summaryOf } from '../../src/transfers/summary.ts';

function entry(client: string, seconds: readonly number[], cpuSeconds: number | null): Entry {
  const runs = seconds.map((each) => ({
    since: 'first byte' as const,
    seconds: each,
    beforeFirstByte: 0.25,
    cpuSeconds,
    otherCpuSeconds: 0.75,
    peakResident: 300 * MIB,
    peakAnonymous: 100 * MIB,
    verified: 256 * MIB,
  }));
  return { client, version: '1.2.3', role: 'leech', runs, failures: [] };
}

const RESULT: BenchResult = {
  date: '2030-01-02T03:04:05.000Z',
  machine: {
    cpu: 'a processor',
    cores: 2,
    memory: 24 * 1024 * MIB,
    system: 'Linux 1 x64',
    node: 'v20.0.0',
    loads: [0.5, 1.5],
  },
  profile: { ...profileOf('tree'), size: 256 * MIB },
  inMemory: true,
  rounds: 3,
  reference: { client: 'libtorrent', version: '2' },
  limits: [
    {
      loopback: { rate: 1024 * MIB, cpuPerGib: 0.25 },
      sha1: { rate: 1500 * MIB, cpuPerGib: 0.5 },
      write: { rate: 2000 * MIB, cpuPerGib: 0.4 },
    },
  ],
  entries: [
    entry('shoal', [1, 2, 4], 1),
    entry('libtorrent', [0.5, 1, 2], 0.5),
    { ...entry('webtorrent', [], null), failures: ['it fell'] },
  ],
  skipped: [],
};

test('a summary has the rate of each run, and CPU seconds for a GiB', () => {
  expect(summaryOf(RESULT.entries[0] as Entry)).toEqual({
    rate: 128,
    lowestRate: 64,
    highestRate: 256,
    seconds: 2,
    beforeFirstByte: 0.25,
    cpuPerGib: 4,
    otherCpuPerGib: 3,
    peakResident: 300,
    peakAnonymous: 100,
  });
  expect(summaryOf({ runs: [] })).toBeUndefined();
});

test('what the system does not tell is null, not nothing', () => {
  expect(summaryOf(entry('shoal', [1], null))?.cpuPerGib).toBeNull();
  expect(summaryOf(entry('shoal', [1], 0))?.cpuPerGib).toBe(0);
});

test('ratios are ours to each other client that arrived, and to each limit', () => {
  expect(ratiosOf(RESULT)).toEqual([
    { role: 'leech', to: 'libtorrent', speed: 0.5, cpu: 2, resident: 1, anonymous: 1 },
    { role: 'leech', to: 'loopback', speed: 0.125, cpu: 16, resident: null, anonymous: null },
    { role: 'leech', to: 'sha1', speed: 128 / 1500, cpu: 8, resident: null, anonymous: null },
    { role: 'leech', to: 'write', speed: 128 / 2000, cpu: 10, resident: null, anonymous: null },
  ]);
  expect(ratiosOf({ ...RESULT, entries: RESULT.entries.slice(1) })).toEqual([]);
});

test('the report has a row for each client, ratios and limits', () => {
  const lines = formatReport(RESULT)
    .split('\n')
    .map((line) => line.trim().replaceAll(/\s+/g, ' '));
  expect(lines[0]).toBe(
    'tree: 2000 files, 256 MiB in pieces of 256 KiB, plain TCP on loopback, in memory; median of 3 (lowest to highest)',
  );
  expect(lines).toContain('shoal 1.2.3 128 (64 to 256) 2.00 4.00 3.00 300 100 0.25');
  expect(lines).toContain('webtorrent 1.2.3 failed');
  expect(lines).toContain('shoal / libtorrent: speed 0.50, CPU 2.00, peak memory 1.00, anonymous 1.00');
  expect(lines).toContain('shoal / loopback copy: speed 0.13, CPU 16.00');
  expect(lines).toContain(
    'loopback copy 1024 MiB/s (CPU 0.25 s/GiB) SHA-1 1500 MiB/s (CPU 0.50 s/GiB) write 2000 MiB/s (CPU 0.40 s/GiB)',
  );
  expect(lines).toContain('FAILED webtorrent as leech: it fell');
});

test('a seed has no wait for the first byte in its row: it would be the wait of who is opposite', () => {
  const seeding = { ...(RESULT.entries[0] as Entry), role: 'seed' as const };
  const profile = profileOf('one-to-eight');
  const lines = formatReport({ ...RESULT, profile, entries: [seeding] }).split('\n');
  expect(lines.find((line) => line.startsWith('seeding to 8 libtorrent leeches'))).toMatch(/anonymous$/);
  expect(lines.find((line) => line.startsWith('  shoal 1.2.3'))).toMatch(/100$/);
});
