import { expect, test } from 'vitest';
import { down, setUp } from './scripted-trackers.ts';

type SetUp = ReturnType<typeof setUp>;

/** Stops, and answers how many milliseconds that took, to the last ten. */
async function stopTime({ source, clock }: SetUp): Promise<number> {
  const from = clock.now();
  let isOver = false;
  const stopped = source.stop().then(() => {
    isOver = true;
  });
  while (!isOver) await clock.advance(10);
  await stopped;
  expect(clock.pending).toBe(0);
  return clock.now() - from;
}

test('a completed that is under way is waited for, and stopped follows it', async () => {
  const all = setUp([['a']], { a: { after: 300 } });
  all.source.start(all.torrent);
  await all.clock.advance(1_000);
  all.counters.left = 0;
  all.source.complete();
  await all.clock.advance(100);
  expect(await stopTime(all)).toBe(500);
  expect(all.log()).toEqual(['0 a started', '1000 a completed', '1300 a stopped']);
  expect(all.sent[1]?.signal.aborted).toBe(false);
  expect(all.sent[2]?.request).toMatchObject({ event: 'stopped', left: 0, numwant: 0 });
});

test('a completed that waits behind an ordinary announce takes its place', async () => {
  const all = setUp([['a']], { a: { answer: { interval: 60 } } });
  all.source.start(all.torrent);
  await all.clock.advance(1_000);
  all.behaviours.a = { silent: true };
  await all.clock.advance(60_000);
  all.source.complete();
  all.behaviours.a = {};
  expect(await stopTime(all)).toBe(20);
  expect(all.log()).toEqual(['0 a started', '60010 a -', '61000 a completed', '61010 a stopped']);
  expect(all.sent[1]?.signal.aborted).toBe(true);
});

test('completed and stop before the first answer: started, completed, stopped', async () => {
  const all = setUp([['a', 'b']], { a: { after: 200, answer: { trackerId: 'T' } } });
  all.source.start(all.torrent);
  all.source.complete();
  expect(await stopTime(all)).toBe(600);
  expect(all.log()).toEqual(['0 a started', '200 a completed', '400 a stopped']);
  expect(all.sent.map(({ request }) => request.trackerId)).toEqual([undefined, 'T', 'T']);
});

test('without a completed that is owed a started under way is given up at once', async () => {
  const all = setUp([['a']], { a: { after: 200 } });
  all.source.start(all.torrent);
  await all.source.stop();
  expect(all.log()).toEqual(['0 a started']);
  expect(all.sent[0]?.signal.aborted).toBe(true);
});

test('a completed that was heard is not said again', async () => {
  const all = setUp([['a']], {});
  all.source.start(all.torrent);
  await all.clock.advance(1_000);
  all.source.complete();
  await all.clock.advance(1_000);
  await stopTime(all);
  expect(all.log()).toEqual(['0 a started', '1000 a completed', '2000 a stopped']);
});

test('a completed that nobody answers leaves stopped its turn, both within two seconds', async () => {
  const all = setUp([['a']], {});
  all.source.start(all.torrent);
  await all.clock.advance(1_000);
  all.behaviours.a = { silent: true };
  all.source.complete();
  expect(await stopTime(all)).toBe(2_000);
  expect(all.log()).toEqual(['0 a started', '1000 a completed', '2000 a stopped']);
  expect(all.sent.map(({ signal }) => signal.aborted)).toEqual([false, true, true]);
});

test('a completed that fails is followed by stopped', async () => {
  const all = setUp([['a']], {});
  all.source.start(all.torrent);
  await all.clock.advance(1_000);
  all.behaviours.a = down;
  all.source.complete();
  expect(await stopTime(all)).toBe(20);
  expect(all.log().slice(1)).toEqual(['1000 a completed', '1010 a stopped']);
});

test('one of several trackers is told completed; the others hear stopped at once', async () => {
  const all = setUp([['a'], ['b']], { a: { after: 4_000 } });
  all.source.start(all.torrent);
  await all.clock.advance(10_000);
  all.behaviours.a = { after: 100 };
  all.source.complete();
  expect(await stopTime(all)).toBe(200);
  expect(all.log()).toEqual([
    '0 a started',
    '3000 b started',
    '10000 a completed',
    '10000 b stopped',
    '10100 a stopped',
  ]);
});

test('trackers that never answered cost two seconds at most, and hear nothing more', async () => {
  const all = setUp([['a'], ['b']], { a: { silent: true }, b: { silent: true } });
  all.source.start(all.torrent);
  await all.clock.advance(3_500);
  all.source.complete();
  expect(await stopTime(all)).toBe(2_000);
  expect(all.log()).toEqual(['0 a started', '3000 b started']);
  expect(all.sent.every(({ signal }) => signal.aborted)).toBe(true);
});

test('started again while completed is under way it keeps the runs apart', async () => {
  const all = setUp([['a']], {});
  all.source.start(all.torrent);
  await all.clock.advance(1_000);
  all.source.complete();
  const stopped = all.source.stop();
  all.source.start(all.torrent);
  await all.clock.advance(1_000);
  await stopped;
  expect(all.log()).toEqual(['0 a started', '1000 a completed', '1010 a stopped', '1020 a started']);
  expect(all.source.status()).toMatchObject([{ state: 'ok' }]);
});
