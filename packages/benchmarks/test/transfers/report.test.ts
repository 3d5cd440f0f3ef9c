import { expect, test } from 'vitest';
import { MIB } from '../../src/payload.ts';
import type { BenchResult, Entry } from '../../src/transfers/bench.ts';
import { formatReport, summaryOf } from '../../src/transfers/report.ts';

function entry(client: string, seconds: readonly number[], cpuSeconds: number | null): Entry {
  const runs = seconds.map((each) => ({
    since: 'first byte' as const,
    seconds: each,
    cpuSeconds,
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
    inMemory: true,
    loads: [0.5, 1.5],
  },
  size: 256 * MIB,
  pieceLength: MIB,
  rounds: 3,
  reference: { client: 'libtorrent', version: '2' },
  limits: [{ loopback: 1024 * MIB, sha1: 1500 * MIB, write: 2000 * MIB }],
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
    cpuPerGib: 4,
    peakResident: 300,
    peakAnonymous: 100,
  });
  expect(summaryOf({ runs: [] })).toBeUndefined();
});

test('what the system does not tell is null, not nothing', () => {
  expect(summaryOf(entry('shoal', [1], null))?.cpuPerGib).toBeNull();
  expect(summaryOf(entry('shoal', [1], 0))?.cpuPerGib).toBe(0);
});

test('the report has a row for each client, ratios and limits', () => {
  const lines = formatReport(RESULT)
    .split('\n')
    .map((line) => line.trim().replaceAll(/\s+/g, ' '));
  expect(lines).toContain('shoal 1.2.3 128 (64 to 256) 13 % 2.00 4.00 300 100');
  expect(lines).toContain('webtorrent 1.2.3 failed');
  expect(lines).toContain('shoal / libtorrent: speed 0.50, CPU 2.00, anonymous memory 1.00');
  expect(lines).toContain('loopback copy 1024 SHA-1 1500 write 2000');
  expect(lines).toContain('FAILED webtorrent as leech: it fell');
});
