// Swarms with somebody in them who sends wrong bytes.
import type { Storage } from '@shoal/storage';
import { expect, test } from 'vitest';
import type { TorrentEvent } from '../src/index.ts';
import {
  contentOf,
  filledStorage,
  hasher,
  type MadeTorrent,
  type MemberOptions,
  makeTorrent,
  World,
} from './harness.ts';

const LINE = { up: 400_000, down: 4_000_000 };

/** A seed that believes its store, in which every so many blocks are wrong. */
async function lying(made: MadeTorrent, everyBlocks: number): Promise<MemberOptions> {
  const data = Uint8Array.from(made.data);
  for (let at = 16_384 * (everyBlocks - 1); at < data.length; at += 16_384 * everyBlocks)
    data[at] = ~(data[at] as number);
  const storage: Storage = await filledStorage({ ...made, data });
  return { storage, session: { hasher: { verify: () => 'ok' } }, host: LINE };
}

test.each(['a', 'b', 'c'])(
  'exactly the liar among honest seeds is banned, and the download completes (%s)',
  async (seed) => {
    const world = new World(`one liar ${seed}`);
    const made = makeTorrent(world.random, [3_000_000], 65_536);
    const liar = await world.join('10.0.0.66', made, await lying(made, 5));
    const honest = [];
    for (let index = 1; index <= 5; index++) {
      honest.push(await world.join(`10.0.0.${index}`, made, { storage: await filledStorage(made), host: LINE }));
    }
    await world.clock.run(() => world.members.every(({ torrent }) => torrent.state === 'seeding'), 5_000);
    const leech = await world.join('10.0.1.1', made, { host: LINE });
    const events: TorrentEvent[] = [];
    leech.torrent.subscribe((event) => events.push(event));
    let peersThen: string[] = [];
    leech.torrent.subscribe(({ type }) => {
      if (type === 'complete') peersThen = leech.torrent.peers.map(({ name }) => name);
    });
    await world.untilComplete(120_000);
    expect(Buffer.compare(await contentOf(leech.storage, made), made.data)).toBe(0);
    const banned = events.flatMap((event) => (event.type === 'banned' ? [event.address] : []));
    const ipOf = (address: string): string => address.slice(0, address.lastIndexOf(':'));
    expect(banned.map(ipOf)).toEqual([liar.host.ip]);
    expect(peersThen.map(ipOf).sort()).toEqual(honest.map(({ host }) => host.ip).sort());
    await world.close();
  },
);

test('a liar that dials under new ports and names none stays outside', async () => {
  const world = new World('many ports');
  const made = makeTorrent(world.random, [1_000_000], 65_536);
  const leech = await world.join('10.0.1.1', made, { host: LINE, sources: [] });
  const events: TorrentEvent[] = [];
  leech.torrent.subscribe((event) => events.push(event));
  const options = await lying(made, 1);
  const liar = await world.join('10.0.0.66', made, { ...options, sources: [] });
  await world.clock.run(() => liar.torrent.state === 'seeding', 5_000);
  for (let time = 0; time < 20; time++) {
    liar.torrent.addPeers([leech.host.address()]);
    await world.clock.advance(60_000);
  }
  expect(events.filter(({ type }) => type === 'banned')).toHaveLength(1);
  const bad = events.filter(({ type }) => type === 'badPiece').length;
  expect(bad).toBeLessThan(5);
  await world.close();
});

test('a hasher that throws is our fault: the torrent stops with ERR_INTERNAL and does not try again by itself', async () => {
  const world = new World('own bug');
  const made = makeTorrent(world.random, [300_000], 32_768);
  await world.join('10.0.0.1', made, { storage: await filledStorage(made) });
  let broken = true;
  const leech = await world.join('10.0.0.2', made, {
    session: {
      hasher: {
        verify: (bytes, expected) => {
          if (broken) throw new TypeError('undefined is not a function');
          return hasher.verify(bytes, expected);
        },
      },
    },
  });
  await world.clock.run(() => leech.torrent.error !== null, 10_000);
  expect(leech.torrent.error).toMatchObject({ code: 'ERR_INTERNAL', cause: expect.any(TypeError) });
  await world.clock.advance(120_000);
  expect(leech.torrent.error).not.toBeNull();
  broken = false;
  void leech.torrent.resume();
  await world.untilComplete(60_000);
  await world.close();
});
