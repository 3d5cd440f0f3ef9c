// Many torrents in one session, of which only some may run.
import { MemoryStorage } from '@shoal/storage';
import { expect, test } from 'vitest';
import { Session, type SessionOptions, type Torrent } from '../src/index.ts';
import { faultyDisk, filledStorage, hasher, type MadeTorrent, type Member, makeTorrent, World } from './harness.ts';

const LINE = { up: 100_000, down: 1_000_000 };

interface Many {
  readonly world: World;
  readonly seed: Member;
  readonly session: Session;
  readonly made: MadeTorrent[];
}

/** One session that seeds them all, and one that has none yet. */
async function many(name: string, count: number, options: Partial<SessionOptions>, bytes = 60_000): Promise<Many> {
  const world = new World(name);
  const made = Array.from({ length: count }, (_, index) => makeTorrent(world.random.fork(`${index}`), [bytes], 16_384));
  const seed = await world.join('10.0.0.1', made[0] as MadeTorrent, {
    storage: await filledStorage(made[0] as MadeTorrent),
    host: LINE,
    sources: [],
    session: { maxConnectionsPerAddress: 1_000, maxConnections: 1_000 },
  });
  for (const one of made.slice(1)) {
    const storage = await filledStorage(one);
    seed.session.add({ infoHash: one.metainfo.infoHash, content: { metainfo: one.metainfo, storage } });
  }
  const session = new Session({
    clock: world.clock,
    random: world.random.fork('session'),
    hasher,
    transports: [world.network.host('10.0.0.2', LINE)],
    maxConnections: 1_000,
    ...options,
  });
  return { world, seed, session, made };
}

function add({ session, seed }: Many, made: MadeTorrent, options: object = {}): Torrent {
  const torrent = session.add({
    infoHash: made.metainfo.infoHash,
    content: { metainfo: made.metainfo, storage: new MemoryStorage({ layout: made.metainfo.layout }) },
    ...options,
  });
  torrent.addPeers([seed.host.address()]);
  return torrent;
}

/** Those that exchange data: neither queued nor resting. */
const running = (torrents: readonly Torrent[], state: string): number =>
  torrents.filter((torrent) => torrent.state === state && !torrent.queued && !torrent.paused && !torrent.error).length;

async function end({ world, session }: Many): Promise<void> {
  await world.settle(session.close());
  await world.close();
  await world.clock.run(undefined, 1_000);
  expect([world.network.openStreams, world.clock.pending]).toEqual([0, 0]);
}

test('never more than the limits run, in the order they were added, until all are complete', async () => {
  const all = await many('limits', 8, { maxDownloads: 2, maxSeeds: 3 });
  const torrents = all.made.map((made) => add(all, made));
  const completed: number[] = [];
  let [mostDownloads, mostSeeds, mostConnected] = [0, 0, 0];
  for (const [index, torrent] of torrents.entries()) {
    torrent.subscribe(({ type }) => {
      if (type === 'complete') completed.push(index);
      mostDownloads = Math.max(mostDownloads, running(torrents, 'downloading'));
    });
  }
  await all.world.clock.run(() => {
    mostDownloads = Math.max(mostDownloads, running(torrents, 'downloading'));
    mostSeeds = Math.max(mostSeeds, running(torrents, 'seeding'));
    mostConnected = Math.max(
      mostConnected,
      torrents.filter(({ peers, state }) => state === 'downloading' && peers.length > 0).length,
    );
    for (const torrent of torrents) if (torrent.queued) expect(torrent.peers).toEqual([]);
    return torrents.every(({ state }) => state === 'seeding');
  }, 120_000);
  expect([mostDownloads, mostSeeds, mostConnected]).toEqual([2, 3, 2]);
  expect(completed.map((index) => Math.floor(index / 2))).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
  expect(torrents.map(({ queued }) => queued)).toEqual([false, false, false, true, true, true, true, true]);
  await end(all);
});

test('the next one starts where one is paused, fails or is removed; who comes back takes its place', async () => {
  const all = await many('places', 5, { maxDownloads: 1 }, 2_000_000);
  const disk = faultyDisk(new MemoryStorage({ layout: (all.made[1] as MadeTorrent).metainfo.layout }));
  disk.full();
  const torrents = all.made.map((made, index) =>
    add(all, made, index === 1 ? { content: { metainfo: made.metainfo, storage: disk } } : {}),
  );
  const queued = (): string => torrents.map((torrent) => (torrent.queued ? 'q' : 'r')).join('');
  const { clock } = all.world;
  await clock.run(() => torrents[0]?.peers.length === 1, 5_000);
  expect(queued()).toBe('rqqqq');
  void torrents[0]?.pause();
  expect(queued()).toBe('rrqqq');
  // The second one's disk is full: it fails as soon as it has something to write.
  await clock.run(() => torrents[1]?.error !== null, 20_000);
  expect(queued()).toBe('rrrqq');
  void all.session.remove(torrents[2] as Torrent);
  expect(queued().slice(3)).toBe('rq');
  await clock.advance(100);
  void torrents[0]?.resume();
  await clock.advance(100);
  expect([torrents[0]?.queued, torrents[3]?.queued]).toEqual([false, true]);
  await clock.run(() => torrents[3]?.peers.length === 0, 1_000);
  await clock.run(() => (torrents[0]?.peers.length ?? 0) > 0, 20_000);
  await end(all);
});

test('forced ones run beside the limits', async () => {
  const all = await many('forced', 4, { maxDownloads: 1 }, 1_000_000);
  const torrents = all.made.map((made, index) => add(all, made, { forced: index >= 2 }));
  await all.world.clock.run(() => running(torrents, 'downloading') === 3, 5_000);
  expect(torrents.map(({ queued }) => queued)).toEqual([false, true, false, false]);
  await end(all);
});

test('two hundred torrents at once in one session all complete', async () => {
  const all = await many('two hundred', 200, {}, 40_000);
  const torrents = all.made.map((made) => add(all, made));
  let mostConnections = 0;
  await all.world.clock.run(() => {
    mostConnections = Math.max(mostConnections, all.session.snapshot().connections);
    return torrents.every(({ state }) => state === 'seeding');
  }, 600_000);
  expect(mostConnections).toBeGreaterThan(20);
  expect(all.session.snapshot()).toMatchObject({ torrents: 200, downloaded: 8_000_000 });
  await end(all);
});
