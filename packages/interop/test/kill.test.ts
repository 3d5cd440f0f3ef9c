// A download killed with -9 half-way goes on, keeps what it had verified, and ends with equal bytes.
import { writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createTorrent } from '@shoal/metainfo/node';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fingerprint, makeSingle, makeTree } from '../src/payload.ts';
import { startRelay } from '../src/relay.ts';
import { Scene } from '../src/scene.ts';
import { shoal } from '../src/shoal.ts';

let scene: Scene;
beforeEach(async () => {
  scene = await Scene.enter();
});
afterEach(() => scene.leave());

const MiB = 1024 * 1024;

test.each([
  { what: 'a file of 64 MiB', make: makeSingle, rate: 16 * MiB, pieceLength: 262_144 },
  { what: 'a tree of 200 files', make: makeTree, rate: 3 * MiB, pieceLength: 32_768 },
])('$what, killed three times on its way', async ({ make, rate, pieceLength }) => {
  const source = await make(scene.path('source'));
  const { bytes, metainfo } = await createTorrent(source, { pieceLength });
  const total = metainfo.layout.totalLength;
  const torrent = scene.path('it.torrent');
  await writeFile(torrent, bytes);
  const seed = shoal(scene, 'seed', torrent, '--json', '-d', dirname(source), '--bind', '127.0.0.1');
  await scene.until('it seeds', 30_000, () => seed.events().some(({ event }) => event === 'seeding'));
  const port = Number(seed.events().find(({ event }) => event === 'seeding')?.port);
  const relay = await startRelay(scene, port, rate);
  const dir = scene.path('arrived');
  const get = () => shoal(scene, 'get', torrent, '--json', '-d', dir, '--bind', '127.0.0.1', '--peer', relay.address);

  for (const share of [0.25, 0.5, 0.75]) {
    const run = get();
    await scene.until('bytes arrive', 60_000, () => relay.passed() > share * total);
    run.running.process.kill('SIGKILL');
    await run.running.ended;
    expect(run.running.process.signalCode, scene.report()).toBe('SIGKILL');
  }
  const last = get();
  expect(await last.running.ended, scene.report()).toBe(0);
  expect(await fingerprint(join(dir, basename(source)))).toEqual(await fingerprint(source));
  // Lost with each kill: what was under way and not yet a verified piece, 8 MiB of requests at the most.
  const lost = Math.min(8 * MiB, 0.25 * total);
  expect(relay.passed()).toBeLessThan(total + 3 * lost);
});
