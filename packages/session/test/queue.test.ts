import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type QueueEntry, whoRuns } from '../src/queue.ts';

const entry = (text: string): QueueEntry => ({
  resting: text.includes('r'),
  forced: text.includes('f'),
  complete: text.includes('s'),
});
const run = (entries: string, downloads: number, seeds: number): string =>
  whoRuns(entries.split(' ').map(entry), { downloads, seeds })
    .map((runs) => (runs ? '+' : '-'))
    .join('');

test('in the order of the queue, downloads and seeds apart', () => {
  expect(run('d d d d', 2, 0)).toBe('++--');
  expect(run('s d s d s', 1, 2)).toBe('+++--');
  expect(run('d s d s', 0, 0)).toBe('----');
  expect(run('d s d s', Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)).toBe('++++');
});

test('those that rest take no place, forced ones run beside the limits', () => {
  expect(run('dr d d', 1, 0)).toBe('++-');
  expect(run('df d d', 1, 0)).toBe('++-');
  expect(run('d df sf s', 1, 0)).toBe('+++-');
});

test('never more than the limits, never a place left while somebody waits', () => {
  const entries = fc.array(fc.record({ resting: fc.boolean(), forced: fc.boolean(), complete: fc.boolean() }));
  fc.assert(
    fc.property(entries, fc.nat(5), fc.nat(5), (all, downloads, seeds) => {
      const runs = whoRuns(all, { downloads, seeds });
      for (const [complete, limit] of [
        [false, downloads],
        [true, seeds],
      ] as const) {
        const counted = all
          .map((one, index) => ({ one, runs: runs[index] }))
          .filter(({ one }) => one.complete === complete && !one.forced && !one.resting);
        const running = counted.filter((each) => each.runs).length;
        expect(running).toBe(Math.min(limit, counted.length));
      }
    }),
  );
});
