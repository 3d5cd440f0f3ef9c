// Peer exchange (BEP 11) in a line of three of ours; test/pex.long.ts has the other clients.
import { expect, test } from 'vitest';
import { startLine } from '../src/pex-line.ts';
import { Scene } from '../src/scene.ts';

test('in a line of three of ours the ends find each other through the middle', async ({ onTestFinished }) => {
  const scene = await Scene.enter();
  onTestFinished(() => scene.leave());
  const line = await startLine(scene, ['shoal', 'shoal', 'shoal']);
  await scene.until('C has everything', 60_000, () => line.isComplete());
  await line.expectEqual();
  expect(await line.peersOfC()).toBeGreaterThan(0);
});
