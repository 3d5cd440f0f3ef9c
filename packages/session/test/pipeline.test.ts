import { RateMeter } from '@shoal/choker';
import { BLOCK_LENGTH } from '@shoal/primitives';
import { expect, test } from 'vitest';
import { RequestPipeline } from '../src/pipeline.ts';

/** Blocks at a steady rate, for a while. */
function flow(
  rate: RateMeter,
  pipeline: RequestPipeline,
  from: number,
  seconds: number,
  blocksPerSecond: number,
): number {
  const step = 1_000 / blocksPerSecond;
  let now = from;
  for (; now < from + seconds * 1_000; now += step) {
    rate.add(BLOCK_LENGTH, now);
    pipeline.received(now);
  }
  return now;
}

test('a new peer gets enough requests to find out how fast it is', () => {
  expect(new RequestPipeline(new RateMeter())).toMatchObject({ depth: 16, batch: 4, snubbed: false });
});

test('a fast peer is given two seconds of its rate, a slow one a few blocks', () => {
  for (const [blocksPerSecond, low, high] of [
    [100, 190, 225],
    [2, 4, 25],
  ] as const) {
    const rate = new RateMeter();
    const pipeline = new RequestPipeline(rate);
    flow(rate, pipeline, 0, 60, blocksPerSecond);
    expect(pipeline.depth, `${blocksPerSecond} blocks/s`).toBeGreaterThanOrEqual(low);
    expect(pipeline.depth, `${blocksPerSecond} blocks/s`).toBeLessThanOrEqual(high);
  }
});

test('it shrinks with the rate', () => {
  const rate = new RateMeter();
  const pipeline = new RequestPipeline(rate);
  const now = flow(rate, pipeline, 0, 30, 200);
  const fast = pipeline.depth;
  flow(rate, pipeline, now, 120, 5);
  expect(pipeline.depth).toBeLessThan(fast / 4);
});

test('never more than 500, nor than the peer takes, and never nothing', () => {
  const rate = new RateMeter();
  const pipeline = new RequestPipeline(rate);
  flow(rate, pipeline, 0, 10, 5_000);
  expect(pipeline.depth).toBe(500);
  pipeline.setLimit(250);
  expect(pipeline.depth).toBe(250);
  pipeline.setLimit(1_000_000);
  expect(pipeline.depth).toBe(500);
  pipeline.setLimit(0);
  expect(pipeline).toMatchObject({ depth: 1, batch: 1 });
});

test('a snubbed peer is asked for one block, until it sends one', () => {
  const rate = new RateMeter();
  const pipeline = new RequestPipeline(rate);
  flow(rate, pipeline, 0, 10, 100);
  pipeline.snub();
  expect(pipeline).toMatchObject({ depth: 1, batch: 1, snubbed: true });
  pipeline.received(100_000);
  expect(pipeline.snubbed).toBe(false);
  expect(pipeline.depth).toBeGreaterThan(3);
  expect(pipeline.depth).toBeLessThan(10);
});
