// One download killed with -9 at twenty random moments. SHOAL_SEED repeats their choice.
import { seededRandom } from '@shoal/testkit';
import { expect, test } from 'vitest';
import { wholePieces } from '../src/on-disk.ts';
import { PACED_PAYLOADS, pacedDownload } from '../src/paced.ts';
import { Scene } from '../src/scene.ts';

const KILLS = 20;
/** From a run's start: some of them before it has connected, or while it checks what it finds. */
const EARLIEST_MS = 200;
const LATEST_MS = 2_500;
const SEED = process.env.SHOAL_SEED ?? String(Date.now());

test.for(PACED_PAYLOADS)(
  `$what, killed at ${KILLS} moments (seed ${SEED})`,
  { timeout: 240_000 },
  async (payload, { onTestFinished }) => {
    const random = seededRandom(SEED);
    const scene = await Scene.enter();
    onTestFinished(() => scene.leave());
    // Twenty runs of 1.35 s on average, less their starts, do not reach the end at this rate.
    const { metainfo, total, dir, relay, get, expectEqual } = await pacedDownload(scene, payload, 30);

    const fetched = new Set<number>();
    let whole = new Set<number>();
    let lostBlocks = 0;
    for (let run = 0; run <= KILLS; run++) {
      const from = relay.blocks.length;
      const { running } = get();
      if (run < KILLS) {
        const after = EARLIEST_MS + random.int(LATEST_MS - EARLIEST_MS);
        await new Promise((resolve) => setTimeout(resolve, after));
        running.process.kill('SIGKILL');
      }
      const status = await running.ended;
      expect(status, scene.report()).toBe(run < KILLS ? null : 0);
      // No piece that lay whole on disk when the run began came over the wire again.
      const again = relay.blocks.slice(from).filter(({ piece }) => whole.has(piece));
      expect(again, `run ${run} of ${KILLS}\n${scene.report()}`).toEqual([]);
      for (const { piece } of relay.blocks.slice(from)) fetched.add(piece);
      const before = whole;
      whole = await wholePieces(metainfo, dir);
      // What was whole stays whole.
      expect([...before].filter((piece) => !whole.has(piece))).toEqual([]);
      if (run < KILLS) {
        const kept = relay.blocks.slice(from).filter(({ piece }) => whole.has(piece)).length;
        lostBlocks += relay.blocks.length - from - kept;
      }
    }
    expect(whole.size).toBe(metainfo.layout.pieceCount);
    expect(fetched.size).toBe(metainfo.layout.pieceCount);
    await expectEqual();
    const carried = ((relay.passed() / total) * 100).toFixed(1);
    process.stdout.write(
      `${payload.what}: ${KILLS} kills, seed ${SEED}: ${carried} % carried, ${lostBlocks} blocks lost\n`,
    );
  },
);
