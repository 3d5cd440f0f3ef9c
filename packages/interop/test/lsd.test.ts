// Local discovery (BEP 14): shoal and libtorrent on one host find each other with neither tracker nor DHT.
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createTorrent } from '@shoal/metainfo/node';
import { describe, expect, test } from 'vitest';
import { libtorrent } from '../src/clients/libtorrent.ts';
import { makeFile } from '../src/payload.ts';
import { whyNoMulticast, whyNot } from '../src/programs.ts';
import { Scene } from '../src/scene.ts';
import { shoalApart } from '../src/shoal.ts';
import { expectEqual, magnetOf, untilSeeding } from '../src/transfer.ts';

/** Multicast on the loopback interface comes from here. */
const HOST = '127.0.0.1';
const LSD_ALONE = ['--bind', HOST, '--no-dht', '--no-pex'];
const LENGTH = 2 * 1024 * 1024 + 321;

const reason = whyNot('libtorrent') ?? (await whyNoMulticast());

describe.concurrent(reason ? `LSD (skipped: ${reason})` : 'LSD', { skip: reason !== undefined }, () => {
  test('shoal finds a libtorrent seed, by an info-hash alone', async ({ onTestFinished }) => {
    const { scene, payload, torrent, infoHash } = await prepare('seed');
    onTestFinished(() => scene.leave());
    const seed = await libtorrent.start(scene, {
      torrent,
      dir: dirname(payload),
      role: 'seed',
      host: HOST,
      find: ['lsd'],
    });
    await scene.until('libtorrent seeds', 20_000, () => seed.isSeeding());
    const dir = scene.path('arrived');
    const limit = ['--timeout', '40'];
    const get = shoalApart(scene, 'get', undefined, 'get', infoHash, '--json', '-d', dir, ...LSD_ALONE, ...limit);
    expect(await get.running.ended, scene.report()).toBe(0);
    await expectEqual({ payload }, dir);
  });

  test('libtorrent finds our seed, by a magnet link alone', async ({ onTestFinished }) => {
    const { scene, payload, torrent, infoHash } = await prepare('leech');
    onTestFinished(() => scene.leave());
    const place = ['-d', dirname(payload)];
    await untilSeeding(scene, shoalApart(scene, 'seed', undefined, 'seed', torrent, '--json', ...place, ...LSD_ALONE));
    const dir = scene.path('arrived');
    const leech = await libtorrent.start(scene, {
      torrent: magnetOf(infoHash),
      dir,
      role: 'leech',
      host: HOST,
      find: ['lsd'],
    });
    await scene.until('libtorrent has everything', 40_000, () => leech.isComplete());
    await expectEqual({ payload }, dir);
  });
});

interface Prepared {
  readonly scene: Scene;
  readonly payload: string;
  readonly torrent: string;
  readonly infoHash: string;
}

/** A torrent that no other test announces. */
async function prepare(name: string): Promise<Prepared> {
  const scene = await Scene.enter();
  const payload = await makeFile(scene.path('source'), LENGTH);
  const { bytes, metainfo } = await createTorrent(payload, { source: `lsd ${name}` });
  const torrent = scene.path('it.torrent');
  await writeFile(torrent, bytes);
  return { scene, payload, torrent, infoHash: metainfo.infoHash.hex };
}
