// Who may be a peer: filters, floods, private torrents, and what addresses are worth.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { type PeerSource, Session, type SourceTorrent, type StreamFilter } from '../src/index.ts';
import { peerPriority } from '../src/peer-priority.ts';
import { filledStorage, hasher, type Member, makeTorrent, World } from './harness.ts';

const LINE = { up: 100_000, down: 100_000 };

function source(name: string, options: Partial<PeerSource> = {}): PeerSource & { torrent?: SourceTorrent } {
  const one: PeerSource & { torrent?: SourceTorrent } = {
    name,
    start: (torrent) => {
      one.torrent = torrent;
    },
    complete: () => undefined,
    stop: async () => {
      delete one.torrent;
    },
    status: () => [],
    ...options,
  };
  return one;
}

const blocking = (...ips: string[]): { blocks(ip: string): boolean } => ({ blocks: (ip) => ips.includes(ip) });

/** Whom it dials from now on. */
function dialsOf({ host }: Member): string[] {
  const dialled: string[] = [];
  const { dial } = host;
  Object.assign(host, {
    dial: (address: string, signal: AbortSignal) => {
      dialled.push(address);
      return dial(address, signal);
    },
  });
  return dialled;
}

async function swarmOf(
  name: string,
  seeds: number,
  options: object = {},
): Promise<{
  world: World;
  seeds: Member[];
  leech: Member;
}> {
  const world = new World(name);
  const made = makeTorrent(world.random, [2_000_000], 32_768);
  const all: Member[] = [];
  for (let index = 1; index <= seeds; index++) {
    const storage = await filledStorage(made);
    all.push(await world.join(`10.0.0.${index}`, made, { storage, host: LINE, sources: [] }));
  }
  const leech = await world.join('10.0.1.1', made, { host: LINE, sources: [], ...options });
  await world.clock.run(() => world.members.every(({ torrent }) => torrent.state !== 'checking'), 5_000);
  return { world, seeds: all, leech };
}

test('who is filtered is neither dialled nor let in', async () => {
  const { world, seeds, leech } = await swarmOf('filter', 3, { session: { addressFilter: blocking('10.0.0.2') } });
  leech.torrent.addPeers(seeds.map(({ host }) => host.address()));
  await world.clock.run(() => leech.torrent.peers.length === 2, 5_000);
  seeds[1]?.torrent.addPeers([leech.host.address()]);
  await world.clock.advance(5_000);
  expect(leech.torrent.peers.map(({ name }) => name).sort()).toEqual(['10.0.0.1:6881', '10.0.0.3:6881']);
  expect(leech.torrent.snapshot().addresses.known).toBe(2);
  await world.close();
});

test('a filter that is set later holds at once: whom it blocks is hung up on, forgotten, and not dialled again', async () => {
  const { world, seeds, leech } = await swarmOf('later', 3);
  leech.torrent.addPeers([...seeds.map(({ host }) => host.address()), '10.9.9.9:1']);
  await world.clock.run(() => leech.torrent.peers.length === 3, 5_000);
  const dialled = dialsOf(leech);
  leech.session.setAddressFilter(blocking('10.0.0.1', '10.0.0.3', '10.9.9.9'));
  expect(leech.torrent.peers.map(({ name }) => name)).toEqual(['10.0.0.2:6881']);
  await world.clock.advance(5 * 60_000);
  expect([leech.torrent.state, dialled]).toEqual(['seeding', []]);
  leech.session.setAddressFilter(undefined);
  leech.torrent.addPeers(['10.0.0.1:6881']);
  await world.close();
});

test('a dial that is under way when the filter comes leads nowhere', async () => {
  const { world, seeds, leech } = await swarmOf('under way', 1);
  leech.torrent.addPeers([seeds[0]?.host.address() as string]);
  leech.session.setAddressFilter(blocking('10.0.0.1'));
  await world.clock.advance(60_000);
  expect([leech.torrent.peers.length, leech.session.snapshot().connections]).toEqual([0, 0]);
  await world.close();
});

test.each([false, true])(
  'a flood from one address takes its own places alone (first bytes unknown: %s)',
  async (isFiltered) => {
    const filter: StreamFilter = {
      name: 'undecided',
      detect: () => 'more',
      accept: async (stream) => stream,
      dial: async (stream) => stream,
    };
    const { world, seeds, leech } = await swarmOf(`flood ${isFiltered}`, 2, {
      session: { maxConnectionsPerAddress: 5, ...(isFiltered ? { filters: [filter] } : {}) },
    });
    const flooder = world.network.host('10.6.6.6');
    let open = 0;
    let mostOpen = 0;
    for (let dial = 0; dial < 300; dial++) {
      void flooder.dial(leech.host.address(), new AbortController().signal).then((stream) => {
        mostOpen = Math.max(mostOpen, ++open);
        stream.open({ onData: () => undefined, onDrain: () => undefined, onClose: () => void open-- });
      });
    }
    await world.clock.advance(500);
    expect(open).toBe(5);
    for (const { torrent } of seeds) torrent.addPeers([leech.host.address()]);
    leech.torrent.addPeers(seeds.map(({ host }) => host.address()));
    await world.clock.run(() => leech.torrent.peers.length === 2, 5_000);
    // Silent strangers go, and their places are free again.
    await world.clock.advance(12_000);
    expect(open).toBe(0);
    await world.close();
    await world.clock.run(undefined, 1_000);
    expect([world.network.openStreams, world.clock.pending]).toEqual([0, 0]);
  },
);

test('a flood from many addresses leaves room for those who are expected', async () => {
  const { world, seeds, leech } = await swarmOf('wide flood', 2);
  let open = 0;
  for (let host = 1; host <= 250; host++) {
    void world.network
      .host(`10.6.${host >> 7}.${host & 127}`)
      .dial(leech.host.address(), new AbortController().signal)
      .then((stream) => {
        open++;
        stream.open({ onData: () => undefined, onDrain: () => undefined, onClose: () => void open-- });
      });
  }
  await world.clock.advance(500);
  expect(open).toBe(100);
  leech.torrent.addPeers(seeds.map(({ host }) => host.address()));
  await world.clock.run(() => leech.torrent.peers.length === 2, 5_000);
  await world.close();
});

test('a private torrent starts its trackers alone, and takes no peer from an extension', async () => {
  const { world, seeds } = await swarmOf('private', 1);
  const made = makeTorrent(world.random, [2_000_000], 32_768);
  const [tracker, dht] = [source('tracker', { isTracker: true }), source('dht')];
  let offer = (_: readonly string[]): void => undefined;
  const host = world.network.host('10.0.2.1', LINE);
  const session = new Session({ clock: world.clock, random: world.random.fork('private'), hasher, transports: [host] });
  const torrent = session.add({
    infoHash: made.metainfo.infoHash,
    private: true,
    sources: [tracker, dht],
    extensions: [
      {
        name: 'ut_pex',
        attach: (view) => {
          expect(view.private).toBe(true);
          offer = (addresses) => view.offerPeers(addresses);
          return { connect: () => () => ({ name: 'ut_pex', onMessage: () => undefined }), detach: () => undefined };
        },
      },
    ],
  });
  await world.clock.advance(100);
  expect([tracker.torrent?.private, dht.torrent]).toEqual([true, undefined]);
  offer([seeds[0]?.host.address() as string]);
  expect(torrent.snapshot().addresses.known).toBe(0);
  await world.settle(session.close());
  await world.close();
});

test('another tracker: a private torrent drops every peer it has, who dialled it too, and goes on with the new ones', async () => {
  const tracker = source('tracker', { isTracker: true });
  const { world, seeds, leech } = await swarmOf('another tracker', 3, {
    sources: [tracker],
    torrent: { private: true },
  });
  const [one, , three] = seeds.map(({ host }) => host.address()) as [string, string, string];
  tracker.torrent?.offerPeers([one]);
  seeds[1]?.torrent.addPeers([leech.host.address()]);
  await world.clock.run(() => leech.torrent.peers.length === 2, 5_000);
  tracker.torrent?.trackerChanged();
  expect(leech.torrent.peers).toEqual([]);
  expect(leech.torrent.snapshot().addresses.known).toBe(0);
  const dialled = dialsOf(leech);
  tracker.torrent?.offerPeers([three]);
  await world.clock.run(() => leech.torrent.state === 'seeding', 10 * 60_000);
  expect(dialled[0]).toBe(three);
  expect(dialled).not.toContain(one);
  await world.close();
});

test('a public torrent keeps its peers whatever tracker answers', async () => {
  const tracker = source('tracker', { isTracker: true });
  const { world, seeds, leech } = await swarmOf('public', 1, { sources: [tracker] });
  tracker.torrent?.offerPeers([seeds[0]?.host.address() as string]);
  await world.clock.run(() => leech.torrent.peers.length === 1, 5_000);
  tracker.torrent?.trackerChanged();
  expect(leech.torrent.peers).toHaveLength(1);
  await world.close();
});

test('our own address is learnt from peers and trackers, and then the addresses are dialled in the order of BEP 40', async () => {
  const tracker = source('tracker', { isTracker: true });
  const { world, seeds, leech } = await swarmOf('bep 40', 1, { sources: [tracker], session: { maxPeers: 2 } });
  leech.torrent.addPeers([seeds[0]?.host.address() as string]);
  await world.clock.run(() => leech.torrent.peers.length === 1, 5_000);
  await world.clock.advance(1_000);
  // The seed has told by `yourip`; a tracker's word is one more.
  tracker.torrent?.externalAddress('10.0.1.1', 'http://tracker');
  const candidates = Array.from({ length: 8 }, (_, index) => `10.${20 + index}.0.1:6881`);
  const rank = (address: string): number =>
    peerPriority({ host: '10.0.1.1', port: 6_881 }, { host: address.slice(0, -5), port: 6_881 });
  const dialled = dialsOf(leech);
  leech.torrent.addPeers(candidates);
  await world.clock.advance(10 * 60_000);
  expect(dialled.slice(0, 8)).toEqual([...candidates].sort((a, b) => rank(b) - rank(a)));
  await world.close();
});

test('allowed fast: who has nothing yet fetches a few pieces while choked (BEP 6)', async () => {
  const world = new World('allowed fast');
  const made = makeTorrent(world.random, [4_000_000], 32_768);
  const sha1 = (bytes: Uint8Array): Uint8Array => createHash('sha1').update(bytes).digest();
  const seed = await world.join('10.0.0.1', made, {
    storage: await filledStorage(made),
    sources: [],
    host: { up: 300_000 },
    session: { sha1, uploadSlots: 1 },
  });
  const leeches: Member[] = [];
  for (let index = 1; index <= 3; index++) {
    const leech = await world.join(`80.4.${index}.200`, made, { sources: [] });
    leech.torrent.addPeers([seed.host.address()]);
    leeches.push(leech);
  }
  await world.clock.advance(8_000);
  const choked = leeches.filter(({ torrent }) => torrent.peerSnapshots()[0]?.peerChoking);
  expect(choked.length).toBeGreaterThan(0);
  for (const { torrent } of choked) {
    expect(torrent.have?.count).toBeGreaterThan(0);
    expect(torrent.have?.count).toBeLessThanOrEqual(10);
  }
  await world.close();
});
