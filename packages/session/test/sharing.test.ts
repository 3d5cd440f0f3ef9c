// When a torrent has given enough, over restarts too.
import { expect, test } from 'vitest';
import type { TorrentEvent } from '../src/index.ts';
import { filledStorage, makeTorrent, memoryStateStore, outliving, World } from './harness.ts';

test('by ratio: the uploads of earlier runs count', async () => {
  const world = new World('ratio');
  const made = makeTorrent(world.random, [200_000], 16_384);
  const stateStore = memoryStateStore();
  const storage = outliving(await filledStorage(made));
  const options = { storage, stateStore, sources: [], session: { shareLimits: { ratio: 2 } } };
  let leeches = 0;
  const serve = async (address: string): Promise<void> => {
    const leech = await world.join(`10.0.1.${++leeches}`, made, { sources: [] });
    leech.torrent.addPeers([address]);
    await world.clock.run(() => leech.torrent.state === 'seeding', 60_000);
  };
  const first = await world.join('10.0.0.1', made, options);
  await world.clock.run(() => first.torrent.state === 'seeding', 5_000);
  await serve(first.host.address());
  await world.clock.advance(5_000);
  expect(first.torrent.snapshot()).toMatchObject({ ratio: 1, paused: false });
  await world.settle(first.session.close());

  const second = await world.join('10.0.0.2', made, options);
  const events: TorrentEvent[] = [];
  second.torrent.subscribe((event) => events.push(event));
  await world.clock.run(() => second.torrent.state === 'seeding', 5_000);
  expect(second.torrent.snapshot()).toMatchObject({ ratio: 1, uploadedEver: 200_000, uploaded: 0 });
  await serve(second.host.address());
  await world.clock.run(() => second.torrent.paused, 5_000);
  expect(events.filter(({ type }) => type === 'shareLimit')).toEqual([{ type: 'shareLimit', limit: 'ratio' }]);
  await world.clock.advance(1_000);
  expect(second.torrent.peers).toEqual([]);
  // Whoever wants more of it raises the limit.
  second.torrent.shareLimits = {};
  void second.torrent.resume();
  await world.clock.advance(60_000);
  expect(second.torrent.paused).toBe(false);
  world.members.splice(0, 1);
  await world.close();
});

test('by time: only what is spent seeding counts, of earlier runs too, and with no source of peers as well', async () => {
  const world = new World('time');
  const made = makeTorrent(world.random, [200_000], 16_384);
  const stateStore = memoryStateStore();
  const storage = outliving(await filledStorage(made));
  const options = { storage, stateStore, sources: [], torrent: { shareLimits: { timeMs: 100_000 } } };
  const first = await world.join('10.0.0.1', made, options);
  await world.clock.advance(60_000);
  await world.settle(first.torrent.pause());
  await world.clock.advance(500_000);
  expect(first.torrent.snapshot().seedingMs).toBeGreaterThan(58_000);
  expect(first.torrent.snapshot().seedingMs).toBeLessThan(61_000);
  await world.settle(first.session.close());
  const second = await world.join('10.0.0.2', made, options);
  const started = world.clock.now();
  await world.clock.run(() => second.torrent.paused, 60_000);
  const lasted = world.clock.now() - started;
  expect(lasted).toBeGreaterThan(37_000);
  expect(lasted).toBeLessThan(45_000);
  world.members.splice(0, 1);
  await world.close();
});

test('what was given is saved now and then, so that a crash does not take it all', async () => {
  const world = new World('crash');
  const made = makeTorrent(world.random, [200_000], 16_384);
  const stateStore = memoryStateStore();
  const storage = outliving(await filledStorage(made));
  const first = await world.join('10.0.0.1', made, { storage, stateStore, sources: [] });
  const leech = await world.join('10.0.0.9', made, { sources: [] });
  leech.torrent.addPeers([first.host.address()]);
  await world.clock.run(() => leech.torrent.state === 'seeding', 60_000);
  await world.clock.advance(6 * 60_000);
  first.host.crash();
  world.members.shift();
  const second = await world.join('10.0.0.2', made, { storage, stateStore, sources: [] });
  await world.clock.run(() => second.torrent.state === 'seeding', 5_000);
  expect(second.torrent.snapshot().uploadedEver).toBe(200_000);
  await world.close();
});
