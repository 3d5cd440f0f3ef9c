// Memory under pressure: slow disks, failing disks, and what waits when a torrent stops.
import { MemoryStorage } from '@shoal/storage';
import { FaultyStorage } from '@shoal/testkit';
import { expect, test } from 'vitest';
import { contentOf, filledStorage, makeTorrent, memoryStateStore, outliving, World } from './harness.ts';

const MIB = 1 << 20;

test('a slow disk makes the sockets wait: what is in memory stays near the limit', async () => {
  const world = new World('slow disk');
  const made = makeTorrent(world.random, [8 * MIB], 262_144);
  const memory = MIB;
  const fast = { latencyMs: 1 };
  for (const ip of ['10.0.0.1', '10.0.0.3', '10.0.0.4']) {
    await world.join(ip, made, { storage: await filledStorage(made), host: fast });
  }
  const disk = new FaultyStorage(new MemoryStorage({ layout: made.metainfo.layout }), { clock: world.clock });
  disk.slow(0, 400);
  const leech = await world.join('10.0.0.2', made, { storage: disk, host: fast, session: { memory } });
  let most = 0;
  await world.clock.run(() => {
    most = Math.max(most, leech.torrent.snapshot().downloaded - disk.counters.bytesWritten);
    return leech.torrent.state === 'seeding';
  }, 10 * 60_000);
  // A quarter over the limit, and at most one read of each peer's socket more.
  expect(most).toBeGreaterThan(memory / 2);
  expect(most).toBeLessThan(1.25 * memory + 3 * 65_536 + 262_144);
  expect(Buffer.compare(await contentOf(disk, made), made.data)).toBe(0);
  await world.close();
});

test('memory for less than one piece is enough', async () => {
  const world = new World('tight');
  const made = makeTorrent(world.random, [1_500_000], 524_288);
  for (const ip of ['10.0.0.1', '10.0.0.3']) await world.join(ip, made, { storage: await filledStorage(made) });
  const leech = await world.join('10.0.0.2', made, { session: { memory: 100_000 } });
  await world.untilComplete(5 * 60_000);
  expect(Buffer.compare(await contentOf(leech.storage, made), made.data)).toBe(0);
  await world.close();
});

test('a torrent whose disk failed gives its memory to the others of its session', async () => {
  const world = new World('two disks');
  const [broken, whole] = [
    makeTorrent(world.random, [8 * MIB], 524_288),
    makeTorrent(world.random, [4 * MIB], 524_288),
  ];
  const line = { up: 4 * MIB, down: 4 * MIB };
  const seeds = [
    await world.join('10.0.0.1', broken, { storage: await filledStorage(broken), host: line, sources: [] }),
    await world.join('10.0.0.3', whole, { storage: await filledStorage(whole), host: line, sources: [] }),
  ] as const;
  const disk = new FaultyStorage(new MemoryStorage({ layout: broken.metainfo.layout }));
  disk.full();
  const leech = await world.join('10.0.0.2', broken, {
    storage: disk,
    host: line,
    sources: [],
    session: { memory: MIB },
  });
  leech.torrent.addPeers([seeds[0].host.address()]);
  await world.clock.run(() => leech.torrent.error !== null, 60_000);
  const storage = new MemoryStorage({ layout: whole.metainfo.layout });
  const other = leech.session.add({
    infoHash: whole.metainfo.infoHash,
    content: { metainfo: whole.metainfo, storage },
  });
  other.addPeers([seeds[1].host.address()]);
  await world.clock.run(() => other.state === 'seeding', 120_000);
  expect(Buffer.compare(await contentOf(storage, whole), whole.data)).toBe(0);

  disk.heal();
  void leech.torrent.resume();
  await world.clock.run(() => leech.torrent.state === 'seeding', 120_000);
  expect(Buffer.compare(await contentOf(disk, broken), broken.data)).toBe(0);
  await world.close();
});

test('pieces whose verdict or write is under way when the torrent closes are not hashed again', async () => {
  const world = new World('late verdicts');
  const made = makeTorrent(world.random, [2_000_000], 65_536);
  const stateStore = memoryStateStore();
  await world.join('10.0.0.1', made, { storage: await filledStorage(made), host: { up: MIB } });
  const inner = outliving(new MemoryStorage({ layout: made.metainfo.layout }));
  const disk = new FaultyStorage(inner, { clock: world.clock });
  disk.slow(0, 300);
  const first = await world.join('10.0.0.2', made, { storage: disk, stateStore });
  await world.clock.run(() => (first.torrent.have?.count ?? 0) > 5, 60_000);
  let closed = false;
  void first.session.close().then(() => {
    closed = true;
  });
  await world.clock.run(() => closed, 10_000);
  const kept = first.torrent.have?.count ?? 0;
  world.members.splice(1);

  const again = await world.join('10.0.0.3', made, { storage: inner, stateStore });
  let checked = 0;
  again.torrent.subscribe(({ type }) => {
    if (type === 'checked') checked++;
  });
  await world.clock.run(() => again.torrent.state === 'downloading', 10_000);
  expect(checked).toBe(0);
  expect(again.torrent.have?.count).toBe(kept);
  await world.untilComplete(60_000);
  await world.close();
});

test('without a state store a pause costs no hashing, and a file that changed meanwhile is noticed', async () => {
  const world = new World('pause without store');
  const made = makeTorrent(world.random, [300_000, 300_000], 32_768);
  await world.join('10.0.0.1', made, { storage: await filledStorage(made), host: { up: MIB } });
  const storage = new MemoryStorage({ layout: made.metainfo.layout });
  const leech = await world.join('10.0.0.2', made, { storage });
  await world.untilComplete(60_000);
  let checked = 0;
  leech.torrent.subscribe(({ type }) => {
    if (type === 'checked') checked++;
  });
  const again = async (): Promise<void> => {
    let done = false;
    void leech.torrent
      .pause()
      .then(() => leech.torrent.resume())
      .then(() => {
        done = true;
      });
    await world.clock.run(() => done, 10_000);
  };
  await again();
  expect([checked, leech.torrent.state]).toEqual([0, 'seeding']);
  void leech.torrent.pause();
  await world.clock.run(undefined, 1_000);
  await storage.write(12, 0, new Uint8Array(32_768));
  void leech.torrent.resume();
  await world.clock.run(() => checked > 0 && leech.torrent.state === 'seeding', 60_000);
  expect(Buffer.compare(await contentOf(storage, made), made.data)).toBe(0);
  await world.close();
});
