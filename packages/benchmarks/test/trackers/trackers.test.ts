import { expect, test } from 'vitest';
import { CONTESTANTS } from '../../src/trackers/contestants.ts';
import { trackers } from '../../src/trackers/measurement.ts';
import { formatTrackers } from '../../src/trackers/report.ts';
import { measureTrackers } from '../../src/trackers/trackers.ts';

test('each tracker that is here answers announces over UDP and HTTP, and its memory is told', async () => {
  const result = await measureTrackers({
    contestants: CONTESTANTS,
    rounds: 1,
    announces: 300,
    held: 200,
    peers: 2_000,
    signal: AbortSignal.timeout(60_000),
    say: () => {},
  });
  expect(result.skipped.filter(({ name }) => name !== 'opentracker')).toEqual([]);
  const told = result.announces.map(({ name, protocol }) => `${name} ${protocol}`);
  for (const name of ['shoal', 'bittorrent-tracker'])
    expect(told).toEqual(expect.arrayContaining([`${name} udp`, `${name} http`]));
  expect(told).toEqual(expect.arrayContaining(['a bare UDP echo udp', 'a bare HTTP server http']));
  for (const { name, peersPerAnswer, seconds, perConnection } of result.announces) {
    expect(peersPerAnswer).toBeGreaterThanOrEqual(25);
    expect(peersPerAnswer, name).toBeLessThanOrEqual(100);
    expect(seconds).toBeGreaterThan(0);
    if (name === 'shoal' && perConnection !== null) expect(perConnection).toBeGreaterThan(5);
  }
  expect(result.memory.find(({ name }) => name === 'shoal')).toMatchObject({ peers: 2_000, torrents: 20 });
}, 70_000);

test('the table has medians, and ratios of ours to the others', () => {
  const run = { protocol: 'udp', seconds: 1, busy: 0.5, peersPerAnswer: 50, perConnection: null } as const;
  const text = formatTrackers({
    announces: [
      { ...run, name: 'shoal', cpuPer100k: 2 },
      { ...run, name: 'shoal', cpuPer100k: 4 },
      { ...run, name: 'shoal', cpuPer100k: 3 },
      { ...run, name: 'other', cpuPer100k: 6 },
    ],
    memory: [
      { name: 'shoal', peers: 1_048_576, torrents: 10_486, empty: 50 * 2 ** 20, growth: 30 * 2 ** 20 },
      { name: 'other', peers: 1_048_576, torrents: 10_486, empty: 60 * 2 ** 20, growth: 300 * 2 ** 20 },
    ],
    skipped: [{ name: 'third', reason: 'not here' }],
  });
  expect(text).toMatch(/shoal +3\.00 +\(2\.00 to 4\.00\) +50 % +50\.0\n/);
  expect(text).toMatch(/other +6\.00 .* 0\.50\n/);
  expect(text).toMatch(/shoal +50\.0 +30\.0 +30\n/);
  expect(text).toMatch(/other +60\.0 +300\.0 +300 +0\.10/);
  expect(text).toContain('skipped third: not here');
});

test('its options', () => {
  expect(() => trackers.prepare(['--peers', '-1'])).toThrow();
  expect(() => trackers.prepare(['--only', 'x'])).toThrow(/no tracker is called "x"/);
  expect(() => trackers.prepare(['--rounds', '0'])).toThrow(RangeError);
  expect(trackers.prepare(['--peers', '0', '--only', 'shoal'])).toBeTypeOf('function');
});
