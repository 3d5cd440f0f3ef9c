// Padding files (BEP 47) of torrents that libtorrent made: they take part in the pieces, and are never on disk.
import { mkdir } from 'node:fs/promises';
import { readMetainfo } from '@shoal/metainfo/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { libtorrent } from '../src/clients/libtorrent.ts';
import { python } from '../src/facts.ts';
import { makeTree } from '../src/payload.ts';
import { whyNot } from '../src/programs.ts';
import { Scene } from '../src/scene.ts';
import { ownTracker } from '../src/trackers.ts';
import { leechFrom, seedTo } from '../src/transfer.ts';

const reason = whyNot('libtorrent');

describe.concurrent(reason ? `padding (skipped: ${reason})` : 'padding', { skip: reason !== undefined }, () => {
  let shared: Scene;
  let payload: string;
  beforeAll(async () => {
    shared = await Scene.enter();
    payload = await makeTree(shared.path('source'));
  });
  afterAll(() => shared.leave());

  for (const kind of ['v1-padded', 'hybrid']) {
    for (const [what, transfer] of [
      ['leeches from', leechFrom],
      ['seeds to', seedTo],
    ] as const) {
      test(`shoal ${what} libtorrent, ${kind}`, async ({ onTestFinished }) => {
        const scene = await Scene.enter();
        onTestFinished(() => scene.leave());
        const announce = await ownTracker(scene);
        await mkdir(scene.path('theirs'));
        await python(scene, 'make_torrents.py', payload, scene.path('theirs'), announce);
        const torrent = scene.path('theirs', `${kind}.torrent`);
        expect((await readMetainfo(torrent)).files.filter(({ padding }) => padding).length).toBeGreaterThan(100);
        await transfer(scene, { client: libtorrent, payload, announce, torrent });
      });
    }
  }
});
