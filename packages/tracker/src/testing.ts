// The compliance suite of the `SwarmStore` contract. Bring the runner's `test` and a way to make an empty store.
import type { PeerRole, SwarmAnnounce, SwarmAnswer, SwarmStore } from './swarm-store.ts';

/** What the suite needs of a test runner; vitest's, node:test's and the like fit. */
export type TestFunction = (name: string, body: () => Promise<void>) => unknown;

/** What the suite needs: a runner, and a store. */
export interface SwarmStoreSuiteOptions {
  readonly test: TestFunction;
  /** A store that is empty. */
  readonly create: () => SwarmStore | Promise<SwarmStore>;
}

const HASH = new Uint8Array(20).fill(1);
const OTHER_HASH = new Uint8Array(20).fill(2);
const LIFE_MS = 1_000;

/** Runs against any implementation; a failure is an Error that says what was expected. */
export function swarmStoreSuite({ test, create }: SwarmStoreSuiteOptions): void {
  const check = (name: string, body: (store: SwarmStore) => Promise<void>): void => {
    test(`SwarmStore: ${name}`, async () => body(await create()));
  };

  check('a peer is handed to others and never to itself', async (store) => {
    equal(hosts(await store.announce(asks('10.0.0.1'))), '', 'the first finds nobody');
    equal(hosts(await store.announce(asks('10.0.0.2'))), '10.0.0.1', 'the second finds the first');
    equal(hosts(await store.announce(asks('10.0.0.1'))), '10.0.0.2', 'the first finds the second, not itself');
  });

  check('a peer keeps port and id', async (store) => {
    await store.announce(asks('10.0.0.1'));
    const [peer] = (await store.announce(asks('10.0.0.2'))).peers;
    equal(peer?.port, 6881, 'port');
    equal(peer?.peerId.join(), idOf('10.0.0.1').join(), 'peer id');
    equal(peer?.role, 'leech', 'role');
  });

  check('an entry with the asker’s own id at another address is not handed to it', async (store) => {
    const peerId = idOf('same');
    await store.announce(asks('10.0.0.1', { peerId }));
    equal(hosts(await store.announce(asks('2001:db8::1', { peerId }))), '', 'the same client over IPv6');
  });

  check('two peers at one address differ by their port', async (store) => {
    await store.announce(asks('10.0.0.1', { port: 1, peerId: idOf('a') }));
    await store.announce(asks('10.0.0.1', { port: 2, peerId: idOf('b') }));
    const answer = await store.announce(asks('10.0.0.2'));
    equal(
      answer.peers
        .map(({ port }) => port)
        .sort()
        .join(),
      '1,2',
      'both are listed',
    );
  });

  check('a peer id is copied', async (store) => {
    const peerId = Uint8Array.from(idOf('10.0.0.1'));
    await store.announce(asks('10.0.0.1', { peerId }));
    peerId.fill(0);
    const [peer] = (await store.announce(asks('10.0.0.2'))).peers;
    equal(peer?.peerId.join(), idOf('10.0.0.1').join(), 'unharmed by the caller’s buffer');
  });

  check('torrents are apart', async (store) => {
    await store.announce(asks('10.0.0.1'));
    equal(hosts(await store.announce(asks('10.0.0.2', { infoHash: OTHER_HASH }))), '', 'another torrent’s peers');
  });

  check('stopped takes out, and only the entry of its own address', async (store) => {
    await store.announce(asks('10.0.0.1'));
    await store.announce(asks('10.0.0.9', { event: 'stopped', peerId: idOf('10.0.0.1') }));
    equal(hosts(await store.announce(asks('10.0.0.2'))), '10.0.0.1', 'somebody else’s goodbye');
    equal((await store.announce(asks('10.0.0.1', { event: 'stopped' }))).peers.length, 0, 'peers for who stops');
    equal(hosts(await store.announce(asks('10.0.0.2'))), '', 'after its own goodbye');
  });

  check('seeds are not handed to seeds, nor partial seeds', async (store) => {
    await store.announce(asks('10.0.0.1', {}, 'seed'));
    await store.announce(asks('10.0.0.2', {}, 'partial'));
    await store.announce(asks('10.0.0.3', {}, 'leech'));
    equal(hosts(await store.announce(asks('10.0.0.4', {}, 'seed'))), '10.0.0.3', 'what a seed gets');
    equal(hosts(await store.announce(asks('10.0.0.2', {}, 'partial'))), '10.0.0.3', 'what a partial seed gets');
    const all = '10.0.0.1 10.0.0.2 10.0.0.4';
    equal(hosts(await store.announce(asks('10.0.0.3', {}, 'leech'))), all, 'what a leech gets');
  });

  check('counts tell seeds, partial seeds and leeches apart', async (store) => {
    await store.announce(asks('10.0.0.1', {}, 'seed'));
    await store.announce(asks('10.0.0.2', {}, 'partial'));
    const answer = await store.announce(asks('10.0.0.3', {}, 'leech'));
    equal([answer.seeders, answer.leechers, answer.downloaders].join(), '1,2,1', 'seeders, leechers, downloaders');
    const counts = await store.scrape(HASH, 0);
    equal([counts?.seeders, counts?.leechers, counts?.downloaders].join(), '1,2,1', 'the same in a scrape');
  });

  check('a completed download is counted once', async (store) => {
    await store.announce(asks('10.0.0.1', {}, 'leech'));
    await store.announce(asks('10.0.0.1', { event: 'completed' }, 'seed'));
    await store.announce(asks('10.0.0.1', { event: 'completed' }, 'seed'));
    const counts = await store.scrape(HASH, 0);
    equal([counts?.seeders, counts?.leechers, counts?.completed].join(), '1,0,1', 'seeders, leechers, completed');
  });

  check('numwant is the most that is answered', async (store) => {
    for (let host = 1; host <= 20; host++) await store.announce(asks(`10.0.0.${host}`));
    const answer = await store.announce(asks('10.0.1.1', { numwant: 7 }));
    equal(answer.peers.length, 7, 'peers');
    equal(new Set(answer.peers.map(({ host }) => host)).size, 7, 'different peers');
    equal((await store.announce(asks('10.0.1.1', { numwant: 0 }))).peers.length, 0, 'peers when none are wanted');
  });

  check('both families are handed out, the asker’s own first', async (store) => {
    await store.announce(asks('10.0.0.1'));
    await store.announce(asks('2001:db8::1'));
    equal(hosts(await store.announce(asks('10.0.0.2', { numwant: 1 }))), '10.0.0.1', 'to IPv4');
    equal(hosts(await store.announce(asks('2001:db8::2', { numwant: 1 }))), '2001:db8::1', 'to IPv6');
    equal((await store.announce(asks('10.0.0.2'))).peers.length, 3, 'both where there is room');
  });

  check('who is silent past its time is forgotten', async (store) => {
    await store.announce(asks('10.0.0.1', { now: 0 }));
    await store.announce(asks('10.0.0.2', { now: LIFE_MS / 2 }));
    equal(hosts(await store.announce(asks('10.0.0.3', { now: LIFE_MS + 1 }))), '10.0.0.2', 'the first has gone');
    await store.announce(asks('10.0.0.2', { now: LIFE_MS + 2 }));
    const counts = await store.scrape(HASH, 2 * LIFE_MS + 1);
    equal(counts?.leechers, 1, 'who announced again stays');
  });

  check('who cannot be dialled gets peers and is not entered', async (store) => {
    await store.announce(asks('10.0.0.1'));
    equal(hosts(await store.announce({ ...asks('10.0.0.2'), peer: null })), '10.0.0.1', 'what it gets');
    equal((await store.scrape(HASH, 0))?.leechers, 1, 'leechers');
  });

  check('what is asked for one family alone has no other peers in it', async (store) => {
    await store.announce(asks('10.0.0.1'));
    await store.announce(asks('2001:db8::1'));
    const { peers } = await store.announce({ ...asks('2001:db8::2'), onlyFamily: true });
    // A store may leave the other family in: who asks so drops it.
    equal(
      peers.some(({ host }) => host === '2001:db8::1'),
      true,
      'its own family',
    );
  });

  check('a peer that changes its role is counted and handed out as what it is now', async (store) => {
    await store.announce(asks('10.0.0.1', {}, 'leech'));
    for (const role of ['partial', 'seed', 'leech', 'seed'] as const) await store.announce(asks('10.0.0.1', {}, role));
    const answer = await store.announce(asks('10.0.0.2', {}, 'leech'));
    equal([answer.seeders, answer.leechers].join(), '1,1', 'seeders, leechers');
    equal(answer.peers.map(({ role }) => role).join(), 'seed', 'its role');
  });

  check('many peers of a swarm: each is found again, none is listed twice, all are counted', async (store) => {
    const addressOf = (peer: number): string => `10.1.${peer >> 8}.${peer & 255}`;
    for (let peer = 0; peer < 600; peer++) {
      await store.announce(asks(addressOf(peer), { numwant: 0 }, peer % 3 === 0 ? 'seed' : 'leech'));
    }
    for (let peer = 0; peer < 600; peer += 2) await store.announce(asks(addressOf(peer), { event: 'stopped' }));
    const answer = await store.announce(asks('10.0.0.1', { numwant: 500 }));
    equal([answer.seeders, answer.leechers].join(), '100,201', 'seeders, leechers');
    const listed = new Set(answer.peers.map(({ host }) => host));
    equal([answer.peers.length, listed.size].join(), '300,300', 'peers, different peers');
  });

  check('the compact form has the same peers and counts, if there is one', async (store) => {
    if (!store.announceCompact) return;
    await store.announceCompact(asks('10.0.0.1', {}, 'seed'));
    await store.announceCompact(asks('2001:db8::1', {}, 'partial'));
    const answer = await store.announceCompact(asks('10.0.0.2'));
    equal(Array.from(answer.peers4).join(), '10,0,0,1,26,225', 'IPv4 peers');
    equal(answer.peers6.length, 18, 'bytes of IPv6 peers');
    equal(Array.from(answer.peers6.subarray(16)).join(), '26,225', 'the port of the IPv6 peer');
    const counts = [answer.seeders, answer.leechers, answer.downloaders, answer.completed];
    equal(counts.join(), '1,2,1,0', 'seeders, leechers, downloaders, completed');
    const toSeed = await store.announceCompact(asks('10.0.0.1', {}, 'seed'));
    equal(Array.from(toSeed.peers4).join(), '10,0,0,2,26,225', 'what a seed gets');
    equal((await store.announceCompact(asks('10.0.0.2', { event: 'stopped' }))).peers4.length, 0, 'who stops');
    equal(answer.peers4.length, 6, 'an answer is not changed by later ones');
  });

  check('all torrents are told, if the store tells them', async (store) => {
    await store.announce(asks('10.0.0.1', {}, 'seed'));
    await store.announce(asks('10.0.0.1', { infoHash: OTHER_HASH }));
    if (!store.scrapeAll) return;
    const told: string[] = [];
    for await (const [infoHash, { seeders, leechers }] of store.scrapeAll(0)) {
      told.push(`${infoHash.length} ${infoHash[0]} ${seeders} ${leechers}`);
    }
    equal(told.sort().join(), '20 1 1 0,20 2 0 1', 'length, first byte, seeders, leechers');
  });

  check('a scrape of an unknown torrent is null, totals add up', async (store) => {
    equal(await store.scrape(OTHER_HASH, 0), null, 'unknown');
    await store.announce(asks('10.0.0.1', {}, 'seed'));
    await store.announce(asks('10.0.0.1', { infoHash: OTHER_HASH }, 'leech'));
    const { torrents, seeders, leechers } = await store.totals(0);
    equal([torrents, seeders, leechers].join(), '2,1,1', 'torrents, seeders, leechers');
  });
}

type Details = Partial<Pick<SwarmAnnounce, 'infoHash' | 'peerId' | 'event' | 'numwant' | 'now'>> & { port?: number };

function asks(host: string, details: Details = {}, role: PeerRole = 'leech'): SwarmAnnounce {
  const peerId = details.peerId ?? idOf(host);
  const now = details.now ?? 0;
  return {
    infoHash: details.infoHash ?? HASH,
    peer: { host, port: details.port ?? 6881, peerId, role },
    peerId,
    role,
    event: details.event ?? null,
    numwant: details.numwant ?? 50,
    family: host.includes(':') ? 6 : 4,
    now,
    expiresAt: now + LIFE_MS,
  };
}

function idOf(host: string): Uint8Array {
  return Uint8Array.from({ length: 20 }, (_, index) => host.charCodeAt(index % host.length) ^ index);
}

function hosts(answer: SwarmAnswer): string {
  return answer.peers
    .map(({ host }) => host)
    .sort()
    .join(' ');
}

function equal(actual: unknown, expected: unknown, what: string): void {
  if (actual !== expected) throw new Error(`${what}: ${String(expected)} expected, not ${String(actual)}`);
}
