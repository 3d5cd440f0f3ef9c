// A download killed with -9 half-way goes on, keeps what it had verified, and ends with equal bytes.
import { writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createTorrent } from '@shoal/metainfo/node';
import { expect, test } from 'vitest';
import { fingerprint, makeSingle, makeTree } from '../src/payload.ts';
import { startRelay } from '../src/relay.ts';
import { Scene } from '../src/scene.ts';
import { type Shoal, shoal } from '../src/shoal.ts';

const MiB = 1024 * 1024;

test.concurrent.for([
  { what: 'a file of 64 MiB', make: makeSingle, pieceLength: 65_536 },
  { what: 'a tree of 200 files', make: makeTree, pieceLength: 16_384 },
])('$what, killed three times on its way', async ({ make, pieceLength }, { onTestFinished }) => {
  const scene = await Scene.enter();
  onTestFinished(() => scene.leave());
  const source = await make(scene.path('source'));
  const { bytes, metainfo } = await createTorrent(source, { pieceLength });
  const total = metainfo.layout.totalLength;
  const torrent = scene.path('it.torrent');
  await writeFile(torrent, bytes);
  const seed = shoal(scene, 'seed', torrent, '--json', '-d', dirname(source), '--bind', '127.0.0.1');
  await scene.until('it seeds', 30_000, () => seed.events().some(({ event }) => event === 'seeding'));
  const port = Number(seed.events().find(({ event }) => event === 'seeding')?.port);
  // Progress is told once a second: at this rate three runs that each gain a tenth, and overshoot, stay below the whole.
  const relay = await startRelay(scene, port, total / 6);
  const dir = scene.path('arrived');
  const get = () => shoal(scene, 'get', torrent, '--json', '-d', dir, '--bind', '127.0.0.1', '--peer', relay.address);

  let verified = 0;
  for (let kills = 0; kills < 3; kills++) {
    const run = get();
    const goal = verified + total / 10;
    await scene.until('pieces are verified', 60_000, () => (verifiedBy(run).at(-1) ?? 0) >= goal);
    run.running.process.kill('SIGKILL');
    await run.running.ended;
    expect(run.running.process.signalCode, scene.report()).toBe('SIGKILL');
    verified = verifiedBy(run).at(-1) ?? 0;
  }
  const last = get();
  expect(await last.running.ended, scene.report()).toBe(0);
  expect(await fingerprint(join(dir, basename(source)))).toEqual(await fingerprint(source));
  // A second brings a sixth, so what the last run has at its first word was there before it.
  expect(verified).toBeGreaterThanOrEqual(0.3 * total);
  expect(verifiedBy(last)[0], scene.report()).toBeGreaterThanOrEqual(verified);
  // Lost with each kill: what was requested and not yet a verified piece.
  const lost = Math.min(8 * MiB, 0.12 * total);
  expect(relay.passed()).toBeLessThan(total + 3 * lost);
});

/** What each `progress` of a run says was verified, in bytes; not while it checks what it found. */
function verifiedBy(run: Shoal): number[] {
  return run
    .events()
    .filter(({ event, state }) => event === 'progress' && state !== 'checking')
    .map(({ bytesDone }) => Number(bytesDone));
}
