import { MemoryStorage } from '@shoal/storage';
import { expect, test } from 'vitest';
import type { PeerSource, Torrent, TorrentEvent } from '../src/index.ts';
import { Session } from '../src/index.ts';
import {
  contentOf,
  faultyDisk,
  filledStorage,
  hasher,
  makeTorrent,
  memoryStateStore,
  outliving,
  World,
} from './harness.ts';

const LINE = { up: 1 << 20, down: 1 << 20 };

function record(torrent: Torrent): TorrentEvent[] {
  const events: TorrentEvent[] = [];
  torrent.subscribe((event) => events.push(event));
  return events;
}

test('a process that dies half-way goes on from what it had verified, and fetches no such piece again', async () => {
  const world = new World('kill');
  const made = makeTorrent(world.random, [1_000_000, 300_000], 32_768);
  const stateStore = memoryStateStore();
  await world.join('10.0.0.1', made, { storage: await filledStorage(made), host: LINE });
  const first = await world.join('10.0.0.2', made, { host: LINE, stateStore });
  await world.clock.run(() => (first.torrent.have?.count ?? 0) >= 20, 60_000);
  const kept = first.torrent.snapshot().bytesDone;
  first.host.crash();
  world.members.splice(1);

  const second = await world.join('10.0.0.3', made, { host: LINE, stateStore, storage: first.storage });
  await world.untilComplete(60_000);
  expect(Buffer.compare(await contentOf(second.storage, made), made.data)).toBe(0);
  expect(second.torrent.snapshot().downloaded).toBeLessThanOrEqual(made.data.length - kept);
  await world.close();
});

test('after a clean close the have-map is trusted: nothing is hashed, the counters go on', async () => {
  const world = new World('close');
  const made = makeTorrent(world.random, [500_000], 32_768);
  const stateStore = memoryStateStore();
  const seed = await world.join('10.0.0.1', made, { storage: await filledStorage(made) });
  const storage = outliving(new MemoryStorage({ layout: made.metainfo.layout }));
  const first = await world.join('10.0.0.2', made, { stateStore, storage });
  await world.untilComplete(60_000);
  const closing = first.session.close();
  await world.clock.run(undefined, 3_000);
  await closing;
  world.members.splice(1);

  const again = await world.join('10.0.0.3', made, { stateStore, storage });
  const events = record(again.torrent);
  await world.untilComplete(10_000);
  expect(events.filter(({ type }) => type === 'checked' || type === 'piece')).toEqual([]);
  expect(again.torrent.snapshot()).toMatchObject({ downloaded: 0, downloadedEver: 500_000, bytesDone: 500_000 });
  expect(seed.torrent.snapshot().uploaded).toBe(500_000);
  await world.close();
});

test('a disk that fills up stops the torrent with words, and it goes on when there is room', async () => {
  const world = new World('full');
  const made = makeTorrent(world.random, [400_000], 32_768);
  const storage = faultyDisk(new MemoryStorage({ layout: made.metainfo.layout }));
  storage.full(100_000);
  await world.join('10.0.0.1', made, { storage: await filledStorage(made) });
  const leech = await world.join('10.0.0.2', made, { storage });
  const events = record(leech.torrent);
  await world.clock.run(() => leech.torrent.error !== null, 60_000);
  expect(leech.torrent.error).toMatchObject({
    code: 'ERR_STORAGE',
    message: expect.stringMatching(/no room/),
  });
  expect(leech.torrent.peers).toEqual([]);
  await expect(leech.torrent.whenComplete()).rejects.toMatchObject({ code: 'ERR_STORAGE' });

  // It tries again by itself, and says the same words once only.
  await world.clock.run(undefined, 60_000);
  expect(events.filter(({ type }) => type === 'error')).toHaveLength(1);
  storage.heal();
  await world.untilComplete(120_000);
  expect(Buffer.compare(await contentOf(storage, made), made.data)).toBe(0);
  await world.close();
});

test('a peer whose data are bad is banned, and the rest comes from the good one', async () => {
  const world = new World('liar');
  const made = makeTorrent(world.random, [600_000], 32_768);
  const lies = { ...made, data: Uint8Array.from(made.data, (byte) => byte ^ 0x55) };
  const leech = await world.join('10.0.0.2', made, { host: LINE });
  const events = record(leech.torrent);
  // A seed that skipped its own check: its session believes the store, whose bytes are wrong.
  const liar = world.network.host('10.0.0.66', LINE);
  const session = new Session({
    clock: world.clock,
    random: world.random.fork('liar'),
    hasher: { verify: () => 'ok' },
    transports: [liar],
  });
  await session.listen();
  session.add({
    infoHash: made.metainfo.infoHash,
    content: { metainfo: made.metainfo, storage: await filledStorage(lies) },
  });
  await world.clock.run(() => session.torrents[0]?.state === 'seeding', 5_000);
  leech.torrent.addPeers([liar.address()]);
  await world.clock.run(() => events.some(({ type }) => type === 'banned'), 60_000);
  expect(events.find(({ type }) => type === 'banned')).toMatchObject({ address: liar.address() });
  expect(leech.torrent.have?.count).toBe(0);

  await world.join('10.0.0.1', made, { storage: await filledStorage(made), host: LINE });
  await world.untilComplete(120_000);
  expect(Buffer.compare(await contentOf(leech.storage, made), made.data)).toBe(0);
  expect(leech.torrent.peers.map(({ name }) => name)).not.toContain(liar.address());
  world.members.push({ host: liar, session, torrent: leech.torrent, storage: leech.storage });
  await world.close();
});

test('a bit that flips now and then costs a piece, not the download', async () => {
  const world = new World('noise');
  const made = makeTorrent(world.random, [600_000], 32_768);
  const seeds = ['10.0.0.1', '10.0.0.3', '10.0.0.4'];
  for (const ip of seeds) await world.join(ip, made, { storage: await filledStorage(made), host: LINE });
  world.network.corrupt('10.0.0.1', '10.0.0.2', 400_000);
  const leech = await world.join('10.0.0.2', made, { host: LINE });
  await world.untilComplete(300_000);
  expect(Buffer.compare(await contentOf(leech.storage, made), made.data)).toBe(0);
  await world.close();
});

test('a torrent known by its hash alone meets peers, says it is not complete, and downloads once its metadata are here', async () => {
  const world = new World('late');
  const made = makeTorrent(world.random, [300_000], 32_768);
  const seed = await world.join('10.0.0.1', made, { storage: await filledStorage(made) });
  const host = world.network.host('10.0.0.2');
  const session = new Session({ clock: world.clock, random: world.random.fork('late'), hasher, transports: [host] });
  const left: number[] = [];
  const torrent = session.add({
    infoHash: made.metainfo.infoHash,
    sources: [
      {
        name: 'hand',
        start: (source) => left.push(source.counters().left),
        complete: () => undefined,
        stop: async () => undefined,
        status: () => [],
      },
    ],
  });
  torrent.addPeers([seed.host.address()]);
  await world.clock.run(() => torrent.peers.length === 1, 5_000);
  expect(torrent.state).toBe('metadata');
  expect(left).toEqual([1]);
  const other = makeTorrent(world.random, [1], 32_768).metainfo;
  expect(() => torrent.provide({ metainfo: other, storage: new MemoryStorage({ layout: other.layout }) })).toThrow(
    /is of|are of/,
  );
  const storage = new MemoryStorage({ layout: made.metainfo.layout });
  torrent.provide({ metainfo: made.metainfo, storage });
  await world.clock.run(() => torrent.state === 'seeding', 30_000);
  expect(Buffer.compare(await contentOf(storage, made), made.data)).toBe(0);
  world.members.push({ host, session, torrent, storage });
  await world.close();
});

test('pause says goodbye to peers and sources; resume goes on', async () => {
  const world = new World('pause');
  const made = makeTorrent(world.random, [1_000_000], 32_768);
  await world.join('10.0.0.1', made, { storage: await filledStorage(made), host: LINE });
  const leech = await world.join('10.0.0.2', made, { host: LINE });
  await world.clock.run(() => (leech.torrent.have?.count ?? 0) >= 5, 30_000);
  const pausing = leech.torrent.pause();
  await world.clock.run(undefined, 3_000);
  await pausing;
  const { piecesDone } = leech.torrent.snapshot();
  expect(leech.torrent).toMatchObject({ paused: true, peers: [] });
  await world.clock.run(undefined, 60_000);
  expect(leech.torrent.snapshot().piecesDone).toBe(piecesDone);
  void leech.torrent.resume();
  await world.untilComplete(60_000);
  expect(Buffer.compare(await contentOf(leech.storage, made), made.data)).toBe(0);
  await world.close();
});

test('files are told as they become whole, and complete comes last', async () => {
  const world = new World('files');
  const made = makeTorrent(world.random, [100_000, 0, 50_000, 20], 16_384);
  await world.join('10.0.0.1', made, { storage: await filledStorage(made) });
  const leech = await world.join('10.0.0.2', made);
  const events = record(leech.torrent);
  await world.untilComplete(30_000);
  const told = events.flatMap((event) => (event.type === 'file' ? [event.file] : []));
  expect(told.sort()).toEqual([0, 2, 3]);
  expect(events.filter(({ type }) => type === 'complete')).toHaveLength(1);
  expect(events.findLastIndex(({ type }) => type === 'file')).toBeLessThan(
    events.findIndex(({ type }) => type === 'complete'),
  );
  await world.close();
});

test('figures are up to date when a piece is told', async () => {
  const world = new World('figures');
  const made = makeTorrent(world.random, [200_000], 16_384);
  await world.join('10.0.0.1', made, { storage: await filledStorage(made) });
  const leech = await world.join('10.0.0.2', made);
  const done: number[] = [];
  leech.torrent.subscribe(({ type }) => {
    if (type === 'piece') done.push(leech.torrent.snapshot().bytesDone);
  });
  await world.untilComplete(30_000);
  // Thirteen pieces of which the last is short, in whatever order.
  const short = 200_000 - 12 * 16_384;
  expect(done).toHaveLength(13);
  for (const [index, bytes] of done.entries()) expect([16_384, short]).toContain(bytes - (done[index - 1] ?? 0));
  expect(done.at(-1)).toBe(200_000);
  await world.close();
});

test('events are an async iterable that ends with the torrent', async () => {
  const world = new World('events');
  const made = makeTorrent(world.random, [40_000], 16_384);
  const seed = await world.join('10.0.0.1', made, { storage: await filledStorage(made) });
  const states: string[] = [];
  const reading = (async () => {
    for await (const event of seed.torrent.events()) if (event.type === 'state') states.push(event.state);
  })();
  await world.untilComplete(10_000);
  await world.close();
  await reading;
  expect(states).toEqual(['seeding']);
});

test('nothing is left after close: no stream, no timer', async () => {
  const world = new World('quiet');
  const made = makeTorrent(world.random, [500_000], 32_768);
  await world.join('10.0.0.1', made, { storage: await filledStorage(made), host: LINE });
  const leech = await world.join('10.0.0.2', made, { host: LINE });
  await world.clock.run(() => (leech.torrent.have?.count ?? 0) >= 3, 30_000);
  await world.close();
  await world.clock.run(undefined, 1_000);
  expect(world.network.openStreams).toBe(0);
  expect(world.clock.pending).toBe(0);
});

test('a torrent with nobody to ask tells its sources so, until it has somebody', async () => {
  const world = new World('starving');
  const made = makeTorrent(world.random, [2_000_000], 32_768);
  const seed = await world.join('10.0.0.1', made, { storage: await filledStorage(made), host: LINE, sources: [] });
  let wanted = 0;
  const source: PeerSource = {
    name: 'slow',
    start: () => undefined,
    complete: () => undefined,
    wantPeers: () => void wanted++,
    stop: async () => undefined,
    status: () => [],
  };
  const leech = await world.join('10.0.0.2', made, { host: LINE, sources: [source] });
  await world.clock.run(() => wanted >= 3, 10_000);
  leech.torrent.addPeers([seed.host.address()]);
  await world.clock.run(() => leech.torrent.peers.length === 1, 5_000);
  const before = wanted;
  await world.untilComplete(30_000);
  expect(wanted).toBe(before);
  await world.close();
});

test('what hashing found at the start is remembered though nothing is downloaded', async () => {
  const world = new World('seed');
  const made = makeTorrent(world.random, [500_000], 32_768);
  const stateStore = memoryStateStore();
  const storage = outliving(await filledStorage(made));
  const first = await world.join('10.0.0.1', made, { storage, stateStore });
  await world.clock.run(() => first.torrent.state === 'seeding', 5_000);
  await world.clock.run(undefined, 10_000);
  first.host.crash();
  const second = await world.join('10.0.0.2', made, { storage, stateStore });
  const events = record(second.torrent);
  await world.clock.run(() => second.torrent.state === 'seeding', 5_000);
  expect(events.filter(({ type }) => type === 'checked')).toEqual([]);
  await world.close();
});

test('a file that vanished during a pause is fetched again', async () => {
  const world = new World('vanished');
  const made = makeTorrent(world.random, [300_000, 300_000], 32_768);
  await world.join('10.0.0.1', made, { storage: await filledStorage(made), host: LINE });
  let disk = new MemoryStorage({ layout: made.metainfo.layout });
  const storage = outliving(() => disk);
  const leech = await world.join('10.0.0.2', made, { storage, host: LINE });
  await world.untilComplete(60_000);
  const pausing = leech.torrent.pause();
  await world.clock.run(undefined, 5_000);
  await pausing;
  disk = new MemoryStorage({ layout: made.metainfo.layout });
  void leech.torrent.resume();
  await world.clock.run(() => leech.torrent.state === 'downloading' || leech.torrent.error !== null, 60_000);
  await world.untilComplete(20 * 60_000);
  expect(leech.torrent.error).toBe(null);
  expect(Buffer.compare(await contentOf(storage, made), made.data)).toBe(0);
  await world.close();
});

test('resume data that cannot be saved are told once, and the download goes on', async () => {
  const world = new World('unsaved');
  const made = makeTorrent(world.random, [500_000], 32_768);
  const stateStore = { ...memoryStateStore(), save: () => Promise.reject(new Error('read-only folder')) };
  await world.join('10.0.0.1', made, { storage: await filledStorage(made), host: { up: 30_000 } });
  const leech = await world.join('10.0.0.2', made, { stateStore });
  const events = record(leech.torrent);
  await world.untilComplete(60_000);
  await world.close();
  expect(events.filter(({ type }) => type === 'saveFailed')).toMatchObject([
    { error: { code: 'ERR_SAVE', message: 'read-only folder' } },
  ]);
});
