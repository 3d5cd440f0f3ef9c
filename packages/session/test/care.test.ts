// What the user does to a torrent that is there: recheck, move, remove; and how everything ends in time.
import { MemoryStorage, type Storage, StorageError } from '@shoal/storage';
import { expect, test } from 'vitest';
import type { PeerSource, StateStore, TorrentEvent } from '../src/index.ts';
import { contentOf, faultyDisk, filledStorage, makeTorrent, memoryStateStore, outliving, World } from './harness.ts';

const LINE = { up: 500_000, down: 500_000 };
const never = <T>(): Promise<T> => new Promise(() => undefined);

/** A storage that does as the other one, but for what is changed. */
function through(inner: Storage, changed: Partial<Storage>): Storage {
  return { ...outliving(inner), close: () => inner.close(), ...changed };
}

test.each(['running', 'paused'])('a recheck finds what was spoilt behind its back (%s)', async (how) => {
  const world = new World(`recheck ${how}`);
  const made = makeTorrent(world.random, [600_000], 32_768);
  const stateStore = memoryStateStore();
  await world.join('10.0.0.1', made, { storage: await filledStorage(made), host: LINE });
  const storage = new MemoryStorage({ layout: made.metainfo.layout });
  const leech = await world.join('10.0.0.2', made, { storage, stateStore });
  await world.untilComplete(60_000);
  if (how === 'paused') await world.settle(leech.torrent.pause());
  // As a failing disk does: the bytes change, the file looks as before.
  (storage.file(0) as Uint8Array)[100_000] = 0;
  (storage.file(0) as Uint8Array)[100_001] = 0;
  const checked: number[] = [];
  leech.torrent.subscribe((event) => {
    if (event.type === 'checked') checked.push(event.piece);
  });
  await world.settle(leech.torrent.recheck());
  expect(checked).toHaveLength(19);
  expect(leech.torrent.have?.count).toBe(18);
  expect(leech.torrent).toMatchObject({ state: 'downloading', paused: how === 'paused' });
  expect(leech.torrent.snapshot().downloadedEver).toBe(600_000);
  if (how === 'paused') {
    expect(leech.torrent.peers).toEqual([]);
    void leech.torrent.resume();
  }
  await world.untilComplete(60_000);
  expect(Buffer.compare(await contentOf(storage, made), made.data)).toBe(0);
  await world.close();
});

test('a recheck that is cut short is done by the next run, and the counters are kept', async () => {
  const world = new World('recheck cut short');
  const made = makeTorrent(world.random, [600_000], 32_768);
  const stateStore = memoryStateStore();
  const disk = outliving(await filledStorage(made));
  const seed = await world.join('10.0.0.1', made, { storage: disk, stateStore, sources: [] });
  const leech = await world.join('10.0.0.2', made, { sources: [] });
  leech.torrent.addPeers([seed.host.address()]);
  await world.untilComplete(60_000);
  seed.torrent.subscribe((event) => {
    if (event.type === 'checked' && event.piece === 3) void seed.session.close();
  });
  await world.settle(seed.torrent.recheck());
  await world.settle(seed.session.close());
  world.members.shift();
  const again = await world.join('10.0.0.3', made, { storage: disk, stateStore, sources: [] });
  let checked = 0;
  again.torrent.subscribe(({ type }) => void (type === 'checked' && checked++));
  await world.clock.run(() => again.torrent.state === 'seeding', 5_000);
  expect([checked, again.torrent.snapshot().uploadedEver]).toEqual([19, 600_000]);
  await world.close();
});

test('data are moved while the torrent runs; where that fails all is as before', async () => {
  const world = new World('move');
  const made = makeTorrent(world.random, [1_000_000], 32_768);
  const stateStore = memoryStateStore();
  await world.join('10.0.0.1', made, { storage: await filledStorage(made), host: LINE });
  const disk = faultyDisk(new MemoryStorage({ layout: made.metainfo.layout }));
  const moves: string[] = [];
  const storage = through(disk, {
    move: async (to) => {
      await disk.move(to);
      moves.push(to);
    },
  });
  const leech = await world.join('10.0.0.2', made, { storage, stateStore, host: LINE });
  const events: TorrentEvent[] = [];
  leech.torrent.subscribe((event) => events.push(event));
  await world.clock.run(() => (leech.torrent.have?.count ?? 0) > 3, 20_000);
  const key = made.metainfo.infoHash.hex;
  await world.settle(leech.torrent.move('/new', 'moved'));
  expect([await stateStore.load(key), (await stateStore.load('moved')) !== undefined]).toEqual([undefined, true]);
  expect(leech.torrent).toMatchObject({ error: null, state: 'downloading' });
  disk.fail('move');
  await expect(world.settle(leech.torrent.move('/full'))).rejects.toBeInstanceOf(StorageError);
  expect(leech.torrent.error).toBeNull();
  expect(moves).toEqual(['/new']);
  expect(events.filter(({ type }) => type === 'moved')).toEqual([{ type: 'moved', to: '/new' }]);
  await world.untilComplete(60_000);
  const unknown = leech.session.add({ infoHash: makeTorrent(world.random, [1], 16_384).metainfo.infoHash });
  await expect(world.settle(unknown.move('/x'))).rejects.toMatchObject({ code: 'ERR_NO_METADATA' });
  await world.close();
});

test('removed with its data, nothing is left of it, and its hash is free again; without, all stays', async () => {
  const world = new World('remove');
  const made = makeTorrent(world.random, [300_000], 32_768);
  const stateStore = memoryStateStore();
  const storage = new MemoryStorage({ layout: made.metainfo.layout });
  await world.join('10.0.0.1', made, { storage: await filledStorage(made), host: LINE });
  const { session, torrent } = await world.join('10.0.0.2', made, { storage, stateStore });
  await world.untilComplete(60_000);
  world.members.pop();
  const key = made.metainfo.infoHash.hex;
  const options = {
    infoHash: made.metainfo.infoHash,
    content: { metainfo: made.metainfo, storage: outliving(storage) },
  };
  const removing = session.remove(torrent, { data: true });
  // Its files are not free before it is gone.
  expect(() => session.add(options)).toThrow(/still being removed/);
  const again = session.remove(torrent);
  await world.settle(Promise.all([removing, again]));
  expect([storage.file(0), await stateStore.load(key), session.torrents]).toEqual([undefined, undefined, []]);

  const fresh = new MemoryStorage({ layout: made.metainfo.layout });
  const added = session.add({ ...options, content: { metainfo: made.metainfo, storage: fresh } });
  // A torrent that is gone already takes nobody else along.
  await world.settle(session.remove(torrent, { data: true }));
  expect(session.get(made.metainfo.infoHash)).toBe(added);
  added.addPeers(['10.0.0.1:6881']);
  await world.clock.run(() => added.state === 'seeding', 60_000);
  await world.settle(session.remove(added));
  expect(fresh.file(0)).toHaveLength(300_000);
  expect(await stateStore.load(key)).toBeDefined();
  await world.settle(session.close());
  await world.close();
});

test('data that cannot be deleted are told; the torrent is gone all the same', async () => {
  const world = new World('stuck');
  const made = makeTorrent(world.random, [100_000], 32_768);
  const disk = faultyDisk(await filledStorage(made));
  disk.fail('remove');
  const { session, torrent } = await world.join('10.0.0.2', made, { storage: disk, sources: [] });
  await world.clock.run(() => torrent.state === 'seeding', 5_000);
  await expect(world.settle(session.remove(torrent, { data: true }))).rejects.toMatchObject({ code: 'ERR_STORAGE_IO' });
  expect(session.torrents).toEqual([]);
  await world.close();
});

test('the error names the file: the cause is the disk’s own', async () => {
  const world = new World('path');
  const made = makeTorrent(world.random, [200_000], 32_768);
  await world.join('10.0.0.1', made, { storage: await filledStorage(made) });
  const inner = new MemoryStorage({ layout: made.metainfo.layout });
  const failure = Object.assign(new StorageError('ERR_STORAGE_FULL', 'no room for /data/made'), { path: '/data/made' });
  const storage = through(inner, { write: () => Promise.reject(failure) });
  const leech = await world.join('10.0.0.2', made, { storage });
  await world.clock.run(() => leech.torrent.error !== null, 10_000);
  expect(leech.torrent.error).toMatchObject({ code: 'ERR_STORAGE', cause: { path: '/data/made' } });
  await world.close();
});

test('what was saved and cannot be read stops the torrent until it can', async () => {
  const world = new World('state');
  const made = makeTorrent(world.random, [200_000], 32_768);
  let fails = true;
  const inner = memoryStateStore();
  const stateStore: StateStore = {
    ...inner,
    load: (key) => (fails ? Promise.reject(new Error('EIO: bad sector')) : inner.load(key)),
  };
  const storage = await filledStorage(made);
  const { torrent } = await world.join('10.0.0.1', made, { storage, stateStore, sources: [] });
  await world.clock.run(() => torrent.error !== null, 5_000);
  expect(torrent.error).toMatchObject({ code: 'ERR_STORAGE', message: expect.stringMatching(/bad sector/) });
  fails = false;
  await world.clock.run(() => torrent.state === 'seeding', 10_000);
  await world.close();
});

type Hang = { storage?: (inner: Storage) => Storage; source?: PeerSource; stateStore?: StateStore };

const mute: PeerSource = {
  name: 'mute',
  start: () => undefined,
  complete: () => undefined,
  stop: never,
  status: () => [],
};

const hangs: readonly (readonly [string, Hang])[] = [
  ['a disk that never reads', { storage: (inner) => through(inner, { read: never }) }],
  ['a disk that never opens', { storage: (inner) => through(inner, { open: never }) }],
  ['a disk that never writes', { storage: (inner) => through(inner, { write: never }) }],
  ['a disk that never flushes', { storage: (inner) => through(inner, { flush: never }) }],
  ['a disk that never closes', { storage: (inner) => through(inner, { close: never }) }],
  ['a source that never says goodbye', { source: mute }],
  ['a state that is never read', { stateStore: { ...memoryStateStore(), load: never } }],
  ['a state that is never saved', { stateStore: { ...memoryStateStore(), save: never } }],
];

test.each(hangs)('close takes 2 s at most with %s, and leaves neither stream nor timer', async (_, hang) => {
  const world = new World(`hang ${_}`);
  const made = makeTorrent(world.random, [400_000], 32_768);
  await world.join('10.0.0.1', made, { storage: await filledStorage(made), host: LINE, sources: [] });
  const inner = new MemoryStorage({ layout: made.metainfo.layout });
  await inner.write(0, 0, made.data.subarray(0, 32_768));
  const leech = await world.join('10.0.0.2', made, {
    storage: hang.storage?.(inner) ?? inner,
    stateStore: hang.stateStore ?? memoryStateStore(),
    sources: hang.source ? [hang.source] : [],
  });
  // Nobody listens at the second address: a dial is under way when it ends.
  leech.torrent.addPeers(['10.0.0.1:6881', '10.9.9.9:1']);
  await world.clock.advance(1_500);
  // Somebody waits for it who need not wait for ever.
  const waiting = leech.torrent.whenComplete().then(
    () => 'complete',
    (error: { code: string }) => error.code,
  );
  const started = world.clock.now();
  await world.settle(leech.session.close());
  expect(world.clock.now() - started).toBeLessThanOrEqual(2_000);
  world.members.pop();
  await world.close();
  await world.clock.run(undefined, 1_000);
  expect([world.network.openStreams, world.clock.pending]).toEqual([0, 0]);
  void waiting;
});

test('a torrent that waits for others to be checked can be paused and removed meanwhile', async () => {
  const world = new World('turnstile');
  const made = Array.from({ length: 6 }, (_, index) => makeTorrent(world.random.fork(`${index}`), [100_000], 32_768));
  const [first, ...others] = made as [(typeof made)[0], ...typeof made];
  const hanging = async (one: (typeof made)[0]): Promise<Storage> => through(await filledStorage(one), { read: never });
  const { session } = await world.join('10.0.0.1', first, { storage: await hanging(first), sources: [] });
  for (const one of others.slice(0, 3)) {
    session.add({ infoHash: one.metainfo.infoHash, content: { metainfo: one.metainfo, storage: await hanging(one) } });
  }
  const [fifth, sixth] = await Promise.all(
    others.slice(3).map(async (one) =>
      session.add({
        infoHash: one.metainfo.infoHash,
        content: { metainfo: one.metainfo, storage: await filledStorage(one) },
      }),
    ),
  );
  await world.clock.advance(1_000);
  expect(fifth?.state).toBe('checking');
  await world.settle(fifth?.pause() as Promise<void>, 100);
  await world.settle(session.remove(sixth as NonNullable<typeof sixth>), 100);
  await world.close();
});

test('a session that closes waits for a torrent that is being removed', async () => {
  const world = new World('remove and close');
  const made = makeTorrent(world.random, [200_000], 32_768);
  const storage = await filledStorage(made);
  const { session, torrent } = await world.join('10.0.0.1', made, { storage });
  await world.clock.run(() => torrent.state === 'seeding', 5_000);
  const removing = session.remove(torrent, { data: true });
  let removed = false;
  void removing.then(() => {
    removed = true;
  });
  await world.settle(session.close());
  expect(removed).toBe(true);
  expect(storage.file(0)).toBeUndefined();
});
