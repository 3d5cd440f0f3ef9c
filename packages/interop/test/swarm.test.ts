// Five leechers of five kinds and one seed: what each has it hands on, and all end with equal bytes.
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createTorrent } from '@shoal/metainfo/node';
import { describe, expect, test } from 'vitest';
import { aria2 } from '../src/clients/aria2.ts';
import { libtorrent } from '../src/clients/libtorrent.ts';
import { transmission } from '../src/clients/transmission.ts';
import { webtorrent } from '../src/clients/webtorrent.ts';
import { makeSingle } from '../src/payload.ts';
import { whyNot } from '../src/programs.ts';
import { Scene } from '../src/scene.ts';
import { runSwarm } from '../src/swarm.ts';
import { ownTracker } from '../src/trackers.ts';

const OTHERS = [transmission, libtorrent, aria2, webtorrent];
const reason = whyNot(...OTHERS.map(({ program }) => program));

describe(reason ? `a swarm (skipped: ${reason})` : 'a swarm', { skip: reason !== undefined }, () => {
  test('shoal, Transmission, libtorrent, aria2 and webtorrent leech from one seed', async ({ onTestFinished }) => {
    const scene = await Scene.enter();
    onTestFinished(() => scene.leave());
    const payload = await makeSingle(scene.path('source'));
    const { bytes } = await createTorrent(payload, { announce: [[await ownTracker(scene)]] });
    const torrent = scene.path('it.torrent');
    await writeFile(torrent, bytes);
    // One copy takes it ten seconds: whoever is not first gets most from the others.
    const seed = await libtorrent.start(scene, {
      torrent,
      dir: dirname(payload),
      role: 'seed',
      host: '127.0.0.8',
      up: 6_400_000,
    });
    await scene.until('the seed seeds', 30_000, () => seed.isSeeding());
    const { uploaded } = await runSwarm(scene, { torrent, payload, others: OTHERS });
    expect(uploaded, scene.report()).toBeGreaterThan(0);
  });
});
