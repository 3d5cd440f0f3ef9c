// Torrents that are known by their hash alone, until an extension brings their info dictionary.
import { createMetainfo, parseMetainfo } from '@shoal/metainfo';
import { MemoryStorage } from '@shoal/storage';
import { expect, test } from 'vitest';
import type { PeerSource, SourceTorrent, TorrentExtension } from '../src/index.ts';
import { digests, filledStorage, type MadeTorrent, type Member, makeTorrent, World } from './harness.ts';

/** Asks whoever knows it for the whole dictionary in one message. */
const handOver: TorrentExtension = {
  name: 'hand_over',
  attach: (torrent) => ({
    connect: () => (context) => ({
      name: 'hand_over',
      onHandshake: () => void (torrent.info() ? undefined : context.send(new Uint8Array(0))),
      onMessage: (payload) => {
        const info = torrent.info();
        if (payload.length > 0) torrent.offerMetadata(payload.slice());
        else if (info) context.send(info);
      },
    }),
    detach: () => undefined,
  }),
};

/** Counts starts and stops, and tells its torrent of addresses. */
function source(name: string, isTracker: boolean): PeerSource & { readonly told: string[]; torrent?: SourceTorrent } {
  const told: string[] = [];
  return {
    name,
    isTracker,
    told,
    start(torrent) {
      this.torrent = torrent;
      told.push('start');
    },
    complete: () => undefined,
    stop: async () => void told.push('stop'),
    status: () => [],
  };
}

function madePrivate(made: MadeTorrent): MadeTorrent {
  const { layout, name } = made.metainfo;
  const pieces = Array.from({ length: layout.pieceCount }, (_, piece) => made.metainfo.pieceHash(piece));
  const bytes = createMetainfo({
    name,
    pieceLength: layout.pieceLength,
    pieces: new Uint8Array(Buffer.concat(pieces)),
    files: made.metainfo.files.map(({ path, length }) => ({ path: [name, ...path.slice(1)], length })),
    creationDate: null,
    private: true,
  });
  return { data: made.data, metainfo: parseMetainfo(bytes, digests) };
}

/** A session with one torrent by its hash. */
async function byHash(
  world: World,
  made: MadeTorrent,
  options: { ip?: string; sources?: readonly PeerSource[]; onMetadata?: (info: Uint8Array) => Promise<never> } = {},
): Promise<Member> {
  return world.join(options.ip ?? '10.0.0.9', made, {
    sources: options.sources ?? [],
    byHash: true,
    torrent: {
      extensions: [handOver],
      onMetadata:
        options.onMetadata ??
        (async (info) => {
          expect(Buffer.compare(info, made.metainfo.infoBytes)).toBe(0);
          return { metainfo: made.metainfo, storage: new MemoryStorage({ layout: made.metainfo.layout }) };
        }),
    },
  });
}

test('a torrent takes its metadata from a peer and downloads over the same connection', async () => {
  const world = new World('by hash');
  const made = makeTorrent(world.random, [200_000, 100_000], 32_768);
  const seed = await world.join('10.0.0.1', made, {
    storage: await filledStorage(made),
    torrent: { extensions: [handOver] },
  });
  const { torrent } = await byHash(world, made);
  const events: string[] = [];
  torrent.subscribe(({ type }) => events.push(type));
  torrent.addPeers([seed.host.address()]);
  await world.untilComplete(30_000);
  expect(torrent.metainfo?.name).toBe('made');
  expect(events.filter((type) => type === 'peer' || type === 'metadata')).toEqual(['peer', 'metadata']);
  await world.close();
});

test('two that know only the hash wait together, and go on when a third brings the rest', async () => {
  const world = new World('blind');
  const made = makeTorrent(world.random, [300_000], 32_768);
  const blind = await byHash(world, made);
  const other = await byHash(world, made, { ip: '10.0.0.8' });
  blind.torrent.addPeers([other.host.address()]);
  await world.clock.run(undefined, 200_000);
  expect([blind.torrent.state, blind.torrent.peers.length]).toEqual(['metadata', 1]);
  const seed = await world.join('10.0.0.1', made, {
    storage: await filledStorage(made),
    sources: [],
    torrent: { extensions: [handOver] },
  });
  other.torrent.addPeers([seed.host.address()]);
  await world.untilComplete(60_000);
  await world.close();
});

test('metadata that cannot be used stop the torrent with the reason, and it asks again when it goes on', async () => {
  const world = new World('unfit');
  const made = makeTorrent(world.random, [100_000], 32_768);
  const seed = await world.join('10.0.0.1', made, {
    storage: await filledStorage(made),
    torrent: { extensions: [handOver] },
  });
  let asked = 0;
  const { torrent } = await byHash(world, made, {
    onMetadata: async () => {
      asked++;
      throw new Error('no room for these files');
    },
  });
  torrent.addPeers([seed.host.address()]);
  await world.clock.run(() => torrent.error !== null, 5_000);
  expect(torrent.error?.message).toBe('no room for these files');
  expect(torrent.state).toBe('metadata');
  await world.clock.run(undefined, 60_000);
  expect(asked).toBe(1);
  // The peer is gone, and is not needed: its dictionary was verified.
  await world.settle(seed.session.close());
  await world.settle(torrent.resume());
  await world.clock.run(() => asked === 2, 60_000);
  expect(asked).toBe(2);
  await world.close();
});

test('one that turns out private keeps its trackers and their peers, and what the user named (BEP 27)', async () => {
  const world = new World('private');
  const made = madePrivate(makeTorrent(world.random, [400_000], 32_768));
  const [tracker, dht] = [source('tracker', true), source('dht', false)];
  const first = await world.join('10.0.0.1', made, {
    storage: await filledStorage(made),
    sources: [],
    torrent: { extensions: [handOver], upLimit: 20_000 },
  });
  const second = await world.join('10.0.0.2', made, { storage: await filledStorage(made), sources: [] });
  const { torrent } = await byHash(world, made, { sources: [dht, tracker] });
  dht.torrent?.offerPeers([first.host.address()]);
  await world.clock.run(() => torrent.metainfo !== undefined, 10_000);
  expect(torrent.peers.length).toBe(0);
  expect(dht.told).toEqual(['start', 'stop']);
  expect(tracker.told).toEqual(['start']);
  expect(torrent.snapshot().addresses.known).toBe(0);
  tracker.torrent?.offerPeers([second.host.address()]);
  await world.untilComplete(30_000);
  expect(torrent.peerSnapshots().map(({ address }) => address)).not.toContain(first.host.address());
  await world.settle(torrent.pause());
  await world.settle(torrent.resume());
  expect(dht.told).toEqual(['start', 'stop']);
  await world.close();
});

test('peers that an extension tells of are remembered by its name', async () => {
  const world = new World('hearsay');
  const made = makeTorrent(world.random, [100_000], 32_768);
  const seed = await world.join('10.0.0.1', made, { storage: await filledStorage(made), sources: [] });
  const gossip: TorrentExtension = {
    name: 'gossip',
    attach: (torrent) => {
      torrent.offerPeers([seed.host.address()]);
      return { connect: () => () => ({ name: 'gossip', onMessage: () => undefined }), detach: () => undefined };
    },
  };
  const { torrent } = await world.join('10.0.0.2', made, { sources: [], torrent: { extensions: [gossip] } });
  await world.clock.run(() => torrent.peers.length > 0, 10_000);
  expect(torrent.peerSnapshots()[0]?.sources).toEqual(['gossip']);
  await world.close();
});

test.each([
  ['public', false, ['10.0.0.1:7001', '10.0.0.2:7002']],
  ['private', true, []],
])(
  'peers of a %s torrent tell one another of their DHT nodes as BEPs 5 and 27 have it',
  async (_, isPrivate, expected) => {
    const world = new World('port');
    const plain = makeTorrent(world.random, [100_000], 32_768);
    const made = isPrivate ? madePrivate(plain) : plain;
    const heard: string[] = [];
    const dht = (port: number) => ({ port: () => port, addNode: (address: string) => void heard.push(address) });
    const named: PeerSource = { ...source('hand', true), start: (torrent) => torrent.offerPeers(['10.0.0.1:6881']) };
    const seed = await world.join('10.0.0.1', made, {
      storage: await filledStorage(made),
      session: { dht: dht(7001) },
    });
    expect(seed.host.address()).toBe('10.0.0.1:6881');
    await world.join('10.0.0.2', made, { sources: [named], session: { dht: dht(7002) } });
    await world.join('10.0.0.3', made, { sources: [named] });
    await world.untilComplete(60_000);
    expect(heard.sort()).toEqual(expected);
    await world.close();
  },
);

test('an extension hears of the end of its connection, whoever ended it', async () => {
  const world = new World('farewell');
  const made = makeTorrent(world.random, [100_000], 32_768);
  const ended: string[] = [];
  const counting = (name: string): TorrentExtension => ({
    name: 'counting',
    attach: () => ({
      connect: () => () => ({
        name: 'counting',
        onMessage: () => undefined,
        onClose: () => void ended.push(name),
      }),
      detach: () => undefined,
    }),
  });
  const one = await world.join('10.0.0.1', made, { sources: [], torrent: { extensions: [counting('one')] } });
  const two = await world.join('10.0.0.2', made, { sources: [], torrent: { extensions: [counting('two')] } });
  one.torrent.addPeers([two.host.address()]);
  await world.clock.run(() => one.torrent.peers.length === 1 && two.torrent.peers.length === 1, 10_000);
  await world.settle(one.torrent.pause());
  await world.clock.run(() => two.torrent.peers.length === 0, 10_000);
  expect(ended.sort()).toEqual(['one', 'two']);
  await world.close();
});
