import { expect, test } from 'vitest';
import type { PeerSource, SourceTorrent } from '../src/index.ts';
import { makeTorrent, World } from './harness.ts';

test('sources are told the announced port until they have said goodbye', async () => {
  const world = new World('goodbye');
  const made = makeTorrent(world.random, [50_000], 16_384);
  const ports: number[] = [];
  let torrent: SourceTorrent | undefined;
  const source: PeerSource = {
    name: 'witness',
    start: (started) => {
      torrent = started;
      ports.push(started.port());
    },
    complete: () => undefined,
    stop: async () => {
      // What a tracker announces now must name the same peer as before, or the tracker keeps the old one.
      await new Promise<void>((resolve) => world.clock.setTimer(resolve, 100));
      ports.push(torrent?.port() ?? -1);
    },
    status: () => [],
  };
  await world.join('10.0.0.1', made, { sources: [source] });
  await world.clock.run(() => ports.length === 1, 5_000);
  await world.close();
  expect(ports).toEqual([6881, 6881]);
});
