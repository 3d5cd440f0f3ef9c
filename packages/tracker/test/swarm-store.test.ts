import { seededRandom } from '@shoal/testkit';
import { expect, test } from 'vitest';
import { MemorySwarmStore, type SwarmAnnounce, type SwarmPeer, type SwarmStore } from '../src/index.ts';
import { swarmStoreSuite } from '../src/testing.ts';

swarmStoreSuite({ test, create: () => new MemorySwarmStore({ random: seededRandom('store').number }) });

test('a store that answers promises passes the suite too', async () => {
  const bodies: (() => Promise<void>)[] = [];
  const create = (): SwarmStore => {
    const inner = new MemorySwarmStore({ random: seededRandom(1).number });
    return {
      announce: async (announce) => inner.announce(announce),
      scrape: async (infoHash, now) => inner.scrape(infoHash, now),
      totals: async (now) => inner.totals(now),
    };
  };
  swarmStoreSuite({ test: (_, body) => bodies.push(body), create });
  for (const body of bodies) await body();
});

test('the suite notices a store that hands the asker itself', async () => {
  const bodies = new Map<string, () => Promise<void>>();
  const create = (): SwarmStore => {
    const inner = new MemorySwarmStore({ random: seededRandom(1).number });
    return {
      announce: (announce) => {
        const answer = inner.announce(announce);
        return { ...answer, peers: announce.peer ? [...answer.peers, announce.peer] : answer.peers };
      },
      scrape: (infoHash, now) => inner.scrape(infoHash, now),
      totals: (now) => inner.totals(now),
    };
  };
  swarmStoreSuite({ test: (name, body) => bodies.set(name, body), create });
  await expect(bodies.get('SwarmStore: a peer is handed to others and never to itself')?.()).rejects.toThrow(
    /the first finds nobody/,
  );
});

const announce = (torrent: number, host: string, port = 1, now = 0): SwarmAnnounce => {
  const peerId = new Uint8Array(20).fill(port);
  const infoHash = new Uint8Array(20).fill(torrent);
  const peer = { host, port, peerId, role: 'leech' as const };
  return { infoHash, peer, peerId, role: 'leech', event: null, numwant: 50, family: 4, now, expiresAt: now + 100 };
};

test('a full store refuses new peers and torrents, not known ones', () => {
  const store = new MemorySwarmStore({ random: () => 0, maxPeers: 2, maxSwarms: 1 });
  store.announce(announce(1, '10.0.0.1'));
  expect(() => store.announce(announce(2, '10.0.0.1'))).toThrow(/serves 1 torrents already/);
  store.announce(announce(1, '10.0.0.2', 2));
  expect(() => store.announce(announce(1, '10.0.0.3'))).toThrow(/lists 2 peers already/);
  expect(store.announce(announce(1, '10.0.0.1')).peers).toHaveLength(1);
  // Time makes room.
  expect(store.announce(announce(2, '10.0.0.3', 1, 200)).leechers).toBe(1);
  expect(store.totals(200)).toEqual({ torrents: 1, seeders: 0, leechers: 1 });
});

test('a swarm that everybody has left keeps its completed downloads for a day, unless the store is full', () => {
  const store = new MemorySwarmStore({ random: () => 0, maxSwarms: 2 });
  const download = (torrent: number, now: number): void => {
    const leech = announce(torrent, '10.0.0.1', 1, now);
    store.announce(leech);
    store.announce({
      ...leech,
      event: 'completed',
      role: 'seed',
      peer: { ...(leech.peer as SwarmPeer), role: 'seed' },
    });
    store.announce({ ...leech, event: 'stopped' });
  };
  const completed = (torrent: number, now: number) =>
    store.scrape(new Uint8Array(20).fill(torrent), now)?.completed ?? null;
  const day = 24 * 60 * 60_000;
  download(1, 0);
  for (let i = 0; i < 10; i++) store.announce(announce(2, '10.0.0.2', 2, i));
  expect(completed(1, 10)).toBe(1);
  for (let i = 0; i < 10; i++) store.announce(announce(2, '10.0.0.2', 2, day + i));
  expect(completed(1, day + 10)).toBe(null);
  download(1, day + 20);
  download(3, day + 21);
  expect([completed(1, day + 22), completed(3, day + 22)]).toEqual([null, 1]);
});

test('one host’s entries in a swarm are limited, the one silent for longest gives way', () => {
  const store = new MemorySwarmStore({ random: () => 0, maxPeersPerHost: 2 });
  for (const port of [1, 2, 3]) store.announce(announce(1, '10.0.0.1', port));
  const { peers } = store.announce(announce(1, '10.0.0.2', 9));
  expect(peers.map(({ port }) => port).sort()).toEqual([2, 3]);
});

test('the choice is random: every peer of a big swarm is handed out about equally often', () => {
  const store = new MemorySwarmStore({ random: seededRandom('fair').number });
  for (let host = 1; host <= 100; host++) store.announce(announce(1, `10.0.0.${host}`, host));
  const seen = new Map<string, number>();
  for (let round = 0; round < 400; round++) {
    const { peers } = store.announce({ ...announce(1, '10.9.9.9', 200), numwant: 10 });
    for (const { host } of peers) seen.set(host, (seen.get(host) ?? 0) + 1);
  }
  expect(seen.size).toBe(100);
  // 40 expected each, standard deviation 6.
  for (const times of seen.values()) expect(Math.abs(times - 40)).toBeLessThan(30);
});

test('a crowded /64 gives way to itself, a crowded address to itself, and nobody else suffers', () => {
  const store = new MemorySwarmStore({ random: seededRandom('crowd').number, maxPeersPerHost: 5 });
  for (let port = 1; port <= 40; port++) store.announce(announce(1, '10.0.0.1', port, port));
  for (let host = 1; host <= 40; host++) store.announce(announce(1, `2001:db8::${host}`, 1, 40));
  for (let host = 1; host <= 40; host++) store.announce(announce(1, `2001:db8:0:${host}::1`, 1, 40));
  store.checkInvariants();
  expect(store.totals(41).leechers).toBe(5 + 5 + 40);
  // The same in a swarm that has an index.
  for (let host = 0; host < 400; host++) store.announce(announce(2, `10.1.${host >> 8}.${host & 255}`, 1, 42));
  for (let port = 2; port <= 300; port++) store.announce(announce(2, '10.1.0.7', port, 42));
  store.checkInvariants();
  expect(store.scrape(new Uint8Array(20).fill(2), 42)?.leechers).toBeLessThanOrEqual(404);
});

test('a silence of weeks forgets everybody, whatever ticks say', () => {
  const store = new MemorySwarmStore({ random: () => 0 });
  store.announce(announce(1, '10.0.0.1'));
  expect(store.totals(2 ** 32 - 50)).toEqual({ torrents: 0, seeders: 0, leechers: 0 });
  store.announce({ ...announce(1, '10.0.0.1', 1, 2 ** 32), expiresAt: Number.POSITIVE_INFINITY });
  expect(store.totals(2 ** 32 + 1_000_000_000).leechers).toBe(1);
  expect(store.totals(2 ** 32 + 1_100_000_000).leechers).toBe(0);
  store.checkInvariants();
});

test('a snapshot that is none, of another version, cut or changed enters nothing', () => {
  const store = new MemorySwarmStore({ random: () => 0 });
  store.announce(announce(1, '10.0.0.1'));
  const whole = Buffer.concat([...store.snapshot(0)]);
  const reasonFor = (bytes: Uint8Array): string => {
    const other = new MemorySwarmStore({ random: () => 0 });
    try {
      other.restore(bytes, 0, 0);
      return 'taken';
    } catch (error) {
      expect(error).toMatchObject({ code: 'ERR_TRACKER_SNAPSHOT' });
      expect(other.totals(0)).toEqual({ torrents: 0, seeders: 0, leechers: 0 });
      return (error as Error).message;
    }
  };
  expect(reasonFor(whole)).toBe('taken');
  expect(reasonFor(new Uint8Array(0))).toMatch(/does not begin as one of version 1/);
  expect(reasonFor(Buffer.from(whole.toString('latin1').replace('swarms-1', 'swarms-2'), 'latin1'))).toMatch(
    /version 1/,
  );
  for (let length = 15; length < whole.length; length++) expect(reasonFor(whole.subarray(0, length))).toMatch(/is cut/);
  for (let at = 19; at < whole.length - 8; at++) {
    const changed = Uint8Array.from(whole);
    changed[at] = (changed[at] as number) ^ 1;
    expect(reasonFor(changed)).toMatch(/checksum/);
  }
});

test('a snapshot of more than a store takes fills it to its limits', () => {
  const store = new MemorySwarmStore({ random: () => 0 });
  for (const torrent of [1, 2, 3]) for (const port of [1, 2, 3]) store.announce(announce(torrent, '10.0.0.1', port));
  const bytes = Buffer.concat([...store.snapshot(0)]);
  const small = new MemorySwarmStore({ random: () => 0, maxPeers: 4, maxSwarms: 2 });
  expect(small.restore(bytes, 0, 0)).toBe(4);
  small.checkInvariants();
  expect(small.totals(0)).toEqual({ torrents: 2, seeders: 0, leechers: 4 });
  expect(new MemorySwarmStore({ random: () => 0 }).restore(bytes, 0, 100)).toBe(0);
});

test('a snapshot drained between announces tells no swarm under another’s name', () => {
  const store = new MemorySwarmStore({ random: seededRandom('drained').number });
  // The first swarm fills more than a piece; the second moves to its row when everybody has left the first.
  for (let port = 1; port <= 3_000; port++) store.announce(announce(1, `10.0.${port >> 8}.${port & 255}`, port));
  store.announce(announce(2, '10.9.9.9', 9));
  const snapshot = store.snapshot(0);
  const pieces = [snapshot.next().value, snapshot.next().value] as Uint8Array[];
  for (let port = 1; port <= 3_000; port++) {
    store.announce({ ...announce(1, `10.0.${port >> 8}.${port & 255}`, port), event: 'stopped' });
  }
  for (let count = 0; count < 10; count++) store.announce(announce(2, '10.9.9.9', 9));
  expect(store.scrape(new Uint8Array(20).fill(1), 0)).toBeNull();
  pieces.push(...snapshot);
  const other = new MemorySwarmStore({ random: seededRandom('restored').number });
  other.restore(Buffer.concat(pieces), 0, 0);
  other.checkInvariants();
  const { peers } = other.announce({ ...announce(1, '10.1.1.1'), numwant: 4_000 });
  expect(peers.length).toBeGreaterThan(100);
  expect(peers.some(({ host }) => host === '10.9.9.9')).toBe(false);
});
