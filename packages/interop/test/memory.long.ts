// A file of 4 GiB from `shoal seed` to `shoal get`: neither ever has more than 200 MiB resident. Linux alone tells the peak.
import { createCipheriv, createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { fingerprint } from '../src/payload.ts';
import { Scene } from '../src/scene.ts';
import { runShoal, type Shoal, shoal } from '../src/shoal.ts';
import { untilSeeding } from '../src/transfer.ts';

const MiB = 1024 * 1024;
const LENGTH = 4 * 1024 * MiB;
const MOST = 200 * MiB;

test('4 GiB under 200 MiB of memory, on both sides', { timeout: 600_000 }, async ({ onTestFinished, skip }) => {
  const scene = await Scene.enter();
  onTestFinished(() => scene.leave());
  if (!existsSync('/proc/self/status')) skip('no /proc to tell the peak of resident memory');
  const { bavail, bsize } = await statfs(scene.dir);
  if (bavail * bsize < 2.5 * LENGTH) skip(`no room for twice 4 GiB in ${dirname(scene.dir)}`);

  const source = scene.path('source', 'big.bin');
  await writeMade(source, LENGTH);
  const torrent = scene.path('it.torrent');
  const created = await runShoal(scene, 'create', source, '--output', torrent);
  expect(created.status, created.output).toBe(0);

  const seed = shoal(scene, 'seed', torrent, '--json', '-d', dirname(source), '--bind', '127.0.0.1');
  const seedPeak = watchPeak(scene, seed);
  const port = await untilSeeding(scene, seed, 180_000);
  const checked = seedPeak();
  const dir = scene.path('arrived');
  const peer = `127.0.0.1:${port}`;
  const get = shoal(scene, 'get', torrent, '--json', '-d', dir, '--bind', '127.0.0.1', '--peer', peer);
  const getPeak = watchPeak(scene, get);
  expect(await get.running.ended, scene.report()).toBe(0);
  const done = get.events().at(-1);
  const [up, down] = [seedPeak(), getPeak()];
  const peaks = `seed ${inMiB(up)} (${inMiB(checked)} once checked), get ${inMiB(down)}`;
  process.stdout.write(`4 GiB in ${Number(done?.seconds).toFixed(1)} s, peaks of resident memory: ${peaks}\n`);

  const arrived = join(dir, 'big.bin');
  expect((await stat(arrived)).size).toBe(LENGTH);
  expect(await fingerprint(arrived)).toEqual(await fingerprint(source));
  // A peak that was never read would pass any bound.
  expect(Math.min(up, down)).toBeGreaterThan(20 * MiB);
  expect(up).toBeLessThan(MOST);
  expect(down).toBeLessThan(MOST);
});

function inMiB(bytes: number): string {
  return `${(bytes / MiB).toFixed(0)} MiB`;
}

/** Writes bytes that look random, a part at a time. */
async function writeMade(path: string, length: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const key = createHash('sha256').update('big').digest();
  const stream = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  const zeros = Buffer.alloc(8 * MiB);
  const file = await open(path, 'w');
  try {
    for (let at = 0; at < length; at += zeros.length) {
      await file.write(stream.update(zeros.subarray(0, Math.min(zeros.length, length - at))));
    }
  } finally {
    await file.close();
  }
}

/** Follows a program's peak of resident memory, in bytes: the system keeps it as long as the program runs. */
function watchPeak(scene: Scene, { running }: Shoal): () => number {
  let peak = 0;
  const timer = setInterval(() => {
    readFile(`/proc/${running.process.pid}/status`, 'utf8').then(
      (status) => {
        peak = Math.max(peak, Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024);
      },
      () => {},
    );
  }, 100);
  scene.onLeave(async () => clearInterval(timer));
  return () => peak;
}
