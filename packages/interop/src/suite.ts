// The four transfers that every foreign client must pass: a file of 64 MiB and a tree of 200 files, both ways.
import { afterAll, afterEach, beforeAll, beforeEach, describe, test } from 'vitest';
import { makeSingle, makeTree } from './payload.ts';
import type { ForeignClient } from './peers.ts';
import { type ProgramName, whyNot } from './programs.ts';
import { Scene } from './scene.ts';
import { ownTracker } from './trackers.ts';
import { leechFrom, seedTo } from './transfer.ts';

/** Registers them; where the program is missing they are skipped, and the name says why. */
export function testTransfers(name: string, program: ProgramName, client: ForeignClient): void {
  const reason = whyNot(program);
  describe(reason ? `${name} (skipped: ${reason})` : name, { skip: reason !== undefined }, () => {
    let shared: Scene;
    let scene: Scene;
    const payloads = { single: '', tree: '' };
    beforeAll(async () => {
      shared = await Scene.enter();
      payloads.single = await makeSingle(shared.path('single'));
      payloads.tree = await makeTree(shared.path('tree'));
    });
    afterAll(() => shared.leave());
    beforeEach(async () => {
      scene = await Scene.enter();
    });
    afterEach(() => scene.leave());

    for (const content of ['single', 'tree'] as const) {
      test(`shoal leeches the ${content} from ${name}`, async () => {
        await leechFrom(scene, { client, payload: payloads[content], announce: await ownTracker(scene) });
      });
      test(`shoal seeds the ${content} to ${name}`, async () => {
        await seedTo(scene, { client, payload: payloads[content], announce: await ownTracker(scene) });
      });
    }
  });
}
