// The engine in numbers: a swarm of 500, a session of 10,000 torrents, 200 that all exchange data. What it costs is printed.
import { createHash } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createMetainfo, parseMetainfo } from '@shoal/metainfo';
import { MemoryStorage } from '@shoal/storage';
import { expect, test } from 'vitest';
import { type PeerSource, Session, type Torrent } from '../src/index.ts';
import { contentOf, filledStorage, hasher, makeTorrent, memoryStateStore, World } from './harness.ts';

const PEERS = 500;
/** Addresses that a newcomer is told, as a tracker does. */
const TOLD = 25;

function report(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Bytes of live objects. */
function heap(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

async function swarm(seed: string): Promise<{ log: string; fingerprint: number; finished: number; events: number }> {
  const world = new World(seed);
  const made = makeTorrent(world.random, [300_000, 90_000], 32_768);
  const random = world.random.fork('told');
  const hash = createHash('sha256');
  let events = 0;
  const known: string[] = [];
  const source = (address: string): PeerSource => ({
    name: 'told',
    start: (torrent) => {
      torrent.offerPeers(
        Array.from({ length: Math.min(TOLD, known.length) }, () => known[random.int(known.length)] as string),
      );
      known.push(address);
    },
    complete: () => undefined,
    stop: async () => undefined,
    status: () => [],
  });
  for (let index = 0; index < PEERS; index++) {
    const ip = `10.${index >> 8}.${index & 255}.1`;
    const { torrent } = await world.join(ip, made, {
      ...(index < 3 ? { storage: await filledStorage(made) } : {}),
      host: { up: 500_000, down: 2_000_000, latencyMs: 5 + random.int(80) },
      sources: [source(`${ip}:6881`)],
      session: { maxPeers: 20, uploadSlots: 4 },
    });
    torrent.subscribe((event) => {
      events++;
      hash.update(`${world.clock.now()} ${ip} ${JSON.stringify(event)}\n`);
    });
  }
  await world.untilComplete(30 * 60_000);
  const finished = world.clock.now();
  for (const { storage } of world.members) {
    expect(Buffer.compare(await contentOf(storage, made), made.data)).toBe(0);
  }
  await world.close();
  await world.clock.run(undefined, 5_000);
  expect([world.network.openStreams, world.clock.pending]).toEqual([0, 0]);
  return { log: hash.digest('hex'), fingerprint: world.network.fingerprint, finished, events };
}

test(`a swarm of ${PEERS} completes, twice with the same events for the same seed`, async () => {
  const seed = process.env.SHOAL_SEED ?? 'five hundred';
  const started = process.cpuUsage();
  const first = await swarm(seed);
  const { user, system } = process.cpuUsage(started);
  report(
    `${PEERS} peers complete after ${first.finished} ms of virtual time, ${first.events} events; ` +
      `${Math.round((user + system) / 1e6)} s of one processor`,
  );
  expect(await swarm(seed), `seed ${seed}`).toEqual(first);
});

test('ten thousand torrents lie idle in one session', async () => {
  const count = 10_000;
  const world = new World('ten thousand');
  const sha1 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha1').update(bytes).digest());
  const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());
  const made = Array.from({ length: count }, (_, index) => {
    const data = world.random.bytes(20_000);
    const bytes = createMetainfo({
      name: `torrent-${index}`,
      pieceLength: 16_384,
      pieces: new Uint8Array(Buffer.concat([sha1(data.subarray(0, 16_384)), sha1(data.subarray(16_384))])),
      files: [{ path: [`torrent-${index}`], length: data.length }],
      creationDate: null,
    });
    return { metainfo: parseMetainfo(bytes, { sha1, sha256 }), data };
  });
  const storages = await Promise.all(made.map((one) => filledStorage(one)));
  const session = new Session({
    clock: world.clock,
    random: world.random.fork('session'),
    hasher,
    transports: [world.network.host('10.0.0.1')],
    stateStore: memoryStateStore(),
    maxDownloads: 5,
    maxSeeds: 50,
  });
  await session.listen();
  const before = heap();
  const startedAt = performance.now();
  const torrents: Torrent[] = made.map(({ metainfo }, index) =>
    session.add({ infoHash: metainfo.infoHash, content: { metainfo, storage: storages[index] as MemoryStorage } }),
  );
  await world.clock.run(() => torrents.every(({ state }) => state === 'seeding'), 600_000);
  const loaded = performance.now() - startedAt;
  expect(torrents.filter(({ queued }) => !queued)).toHaveLength(50);
  await world.clock.advance(10_000);
  const bytes = (heap() - before) / count;
  const beats = 120;
  const beatingSince = performance.now();
  await world.clock.advance(beats * 1_000);
  const beat = (performance.now() - beatingSince) / beats;
  const closingSince = performance.now();
  await world.settle(session.close());
  const closed = performance.now() - closingSince;
  report(
    `${count} idle torrents: added and checked in ${Math.round(loaded)} ms, ${Math.round(bytes)} bytes each, ` +
      `${beat.toFixed(2)} ms a heartbeat, closed in ${Math.round(closed)} ms`,
  );
  // Guards against growth, with much room for a loaded machine.
  expect(bytes).toBeLessThan(30_000);
  expect(beat).toBeLessThan(100);
  await world.clock.run(undefined, 5_000);
  expect(world.clock.pending).toBe(0);
});

test('two hundred torrents are active at once in one session, within its memory and its connections', async () => {
  const count = 200;
  const memory = 8 << 20;
  const world = new World('two hundred');
  const made = Array.from({ length: count }, (_, index) =>
    makeTorrent(world.random.fork(`${index}`), [500_000], 32_768),
  );
  const sessionOn = (ip: string, slow?: number): Session =>
    new Session({
      clock: world.clock,
      random: world.random.fork(ip),
      hasher,
      transports: [world.network.host(ip, { up: slow ?? 20_000_000, down: 20_000_000 })],
      maxConnections: 1_000,
      maxConnectionsPerAddress: 1_000,
      maxHalfOpen: 100,
      memory,
    });
  const [seed, leech] = [sessionOn('10.0.0.1', 5_000_000), sessionOn('10.0.0.2')];
  await seed.listen();
  const torrents: Torrent[] = [];
  const storages: MemoryStorage[] = [];
  for (const one of made) {
    const { infoHash, layout } = one.metainfo;
    seed.add({ infoHash, content: { metainfo: one.metainfo, storage: await filledStorage(one) } });
    const storage = new MemoryStorage({ layout });
    storages.push(storage);
    torrents.push(leech.add({ infoHash, content: { metainfo: one.metainfo, storage } }));
  }
  await world.clock.run(() => seed.torrents.every(({ state }) => state === 'seeding'), 10_000);
  for (const torrent of torrents) torrent.addPeers(['10.0.0.1:6881']);
  let [mostActive, mostMemory] = [0, 0];
  const started = process.cpuUsage();
  let looks = 0;
  await world.clock.run(() => {
    if (++looks % 100 === 0) {
      mostActive = Math.max(mostActive, torrents.filter((torrent) => torrent.rates().downRate > 0).length);
      mostMemory = Math.max(mostMemory, leech.snapshot().memory);
    }
    return torrents.every(({ state }) => state === 'seeding');
  }, 600_000);
  const { user, system } = process.cpuUsage(started);
  report(
    `${count} torrents, ${mostActive} active at once, at most ${mostMemory} of ${memory} bytes; 100 MB in ` +
      `${Math.round((user + system) / 1e3)} ms of one processor, ${Math.round(world.clock.now() / 1000)} s of virtual time`,
  );
  for (const [index, one] of made.entries()) {
    expect(Buffer.compare(await contentOf(storages[index] as MemoryStorage, one), one.data)).toBe(0);
  }
  expect(mostActive).toBeGreaterThan(150);
  expect(mostMemory).toBeLessThan(memory * 1.5);
  await world.settle(Promise.all([seed.close(), leech.close()]));
  await world.clock.run(undefined, 5_000);
  expect([world.network.openStreams, world.clock.pending]).toEqual([0, 0]);
});
