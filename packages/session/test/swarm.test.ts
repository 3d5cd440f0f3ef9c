import { expect, test } from 'vitest';
import { contentOf, filledStorage, makeTorrent, World } from './harness.ts';

test('one seed, one leech: equal bytes', async () => {
  const world = new World('pair');
  const made = makeTorrent(world.random, [300_000, 0, 77_777], 65_536);
  await world.join('10.0.0.1', made, { storage: await filledStorage(made) });
  const leech = await world.join('10.0.0.2', made);
  await world.untilComplete(30_000);
  expect(Buffer.compare(await contentOf(leech.storage, made), made.data)).toBe(0);
  expect(leech.torrent.snapshot()).toMatchObject({ bytesDone: 377_777, downloaded: 377_777, piecesDone: 6 });
  await world.close();
});

/** A swarm of one seed and many leeches on lines of 1 MiB/s; answers what identifies the run. */
async function run(seed: string, leeches: number): Promise<{ fingerprint: unknown; finished: number; equal: boolean }> {
  const world = new World(seed, true);
  const made = makeTorrent(world.random, [400_000, 100_000, 23_456], 16_384);
  const line = { up: 1 << 20, down: 2 << 20 };
  await world.join('10.0.0.1', made, { storage: await filledStorage(made), host: line });
  for (let i = 0; i < leeches; i++) await world.join(`10.0.1.${i + 1}`, made, { host: line });
  await world.untilComplete(300_000);
  const finished = world.clock.now();
  const fingerprint = world.network.fingerprint;
  let equal = true;
  for (const { storage } of world.members) equal &&= Buffer.compare(await contentOf(storage, made), made.data) === 0;
  await world.close();
  return { fingerprint, finished, equal };
}

test('a swarm of 25 peers completes, twice the same for the same seed', { timeout: 60_000 }, async () => {
  const seed = process.env.SHOAL_SEED ?? 'twenty-five';
  const first = await run(seed, 24);
  expect(first.equal).toBe(true);
  expect(await run(seed, 24), `seed ${seed}`).toEqual(first);
});
