// What a user may choose of a transfer: how fast, on either side and in either direction, and which files.
import { createTorrent } from '@shoal/metainfo/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { libtorrent } from '../src/clients/libtorrent.ts';
import { makeFile, makeTree } from '../src/payload.ts';
import { whyNot } from '../src/programs.ts';
import { Scene } from '../src/scene.ts';
import { ownTracker } from '../src/trackers.ts';
import { leechFrom, seedTo } from '../src/transfer.ts';

const MiB = 1024 * 1024;
const LENGTH = 12 * MiB;
const RATE = 2 * MiB;

const reason = whyNot('libtorrent');

describe.concurrent(reason ? `choices (skipped: ${reason})` : 'choices', { skip: reason !== undefined }, () => {
  let shared: Scene;
  let payload: string;
  beforeAll(async () => {
    shared = await Scene.enter();
    payload = await makeFile(shared.path('source'), LENGTH);
  });
  afterAll(() => shared.leave());

  for (const { what, transfer, options } of [
    { what: 'get --limit-down', transfer: leechFrom, options: { ours: ['--limit-down', '2M'] } },
    { what: 'seed --limit-up', transfer: seedTo, options: { ours: ['--limit-up', '2M'] } },
    { what: 'get from a libtorrent that is limited', transfer: leechFrom, options: { theirs: { up: RATE } } },
    { what: 'seed to a libtorrent that is limited', transfer: seedTo, options: { theirs: { down: RATE } } },
  ]) {
    test(what, async ({ onTestFinished }) => {
      const scene = await Scene.enter();
      onTestFinished(() => scene.leave());
      const announce = await ownTracker(scene);
      const seconds = await transfer(scene, { client: libtorrent, payload, announce, ...options });
      // A limit lets a second's worth through at once; what it may take longer is starting and finding each other.
      expect(seconds).toBeGreaterThan(LENGTH / RATE - 1.2);
      expect(seconds).toBeLessThan(LENGTH / RATE + 10);
    });
  }

  test('get --select from libtorrent: only those files appear', async ({ onTestFinished }) => {
    const scene = await Scene.enter();
    onTestFinished(() => scene.leave());
    const { payload, chosen } = await treeWithChoice(scene);
    const announce = await ownTracker(scene);
    await leechFrom(scene, {
      client: libtorrent,
      payload,
      announce,
      ours: ['--select', '*/folder-3/**', '--select', '*/folder-5/**'],
      only: chosen,
    });
  });

  test('libtorrent selects of what shoal seeds', async ({ onTestFinished }) => {
    const scene = await Scene.enter();
    onTestFinished(() => scene.leave());
    const { payload, chosen } = await treeWithChoice(scene);
    await seedTo(scene, { client: libtorrent, payload, announce: await ownTracker(scene), only: chosen });
  });
});

/** The tree, and the paths of its files in two of seven folders. */
async function treeWithChoice(scene: Scene): Promise<{ readonly payload: string; readonly chosen: readonly string[] }> {
  const payload = await makeTree(scene.path('source'));
  const { metainfo } = await createTorrent(payload);
  const chosen = metainfo.files.map(({ path }) => path.join('/')).filter((path) => /^[^/]+\/folder-[35]\//.test(path));
  expect(chosen.length).toBeGreaterThan(20);
  return { payload, chosen };
}
