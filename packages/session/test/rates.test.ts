// Rate limits in a swarm: how exact, how fair, and what they leave alone. Bytes are counted on the lines themselves.

import { MemoryStorage } from '@shoal/storage';
import type { SimHost } from '@shoal/testkit';
import { expect, test } from 'vitest';
import { Session, type Torrent } from '../src/index.ts';
import { filledStorage, hasher, type Member, makeTorrent, World } from './harness.ts';

const KB = 1_000;

interface Pair {
  readonly world: World;
  readonly seed: Member;
  readonly leech: Member;
}

async function pair(name: string, bytes: number): Promise<Pair> {
  const world = new World(name);
  const made = makeTorrent(world.random, [bytes], 65_536);
  const seed = await world.join('10.0.0.1', made, { storage: await filledStorage(made), sources: [] });
  const leech = await world.join('10.0.0.2', made, { sources: [] });
  leech.torrent.addPeers([seed.host.address()]);
  return { world, seed, leech };
}

/** Bytes a second that a host's line carried over ten seconds, after two of settling. */
async function over10s(world: World, count: () => number, settleMs = 2_000): Promise<number> {
  await world.clock.advance(settleMs);
  const before = count();
  await world.clock.advance(10_000);
  return (count() - before) / 10;
}

const near = (rate: number, limit: number): void => {
  expect(rate).toBeGreaterThan(0.95 * limit);
  expect(rate).toBeLessThan(1.05 * limit);
};

const limited = [
  ['the session down', ({ leech }: Pair): unknown => leech.session, 'downLimit'],
  ['the session up', ({ seed }: Pair): unknown => seed.session, 'upLimit'],
  ['the torrent down', ({ leech }: Pair): unknown => leech.torrent, 'downLimit'],
  ['the torrent up', ({ seed }: Pair): unknown => seed.torrent, 'upLimit'],
] as const;

test.each(limited)('the limit of %s is within 5 percent, also where it changes', async (_, who, which) => {
  const both = await pair(`rate ${_}`, 12_000 * KB);
  const { world, leech } = both;
  const target = who(both) as { [key in typeof which]: number | undefined };
  const received = (): number => leech.host.counters.received;
  target[which] = 100 * KB;
  near(await over10s(world, received), 100 * KB);
  target[which] = 600 * KB;
  near(await over10s(world, received), 600 * KB);
  target[which] = 50 * KB;
  near(await over10s(world, received), 50 * KB);
  target[which] = undefined;
  await world.clock.run(() => leech.torrent.state === 'seeding', 3_000);
  await world.close();
  await world.clock.run(undefined, 1_000);
  expect(world.clock.pending).toBe(0);
});

test('of a session’s and a torrent’s limit the tighter one holds', async () => {
  const { world, leech } = await pair('both limits', 6_000 * KB);
  const received = (): number => leech.host.counters.received;
  leech.session.downLimit = 200 * KB;
  leech.torrent.downLimit = 80 * KB;
  near(await over10s(world, received), 80 * KB);
  leech.session.downLimit = 60 * KB;
  near(await over10s(world, received), 60 * KB);
  await world.close();
});

test('a rate limit far below one block a second is kept as well', async () => {
  const { world, leech } = await pair('slow', 2_000 * KB);
  leech.session.downLimit = 4 * KB;
  const received = (): number => leech.host.counters.received;
  await world.clock.advance(60_000);
  const before = received();
  await world.clock.advance(200_000);
  expect((received() - before) / (200 * 4 * KB)).toBeCloseTo(1, 1);
  // Held most of the time: nobody is to blame for the silence.
  expect(leech.torrent.peers).toHaveLength(1);
  expect(leech.torrent.peerSnapshots()[0]?.snubbed).toBe(false);
  await world.close();
});

/** One session of the middle, and `others` around it that know it alone. */
async function star(
  name: string,
  options: { bytes: number; seedsAround: boolean; limits: { downLimit?: number; upLimit?: number } },
): Promise<{ world: World; middle: Member; around: Member[] }> {
  const world = new World(name);
  const made = makeTorrent(world.random, [options.bytes], 65_536);
  const stored = async (full: boolean) => (full ? { storage: await filledStorage(made) } : {});
  const middle = await world.join('10.0.0.1', made, {
    ...(await stored(!options.seedsAround)),
    sources: [],
    session: { uploadSlots: 20, ...options.limits },
  });
  const around: Member[] = [];
  for (let index = 0; index < 20; index++) {
    const one = await world.join(`10.0.1.${index + 1}`, made, { ...(await stored(options.seedsAround)), sources: [] });
    around.push(one);
    middle.torrent.addPeers([one.host.address()]);
  }
  return { world, middle, around };
}

test('twenty that are downloaded from share the limit: nobody gets less than half the mean', async () => {
  const { world, middle, around } = await star('fair down', {
    bytes: 16_000 * KB,
    seedsAround: true,
    limits: { downLimit: 1_000 * KB },
  });
  near(await over10s(world, () => middle.host.counters.received), 1_000 * KB);
  const shares = around.map(({ host }) => host.counters.sent);
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  expect(Math.min(...shares)).toBeGreaterThan(mean / 2);
  expect(Math.max(...shares)).toBeLessThan(mean * 2);
  await world.close();
});

test('twenty that are uploaded to share the limit: nobody gets less than half the mean', async () => {
  const { world, middle, around } = await star('fair up', {
    bytes: 16_000 * KB,
    seedsAround: false,
    limits: { upLimit: 1_000 * KB },
  });
  // The slots are dealt anew every 10 s: within one deal.
  await world.clock.advance(500);
  const before = around.map(({ host }) => host.counters.received);
  near(await over10s(world, () => middle.host.counters.sent, 0), 1_000 * KB);
  const shares = around.map(({ host }, index) => host.counters.received - (before[index] as number));
  expect(Math.min(...shares)).toBeGreaterThan((1_000 * KB * 10) / 20 / 2);
  await world.close();
});

test('peers that have nothing to send do not use the limit up', async () => {
  const world = new World('idle');
  const made = makeTorrent(world.random, [4_000 * KB], 65_536);
  const leech = await world.join('10.0.0.1', made, { sources: [], session: { downLimit: 50 * KB } });
  for (let index = 0; index < 30; index++) {
    const idle = await world.join(`10.0.1.${index + 1}`, made, { sources: [] });
    leech.torrent.addPeers([idle.host.address()]);
  }
  const seed = await world.join('10.0.0.2', made, { storage: await filledStorage(made), sources: [] });
  leech.torrent.addPeers([seed.host.address()]);
  near(await over10s(world, () => leech.host.counters.received, 4_000), 50 * KB);
  await world.close();
});

test('two torrents of a session share its limit', async () => {
  const world = new World('two torrents');
  const host: SimHost = world.network.host('10.0.0.1');
  const session = new Session({
    clock: world.clock,
    random: world.random.fork('session'),
    hasher,
    transports: [host],
    downLimit: 200 * KB,
  });
  const torrents: Torrent[] = [];
  for (const [index, ip] of ['10.0.1.1', '10.0.1.2'].entries()) {
    const made = makeTorrent(world.random.fork(`torrent ${index}`), [3_000 * KB], 65_536);
    const seed = await world.join(ip, made, { storage: await filledStorage(made), sources: [] });
    const storage = new MemoryStorage({ layout: made.metainfo.layout });
    const torrent = session.add({ infoHash: made.metainfo.infoHash, content: { metainfo: made.metainfo, storage } });
    torrent.addPeers([seed.host.address()]);
    torrents.push(torrent);
  }
  near(await over10s(world, () => host.counters.received), 200 * KB);
  const [one, two] = torrents.map((torrent) => torrent.snapshot().downloaded) as [number, number];
  expect(one / two).toBeGreaterThan(0.5);
  expect(one / two).toBeLessThan(2);
  expect(session.snapshot().downloaded).toBe(one + two);
  const closing = session.close();
  await world.clock.run(undefined, 3_000);
  await closing;
  await world.close();
});
