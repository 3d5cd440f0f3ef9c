import { expect, test } from 'vitest';
import { CONTESTANTS } from '../../src/trackers/contestants.ts';
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
