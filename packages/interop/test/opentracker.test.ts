// A foreign tracker between shoal and a foreign client, over HTTP and over UDP.
import { afterEach, beforeEach, describe, test } from 'vitest';
import { makeTree } from '../src/payload.ts';
import { libtorrent } from '../src/peers.ts';
import { whyNot } from '../src/programs.ts';
import { Scene } from '../src/scene.ts';
import { opentracker } from '../src/trackers.ts';
import { leechFrom, seedTo } from '../src/transfer.ts';

const reason = whyNot('opentracker', 'libtorrent');

describe(reason ? `opentracker (skipped: ${reason})` : 'opentracker', { skip: reason !== undefined }, () => {
  let scene: Scene;
  beforeEach(async () => {
    scene = await Scene.enter();
  });
  afterEach(() => scene.leave());

  for (const protocol of ['http', 'udp'] as const) {
    test(`shoal finds a seed through opentracker over ${protocol}`, async () => {
      const { url, allow } = await opentracker(scene, protocol);
      const payload = await makeTree(scene.path('source'));
      await leechFrom(scene, { client: libtorrent, payload, announce: url, allow });
    });
    test(`a leech finds shoal through opentracker over ${protocol}`, async () => {
      const { url, allow } = await opentracker(scene, protocol);
      const payload = await makeTree(scene.path('source'));
      await seedTo(scene, { client: libtorrent, payload, announce: url, allow });
    });
  }
});
