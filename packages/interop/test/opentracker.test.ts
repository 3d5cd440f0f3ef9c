// A foreign tracker between shoal and a foreign client, over HTTP and over UDP.
import { describe, test } from 'vitest';
import { libtorrent } from '../src/clients/libtorrent.ts';
import { makeFile } from '../src/payload.ts';
import { whyNot } from '../src/programs.ts';
import { Scene } from '../src/scene.ts';
import { opentracker } from '../src/trackers.ts';
import { leechFrom, seedTo } from '../src/transfer.ts';

const LENGTH = 4 * 1024 * 1024;

const reason = whyNot('opentracker', 'libtorrent');
const title = reason ? `opentracker (skipped: ${reason})` : 'opentracker';

describe.concurrent(title, { skip: reason !== undefined }, () => {
  for (const protocol of ['http', 'udp'] as const) {
    for (const [what, transfer] of [
      ['shoal finds a seed', leechFrom],
      ['a leech finds shoal', seedTo],
    ] as const) {
      test(`${what} through opentracker over ${protocol}`, async ({ onTestFinished }) => {
        const scene = await Scene.enter();
        onTestFinished(() => scene.leave());
        const { url, allow } = await opentracker(scene, protocol);
        const payload = await makeFile(scene.path('source'), LENGTH);
        await transfer(scene, { client: libtorrent, payload, announce: url, allow });
      });
    }
  }
});
