// A download killed with -9 half-way goes on, keeps what it had verified, and ends with equal bytes.
import { expect, test } from 'vitest';
import { PACED_PAYLOADS, pacedDownload } from '../src/paced.ts';
import { Scene } from '../src/scene.ts';
import type { Shoal } from '../src/shoal.ts';

const MiB = 1024 * 1024;

test.concurrent.for(PACED_PAYLOADS)('$what, killed three times on its way', async (payload, { onTestFinished }) => {
  const scene = await Scene.enter();
  onTestFinished(() => scene.leave());
  // Progress is told once a second: at this rate three runs that each gain a tenth, and overshoot, stay below the whole.
  const { total, relay, get, expectEqual } = await pacedDownload(scene, payload, 6);

  let verified = 0;
  for (let kills = 0; kills < 3; kills++) {
    const run = get();
    const goal = verified + total / 10;
    await scene.until('pieces are verified', 60_000, () => (verifiedBy(run).at(-1) ?? 0) >= goal);
    run.running.process.kill('SIGKILL');
    await run.running.ended;
    expect(run.running.process.signalCode, scene.report()).toBe('SIGKILL');
    verified = verifiedBy(run).at(-1) ?? 0;
  }
  const last = get();
  expect(await last.running.ended, scene.report()).toBe(0);
  await expectEqual();
  // A second brings a sixth, so what the last run has at its first word was there before it.
  expect(verified).toBeGreaterThanOrEqual(0.3 * total);
  expect(verifiedBy(last)[0], scene.report()).toBeGreaterThanOrEqual(verified);
  // Lost with each kill: what was requested and not yet a verified piece.
  const lost = Math.min(8 * MiB, 0.12 * total);
  expect(relay.passed()).toBeLessThan(total + 3 * lost);
});

/** What each `progress` of a run says was verified, in bytes; not while it checks what it found. */
function verifiedBy(run: Shoal): number[] {
  return run
    .events()
    .filter(({ event, state }) => event === 'progress' && state !== 'checking')
    .map(({ bytesDone }) => Number(bytesDone));
}
