import { expect, test } from 'vitest';
import { scale } from '../../src/scale/measurement.ts';
import { formatScale } from '../../src/scale/scale.ts';

test('the table has a line for each figure', () => {
  const table = formatScale({
    options: { torrents: 10, peers: 5, pieces: 7, restSeconds: 1 },
    idle: { firstStart: 3, start: 1.25, resident: 100 * 2 ** 20, perTorrent: 20_480, restShare: 0.0123 },
    peers: { perPeer: 10_240, restShare: 0 },
    large: { create: 1, verify: 2, start: 3, resident: 2 ** 20 },
  });
  expect(table).toContain('100 MiB, 20.0 KiB a torrent');
  expect(table).toContain('1.2 % of a core');
  expect(table).toMatch(/^5 peers of one torrent, each +10\.0 KiB$/m);
});

test('wrong usage is told', () => {
  expect(() => scale.prepare(['--peers', '0'])).toThrow('--peers wants a whole number');
});
