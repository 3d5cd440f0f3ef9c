// Choosing files: what is fetched, what is told, and what outlives a restart.
import { MemoryStorage } from '@shoal/storage';
import { expect, test } from 'vitest';
import type { PeerSource, SourceTorrent, TorrentEvent } from '../src/index.ts';
import { contentOf, filledStorage, makeTorrent, memoryStateStore, outliving, World } from './harness.ts';

const PIECE = 16_384;
const LINE = { up: 200_000, down: 200_000 };

/** A source that only keeps what it is shown. */
function watching(): PeerSource & { torrent?: SourceTorrent; completed: number } {
  const source: PeerSource & { torrent?: SourceTorrent; completed: number } = {
    name: 'watching',
    completed: 0,
    start: (torrent) => {
      source.torrent = torrent;
    },
    complete: () => void source.completed++,
    stop: async () => undefined,
    status: () => [],
  };
  return source;
}

test('a subset completes: of the others only what shares a piece is fetched, and left and partial seed are told', async () => {
  const world = new World('subset');
  const made = makeTorrent(world.random, [100_000, 200_000, 100_000, 300_000], PIECE);
  const { layout } = made.metainfo;
  const seed = await world.join('10.0.0.1', made, { storage: await filledStorage(made), sources: [] });
  const source = watching();
  const storage = new MemoryStorage({ layout });
  const leech = await world.join('10.0.0.2', made, {
    storage,
    sources: [source],
    torrent: { priorities: [0, 4, 0, 0] },
  });
  const events: TorrentEvent[] = [];
  leech.torrent.subscribe((event) => events.push(event));
  leech.torrent.addPeers([seed.host.address()]);
  await world.clock.run(() => leech.torrent.state === 'seeding', 60_000);
  const { first, end } = layout.piecesOf(1);
  const bytes = (end - first) * PIECE;
  const have = leech.torrent.have;
  for (let piece = 0; piece < layout.pieceCount; piece++) expect(have?.has(piece)).toBe(piece >= first && piece < end);
  expect(leech.torrent.snapshot()).toMatchObject({
    bytesWanted: bytes,
    bytesWantedDone: bytes,
    bytesDone: bytes,
    downloaded: bytes,
    bytesTotal: 700_000,
  });
  expect(Buffer.compare(storage.file(1) as Uint8Array, made.data.subarray(100_000, 300_000))).toBe(0);
  expect([0, 2, 3].map((file) => storage.file(file))).toEqual([undefined, undefined, undefined]);
  expect(events.filter(({ type }) => type === 'file')).toEqual([{ type: 'file', file: 1 }]);
  expect(events.filter(({ type }) => type === 'complete')).toHaveLength(1);
  expect(source.torrent?.counters().left).toBe(700_000 - bytes);
  expect([source.torrent?.partialSeed(), source.completed]).toEqual([true, 0]);

  // More is wanted: the seed, of no use meanwhile, is met again at once.
  await world.settle(leech.torrent.select([4, 4, 4, 4]));
  expect(leech.torrent.state).toBe('downloading');
  expect(source.torrent?.partialSeed()).toBe(false);
  const started = world.clock.now();
  await world.clock.run(() => leech.torrent.state === 'seeding', 60_000);
  expect(world.clock.now() - started).toBeLessThan(30_000);
  expect(Buffer.compare(await contentOf(storage, made), made.data)).toBe(0);
  expect([source.torrent?.counters().left, source.torrent?.partialSeed(), source.completed]).toEqual([0, false, 1]);
  expect(leech.torrent.snapshot().downloaded).toBe(700_000);
  await world.close();
});

test('a partial seed says upload_only, and takes it back when it wants more', async () => {
  const world = new World('upload only');
  const made = makeTorrent(world.random, [100_000, 400_000], PIECE);
  const partial = await world.join('10.0.0.2', made, {
    storage: await filledStorage(made),
    sources: [],
  });
  const half = new MemoryStorage({ layout: made.metainfo.layout });
  await half.open();
  for (let piece = 0; piece < 7; piece++)
    await half.write(piece, 0, made.data.subarray(piece * PIECE, (piece + 1) * PIECE));
  const one = await world.join('10.0.0.3', made, { storage: half, sources: [], torrent: { priorities: [4, 0] } });
  const two = await world.join('10.0.0.4', made, { sources: [], host: { down: 10_000 } });
  await world.clock.run(() => one.torrent.state === 'seeding' && two.torrent.state === 'downloading', 5_000);
  two.torrent.addPeers([one.host.address()]);
  await world.clock.run(() => two.torrent.peerSnapshots()[0]?.uploadOnly === true, 5_000);
  expect(two.torrent.peerSnapshots()[0]?.progress).toBeLessThan(1);
  await world.settle(one.torrent.select([4, 4]));
  await world.clock.run(() => two.torrent.peerSnapshots()[0]?.uploadOnly === false, 5_000);
  one.torrent.addPeers([partial.host.address()]);
  await world.clock.run(() => one.torrent.state === 'seeding', 60_000);
  await world.close();
});

test('choosing less may complete it, choosing while it runs changes what comes next', async () => {
  const world = new World('less');
  const made = makeTorrent(world.random, [500_000, 500_000], PIECE);
  await world.join('10.0.0.1', made, { storage: await filledStorage(made), host: LINE });
  const leech = await world.join('10.0.0.2', made, { host: LINE });
  await world.clock.run(() => (leech.torrent.have?.count ?? 0) > 10, 30_000);
  await world.settle(leech.torrent.select([0, 4]));
  await world.clock.run(() => leech.torrent.state === 'seeding', 30_000);
  const { bytesDone } = leech.torrent.snapshot();
  expect(bytesDone).toBeLessThan(1_000_000);
  expect(bytesDone).toBeGreaterThanOrEqual(500_000);
  // Nothing of what is not wanted comes any more.
  await world.clock.advance(30_000);
  expect(leech.torrent.snapshot().bytesDone).toBe(bytesDone);
  await world.close();
});

test('higher files come first', async () => {
  const world = new World('order');
  const made = makeTorrent(world.random, [200_000, 200_000, 200_000], PIECE);
  await world.join('10.0.0.1', made, { storage: await filledStorage(made), host: LINE });
  const leech = await world.join('10.0.0.2', made, { host: LINE, torrent: { priorities: [1, 7, 4] } });
  const order: number[] = [];
  leech.torrent.subscribe((event) => {
    if (event.type === 'file') order.push(event.file);
  });
  await world.untilComplete(60_000);
  expect(order).toEqual([1, 2, 0]);
  await world.close();
});

test('sequential order fetches from the front, and may be set while it runs', async () => {
  const world = new World('sequential');
  const made = makeTorrent(world.random, [1_600_000], PIECE);
  await world.join('10.0.0.1', made, { storage: await filledStorage(made), host: LINE });
  const leech = await world.join('10.0.0.2', made, { host: LINE, torrent: { order: 'sequential' } });
  const got: number[] = [];
  leech.torrent.subscribe((event) => {
    if (event.type === 'piece') got.push(event.piece);
  });
  await world.clock.run(() => got.length === 40, 60_000);
  expect(Math.max(...got)).toBeLessThan(60);
  expect(leech.torrent.order).toBe('sequential');
  leech.torrent.order = 'rarest';
  await world.untilComplete(60_000);
  const late = got.slice(60);
  expect(late).not.toEqual([...late].sort((a, b) => a - b));
  await world.close();
});

test('what are no priorities is refused, and changes nothing', async () => {
  const world = new World('nonsense');
  const made = makeTorrent(world.random, [100_000, 100_000], PIECE);
  const leech = await world.join('10.0.0.2', made, { sources: [] });
  await world.clock.run(() => leech.torrent.state === 'downloading', 5_000);
  await expect(leech.torrent.select([4])).rejects.toThrow(RangeError);
  await expect(leech.torrent.select([4, 9])).rejects.toThrow(RangeError);
  expect(leech.torrent).toMatchObject({ error: null, state: 'downloading', priorities: [4, 4] });
  expect(() =>
    leech.session.add({
      infoHash: makeTorrent(world.random, [1], PIECE).metainfo.infoHash,
      priorities: [-1],
    }),
  ).toThrow(RangeError);
  expect(leech.session.torrents).toHaveLength(1);
  await world.close();
});

for (const how of ['closed', 'killed', 'paused from the start'] as const) {
  test(`the choice outlives a restart: ${how}`, async () => {
    const world = new World(`restart ${how}`);
    const made = makeTorrent(world.random, [200_000, 200_000], PIECE);
    const stateStore = memoryStateStore();
    const seed = await world.join('10.0.0.1', made, { storage: await filledStorage(made), sources: [] });
    const storage = outliving(new MemoryStorage({ layout: made.metainfo.layout }));
    const paused = how === 'paused from the start';
    const first = await world.join('10.0.0.2', made, { storage, stateStore, sources: [], torrent: { paused } });
    await world.clock.advance(100);
    await world.settle(first.torrent.select([0, 6]));
    if (how === 'killed') {
      await world.clock.advance(6_000);
      first.host.crash();
    } else {
      await world.settle(first.session.close());
    }
    world.members.splice(1);
    const again = await world.join('10.0.0.3', made, { storage, stateStore, sources: [] });
    await world.clock.run(() => again.torrent.state === 'downloading', 5_000);
    expect(again.torrent.priorities).toEqual([0, 6]);
    again.torrent.addPeers([seed.host.address()]);
    await world.clock.run(() => again.torrent.state === 'seeding', 60_000);
    expect(again.torrent.snapshot().bytesDone).toBeLessThan(250_000);
    await world.close();
  });
}

test('choosing while it is checked does not make a later run forget what is here', async () => {
  const world = new World('while checking');
  const made = makeTorrent(world.random, [400_000, 400_000], PIECE);
  const stateStore = memoryStateStore();
  const storage = outliving(await filledStorage(made));
  const first = await world.join('10.0.0.2', made, { storage, stateStore, sources: [] });
  await world.clock.run(() => first.torrent.state === 'seeding', 5_000);
  await world.settle(first.session.close());
  // A run that hashes for longer than a save takes to come, and dies while it does.
  const touched = outliving(await filledStorage(made));
  let hang = true;
  const slow = {
    ...touched,
    read: (piece: number, begin: number, into: Uint8Array) =>
      hang && piece > 3 ? new Promise<void>(() => undefined) : touched.read(piece, begin, into),
  };
  const recheckStore = memoryStateStore();
  await recheckStore.save(
    made.metainfo.infoHash.hex,
    (await stateStore.load(made.metainfo.infoHash.hex)) as Uint8Array,
  );
  const second = await world.join('10.0.0.3', made, { storage: slow, stateStore: recheckStore, sources: [] });
  const rechecking = second.torrent.recheck();
  await world.clock.advance(50);
  expect(second.torrent.state).toBe('checking');
  void second.torrent.select([4, 4]);
  await world.clock.advance(10_000);
  second.host.crash();
  hang = false;
  void rechecking;
  world.members.length = 0;
  const third = await world.join('10.0.0.4', made, { storage: touched, stateStore: recheckStore, sources: [] });
  await world.clock.run(() => third.torrent.state === 'seeding' || third.torrent.state === 'downloading', 5_000);
  expect(third.torrent.have?.isFull).toBe(true);
  world.members.push(second);
  await world.close();
});
