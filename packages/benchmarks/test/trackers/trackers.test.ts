import { expect, test } from 'vitest';
import { trackers } from '../../src/trackers/measurement.ts';
import { formatTrackers } from '../../src/trackers/report.ts';

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
