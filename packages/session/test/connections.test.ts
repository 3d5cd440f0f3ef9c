import { expect, test } from 'vitest';
import { type ByteStream, Session, type StreamFilter } from '../src/index.ts';
import { contentOf, filledStorage, hasher, makeTorrent, World } from './harness.ts';

const LINE = { up: 1 << 20, down: 1 << 20 };

test('two peers that dial each other at once keep the same one of the two connections', async () => {
  for (const seed of ['a', 'b', 'c', 'd']) {
    const world = new World(seed);
    const made = makeTorrent(world.random, [4_000_000], 65_536);
    const one = await world.join('10.0.0.1', made, { storage: await filledStorage(made), host: LINE, sources: [] });
    const two = await world.join('10.0.0.2', made, { host: LINE, sources: [] });
    await world.clock.run(() => one.torrent.state === 'seeding' && two.torrent.state === 'downloading', 5_000);
    one.torrent.addPeers([two.host.address()]);
    two.torrent.addPeers([one.host.address()]);
    await world.clock.run(undefined, 2_000);
    expect([one.torrent.peers.length, two.torrent.peers.length], seed).toEqual([1, 1]);
    expect(world.network.openStreams, seed).toBe(2);
    expect(one.torrent.peers[0]?.outgoing, seed).toBe(!two.torrent.peers[0]?.outgoing);
    const smallerDialled = one.torrent.peerId.compare(two.torrent.peerId) < 0;
    expect(one.torrent.peers[0]?.outgoing, seed).toBe(smallerDialled);
    const dials = world.network.dials;
    await world.clock.run(undefined, 1_000);
    expect(world.network.dials, 'nobody dials again').toBe(dials);
    await world.close();
  }
});

test('a torrent that is told of its own address recognises itself, and never dials it again', async () => {
  const world = new World('self');
  const made = makeTorrent(world.random, [100_000], 32_768);
  const me = await world.join('10.0.0.1', made, { sources: [] });
  await world.clock.run(() => me.torrent.state === 'downloading', 5_000);
  me.torrent.addPeers([me.host.address()]);
  await world.clock.run(undefined, 5_000);
  expect(me.torrent.peers).toEqual([]);
  expect(world.network.dials).toBe(1);
  me.torrent.addPeers([me.host.address()]);
  await world.clock.run(undefined, 20 * 60_000);
  expect(world.network.dials).toBe(1);
  expect(me.torrent.snapshot().addresses).toMatchObject({ known: 1, barred: 1 });
  await world.close();
});

test('several peers behind one address are several peers', async () => {
  const world = new World('nat');
  const made = makeTorrent(world.random, [600_000], 32_768);
  const leech = await world.join('10.0.0.2', made, { host: LINE, sources: [] });
  const host = world.network.host('10.0.0.1', LINE);
  for (let i = 0; i < 3; i++) await world.joinOn(host, made, { storage: await filledStorage(made), sources: [] });
  leech.torrent.addPeers([6881, 6882, 6883].map((port) => `10.0.0.1:${port}`));
  await world.clock.run(() => leech.torrent.peers.length === 3, 5_000);
  await world.untilComplete(30_000);
  await world.close();
});

test('two seeds have nothing for each other', async () => {
  const world = new World('seeds');
  const made = makeTorrent(world.random, [100_000], 32_768);
  await world.join('10.0.0.1', made, { storage: await filledStorage(made) });
  await world.join('10.0.0.2', made, { storage: await filledStorage(made) });
  await world.clock.run(undefined, 60_000);
  expect(world.network.openStreams).toBe(0);
  expect(world.network.dials).toBeLessThan(6);
  await world.close();
});

test('an address where nobody listens is tried again, later and later, and the user is told', async () => {
  const world = new World('nobody');
  const made = makeTorrent(world.random, [100_000], 32_768);
  world.network.host('10.0.0.9');
  const leech = await world.join('10.0.0.2', made, { sources: [] });
  leech.torrent.addPeers(['10.0.0.9:6881']);
  await world.clock.run(undefined, 60 * 60_000);
  const { addresses } = leech.torrent.snapshot();
  expect(addresses).toMatchObject({ known: 1, lastError: expect.stringContaining('10.0.0.9:6881') });
  expect(addresses.tried).toBeGreaterThan(4);
  expect(addresses.tried).toBeLessThan(20);
  expect(addresses.failed).toBe(addresses.tried);
  await world.close();
});

test('limits on peers and connections hold', async () => {
  const world = new World('limits');
  const made = makeTorrent(world.random, [2_000_000], 32_768);
  const session = { maxPeers: 3, maxHalfOpen: 2 };
  await world.join('10.0.0.1', made, { storage: await filledStorage(made), host: LINE, session });
  for (let i = 0; i < 8; i++) await world.join(`10.0.1.${i + 1}`, made, { host: LINE, session });
  let most = 0;
  await world.clock.run(() => {
    for (const { torrent } of world.members) most = Math.max(most, torrent.peers.length);
    return world.members.every(({ torrent }) => torrent.state === 'seeding');
  }, 600_000);
  expect(most).toBe(3);
  await world.close();
});

test('a silent peer is given up after two and a half minutes', async () => {
  const world = new World('silence');
  const made = makeTorrent(world.random, [3_000_000], 32_768);
  const seed = await world.join('10.0.0.1', made, { storage: await filledStorage(made), host: LINE });
  const leech = await world.join('10.0.0.2', made, { host: LINE });
  await world.clock.run(() => (leech.torrent.have?.count ?? 0) > 2, 30_000);
  world.network.cut('10.0.0.1', '10.0.0.2', 'silent');
  await world.clock.run(() => leech.torrent.peers.length === 0 && seed.torrent.peers.length === 0, 200_000);
  world.network.heal('10.0.0.1', '10.0.0.2');
  await world.untilComplete(20 * 60_000);
  await world.close();
});

/** Obscures a stream by one byte; begins with a byte of its own, so that it can be told from plain. */
function maskingFilter(mark: number, mask: number): StreamFilter {
  const masked = (stream: ByteStream, skip: number): ByteStream => {
    let left = skip;
    return {
      localAddress: stream.localAddress,
      remoteAddress: stream.remoteAddress,
      open: (handler) =>
        stream.open({
          onData: (bytes) => {
            const rest = bytes.subarray(Math.min(left, bytes.length));
            left -= bytes.length - rest.length;
            if (rest.length > 0) handler.onData(rest.map((byte) => byte ^ mask));
          },
          onDrain: () => handler.onDrain(),
          onClose: (error) => handler.onClose(error),
        }),
      write: (buffers) => stream.write(buffers.map((buffer) => buffer.map((byte) => byte ^ mask))),
      unsent: 0,
      pause: () => stream.pause(),
      resume: () => stream.resume(),
      close: () => stream.close(),
      destroy: () => stream.destroy(),
    };
  };
  return {
    name: 'mask',
    detect: (first) => (first.length < 2 ? 'more' : first[0] === mark && first[1] === mark ? 'mine' : 'other'),
    accept: async (stream) => masked(stream, 2),
    dial: async (stream) => {
      stream.write([Uint8Array.of(mark, mark)]);
      return masked(stream, 0);
    },
  };
}

test('a filtered stream and a plain one reach the same torrent', async () => {
  const world = new World('filter', true);
  const made = makeTorrent(world.random, [200_000], 32_768);
  const filter = maskingFilter(0xee, 0x5a);
  const seed = await world.join('10.0.0.1', made, {
    storage: await filledStorage(made),
    session: { filters: [filter] },
    sources: [],
  });
  const plain = await world.join('10.0.0.2', made, { sources: [] });
  const hidden = await world.join('10.0.0.3', made, { session: { dialFilter: filter }, sources: [] });
  for (const { torrent } of [plain, hidden]) torrent.addPeers([seed.host.address()]);
  await world.untilComplete(30_000);
  expect(Buffer.compare(await contentOf(hidden.storage, made), made.data)).toBe(0);
  expect(Buffer.compare(await contentOf(plain.storage, made), made.data)).toBe(0);
  await world.close();
});

test('a handshake for a torrent that is not here is turned away', async () => {
  const world = new World('stranger');
  const made = makeTorrent(world.random, [100_000], 32_768);
  const other = makeTorrent(world.random, [100_000], 32_768);
  const one = await world.join('10.0.0.1', made, { storage: await filledStorage(made), sources: [] });
  const two = await world.join('10.0.0.2', other, { sources: [] });
  two.torrent.addPeers([one.host.address()]);
  await world.clock.run(undefined, 5_000);
  expect([one.torrent.peers, two.torrent.peers]).toEqual([[], []]);
  expect(world.network.openStreams).toBe(0);
  await world.close();
});

test('one session carries several torrents over one port, and refuses the same one twice', async () => {
  const world = new World('several');
  const torrents = [1, 2, 3].map(() => makeTorrent(world.random, [150_000], 32_768));
  const seedHost = world.network.host('10.0.0.1');
  const session = new Session({
    clock: world.clock,
    random: world.random.fork('many'),
    hasher,
    transports: [seedHost],
  });
  await session.listen();
  for (const made of torrents) {
    session.add({
      infoHash: made.metainfo.infoHash,
      content: { metainfo: made.metainfo, storage: await filledStorage(made) },
    });
  }
  expect(() => session.add({ infoHash: (torrents[0] as (typeof torrents)[0]).metainfo.infoHash })).toThrow(/already/);
  for (const [index, made] of torrents.entries()) {
    const leech = await world.join(`10.0.1.${index + 1}`, made, { sources: [] });
    leech.torrent.addPeers([seedHost.address()]);
  }
  await world.untilComplete(30_000);
  expect(new Set(session.torrents.map(({ peerId }) => peerId.hex)).size).toBe(3);
  world.members.push({ host: seedHost, session, torrent: session.torrents[0] as never, storage: undefined as never });
  await world.close();
});
