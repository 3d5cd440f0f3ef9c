// Tracker, seed and leech over ::1.
import { describe, test } from 'vitest';
import { libtorrent } from '../src/clients/libtorrent.ts';
import { makeFile } from '../src/payload.ts';
import { whyNoIPv6, whyNot } from '../src/programs.ts';
import { Scene } from '../src/scene.ts';
import { ownTracker } from '../src/trackers.ts';
import { leechFrom, seedTo } from '../src/transfer.ts';

const LENGTH = 4 * 1024 * 1024;

const reason = whyNoIPv6() ?? whyNot('libtorrent');

describe.concurrent(reason ? `IPv6 (skipped: ${reason})` : 'IPv6', { skip: reason !== undefined }, () => {
  for (const [what, transfer] of [
    ['leeches from', leechFrom],
    ['seeds to', seedTo],
  ] as const) {
    test(`shoal ${what} libtorrent over ::1`, async ({ onTestFinished }) => {
      const scene = await Scene.enter();
      onTestFinished(() => scene.leave());
      const payload = await makeFile(scene.path('source'), LENGTH);
      await transfer(scene, { client: libtorrent, payload, announce: await ownTracker(scene, '::1'), host: '::1' });
    });
  }
});
