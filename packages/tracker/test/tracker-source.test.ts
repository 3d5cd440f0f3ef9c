import { seededRandom } from '@shoal/testkit';
import { expect, test } from 'vitest';
import { TrackerError } from '../src/index.ts';
import { down, setUp } from './scripted-trackers.ts';

test('the first announce leaves during start, with started; peers are offered', async () => {
  const { source, torrent, clock, sent, offered, log } = setUp([['a']], {
    a: {
      answer: {
        peers: [
          { host: '10.0.0.1', port: 5 },
          { host: '2001:db8::1', port: 6 },
        ],
      },
    },
  });
  source.start(torrent);
  expect(log()).toEqual(['0 a started']);
  expect(sent[0]?.request).toEqual({
    infoHash: torrent.infoHash,
    peerId: torrent.peerId,
    port: 6881,
    uploaded: 0,
    downloaded: 0,
    left: 100,
    event: 'started',
    key: 7,
    numwant: 100,
  });
  expect(source.status()).toMatchObject([{ name: 'a', state: 'working', nextAt: null }]);
  await clock.advance(10);
  expect(offered).toEqual(['10.0.0.1:5', '[2001:db8::1]:6']);
  expect(source.status()).toEqual([
    { name: 'a', state: 'ok', message: null, peers: 2, seeders: 1, leechers: 2, nextAt: 1_800_010 },
  ]);
});

test('it goes on at the interval, without an event and with the tracker id', async () => {
  const { source, torrent, clock, sent, log, counters } = setUp([['a']], {
    a: { answer: { interval: 60, trackerId: 'T' } },
  });
  source.start(torrent);
  await clock.advance(10);
  counters.downloaded = 5;
  await clock.advance(121_000);
  expect(log()).toEqual(['0 a started', '60010 a -', '120020 a -']);
  expect(sent[1]?.request).toMatchObject({ trackerId: 'T', downloaded: 5 });
  expect(sent[0]?.request.trackerId).toBeUndefined();
});

test('completed is sent at once, once, and to a tracker that has answered', async () => {
  const { source, torrent, clock, log, counters } = setUp([['a']], { a: { answer: { interval: 60 } } });
  source.complete();
  source.start(torrent);
  await clock.advance(1_000);
  counters.left = 0;
  source.complete();
  await clock.advance(70_000);
  expect(log()).toEqual(['0 a started', '1000 a completed', '61010 a -']);
});

test('a download that completes before the first answer is told behind it', async () => {
  const { source, torrent, clock, log } = setUp([['a']], { a: { after: 500 } });
  source.start(torrent);
  source.complete();
  await clock.advance(5_000);
  expect(log()).toEqual(['0 a started', '500 a completed']);
});

test('completed that fails is repeated by the next tracker', async () => {
  const { source, torrent, clock, log, behaviours } = setUp([['a'], ['b']], {});
  source.start(torrent);
  await clock.advance(1_000);
  behaviours.a = down;
  source.complete();
  await clock.advance(5_000);
  expect(log()).toEqual(['0 a started', '1000 a completed', '1010 b started', '1020 b completed']);
});

test('stopped goes only to trackers that have answered', async () => {
  const { source, torrent, clock, sent, log } = setUp([['a'], ['b'], ['c']], { a: down, b: {} });
  source.start(torrent);
  await clock.advance(1_000);
  const stopped = source.stop();
  await clock.advance(1_000);
  await stopped;
  expect(log()).toEqual(['0 a started', '10 b started', '1000 b stopped']);
  expect(sent[2]?.request).toMatchObject({ numwant: 0, event: 'stopped' });
  expect(clock.pending).toBe(0);
});

test('stop aborts what is under way and says nothing to who never answered', async () => {
  const { source, torrent, clock, sent, log } = setUp([['a']], { a: { silent: true } });
  source.start(torrent);
  await source.stop();
  expect(sent[0]?.signal.aborted).toBe(true);
  await clock.advance(200_000);
  expect(log()).toEqual(['0 a started']);
  expect(source.status()).toMatchObject([{ state: 'idle', nextAt: null }]);
  await source.stop();
});

test('a goodbye nobody hears takes two seconds', async () => {
  const { source, torrent, clock, sent, behaviours } = setUp([['a']], {});
  source.start(torrent);
  await clock.advance(1_000);
  behaviours.a = { silent: true };
  let isOver = false;
  void source.stop().then(() => {
    isOver = true;
  });
  await clock.advance(1_999);
  expect(isOver).toBe(false);
  await clock.advance(1);
  expect(isOver).toBe(true);
  expect(sent[1]?.signal.aborted).toBe(true);
});

test('started again it waits for the goodbye and begins anew', async () => {
  const { source, torrent, clock, log } = setUp([['a']], {});
  source.start(torrent);
  expect(() => source.start(torrent)).toThrow(TypeError);
  await clock.advance(1_000);
  const stopped = source.stop();
  source.start(torrent);
  expect(log()).toHaveLength(2);
  await clock.advance(1_000);
  await stopped;
  expect(log()).toEqual(['0 a started', '1000 a stopped', '1010 a started']);
});

test('tiers in order; failures go on at once; who answers is promoted within its tier only', async () => {
  const { source, torrent, clock, log, behaviours } = setUp([['a', 'b', 'c'], ['d']], { a: down, b: down });
  source.start(torrent);
  await clock.advance(1_000);
  expect(log()).toEqual(['0 a started', '10 b started', '20 c started']);
  // BEP 12's example: the list is now c, a, b.
  behaviours.a = behaviours.b = {};
  await clock.advance(1_801_000);
  expect(log().slice(3)).toEqual(['1800030 c -']);
  behaviours.c = down;
  await clock.advance(1_801_000);
  expect(log().slice(4)).toEqual(['3600040 c -', '3600050 a started']);
});

test('a lower tier does not keep the upper from being tried again', async () => {
  const { source, torrent, clock, log, behaviours } = setUp([['a'], ['b']], { a: down });
  source.start(torrent);
  await clock.advance(1_000);
  behaviours.a = {};
  await clock.advance(1_801_000);
  expect(log()).toEqual(['0 a started', '10 b started', '1800020 a started']);
});

test('a silent tracker delays the next by three seconds, and its late answer still counts', async () => {
  const { source, torrent, clock, log, offered } = setUp([['a', 'b'], ['c'], ['d']], {
    a: { silent: true },
    b: { after: 5_000, answer: { peers: [{ host: '10.0.0.2', port: 2 }] } },
    c: { answer: { peers: [{ host: '10.0.0.3', port: 3 }] } },
  });
  source.start(torrent);
  await clock.advance(20_000);
  expect(log()).toEqual(['0 a started', '3000 b started', '6000 c started']);
  expect(offered).toEqual(['10.0.0.3:3', '10.0.0.2:2']);
  expect(source.status().map(({ state }) => state)).toEqual(['working', 'ok', 'ok', 'idle']);
  // The first in order that answers sets the pace.
  expect(source.status().map(({ nextAt }) => nextAt)).toEqual([null, 1_808_000, null, null]);
  const stopped = source.stop();
  await clock.advance(3_000);
  await stopped;
  expect(log().slice(3).sort()).toEqual(['20000 b stopped', '20000 c stopped']);
});

test('an announce that never settles fails after 90 s', async () => {
  const { source, torrent, clock } = setUp([['a']], {}, { announce: () => new Promise(() => undefined) });
  source.start(torrent);
  await clock.advance(90_000);
  expect(source.status()).toMatchObject([{ state: 'failed', message: 'no answer within 90 s' }]);
});

test('with all trackers down it backs off, longer each time, with jitter', async () => {
  const { source, torrent, clock, sent } = setUp([['a']], { a: down }, { random: seededRandom('back-off').number });
  source.start(torrent);
  await clock.advance(2 * 3_600_000);
  const waits = sent.slice(1).map(({ at }, index) => at - (sent[index]?.at ?? 0) - 10);
  for (const [index, wait] of waits.entries()) {
    const expected = Math.min(15_000 * 2 ** index, 900_000);
    expect(wait).toBeGreaterThanOrEqual(0.75 * expected);
    expect(wait).toBeLessThanOrEqual(1.25 * expected);
  }
  expect(waits.length).toBeGreaterThan(8);
  expect(source.status()).toMatchObject([{ state: 'failed', message: 'a: connection refused' }]);
  expect(source.status()[0]?.nextAt).toBeGreaterThan(clock.now());
});

test('a tracker that names a time to retry gets it; one that says never is left alone', async () => {
  const refuses = (retryAfter: number) => ({
    error: new TrackerError('ERR_TRACKER_FAILURE', 'the tracker refuses: no', { retryAfter }),
  });
  const { source, torrent, clock, log } = setUp([['a'], ['b']], {
    a: refuses(600),
    b: refuses(Number.POSITIVE_INFINITY),
  });
  source.start(torrent);
  await clock.advance(600_000);
  expect(log()).toEqual(['0 a started', '10 b started']);
  await clock.advance(70_000);
  expect(log().slice(2)).toEqual(['659950 a started']);
  expect(source.status()[1]).toMatchObject({ state: 'failed', nextAt: null, message: 'the tracker refuses: no' });
  await source.stop();
  source.start(torrent);
  await clock.advance(1_000);
  expect(
    log()
      .slice(3)
      .map((line) => line.split(' ')[1]),
  ).toEqual(['a']);
});

test('an address that cannot be used is not tried again', async () => {
  const { source, torrent, clock, log } = setUp([['x']], {
    x: { error: new TrackerError('ERR_TRACKER_URL', 'a tracker at wss: is not supported') },
  });
  source.start(torrent);
  await clock.advance(10 * 3_600_000);
  expect(log()).toEqual(['0 x started']);
  expect(clock.pending).toBe(0);
});

test('an announce that throws is a failure like any other', async () => {
  const { source, torrent, clock } = setUp(
    [['a']],
    {},
    {
      announce: () => {
        throw new RangeError('left: a whole number expected');
      },
    },
  );
  source.start(torrent);
  await clock.advance(1);
  expect(source.status()).toMatchObject([{ state: 'failed', message: 'left: a whole number expected' }]);
});

test('wanting peers brings the announce forward, not before the min interval', async () => {
  const { source, torrent, clock, log } = setUp([['a']], { a: { answer: { minInterval: 300 } } });
  source.wantPeers();
  source.start(torrent);
  source.wantPeers();
  await clock.advance(1_000);
  source.wantPeers();
  source.wantPeers();
  await clock.advance(400_000);
  expect(log()).toEqual(['0 a started', '300010 a -']);
  // Late in the interval it leaves at once.
  await clock.advance(400_000);
  source.wantPeers();
  expect(log().slice(2)).toEqual(['801000 a -']);
});

test('without a min interval wanting peers waits two minutes', async () => {
  const { source, torrent, clock, log } = setUp([['a']], {});
  source.start(torrent);
  await clock.advance(1_000);
  source.wantPeers();
  await clock.advance(400_000);
  expect(log()).toEqual(['0 a started', '120010 a -']);
});

test('tiers are shuffled within, not across', () => {
  const orders = new Set<string>();
  const random = seededRandom('shuffle').number;
  for (let round = 0; round < 100; round++) {
    const { source, torrent, log } = setUp([['a', 'b', 'c'], ['d']], {}, { random });
    source.start(torrent);
    orders.add(log()[0]?.split(' ')[1] ?? '');
  }
  expect([...orders].sort()).toEqual(['a', 'b', 'c']);
});

test('a URL counts once, where it stands first, and 200 are enough', () => {
  const many = Array.from({ length: 300 }, (_, index) => `t${index}`);
  const { source } = setUp([['a', 'a'], [], ['b', 'a'], many], {});
  const names = source.status().map(({ name }) => name);
  expect(names.slice(0, 3)).toEqual(['a', 'b', 't0']);
  expect(names).toHaveLength(200);
});

test('no trackers at all: nothing happens, and it can be stopped', async () => {
  const { source, torrent, clock, changes } = setUp([], {});
  source.start(torrent);
  source.complete();
  source.wantPeers();
  expect(source.status()).toEqual([]);
  expect(clock.pending).toBe(0);
  expect(changes()).toBe(1);
  await source.stop();
});

test('our own address is not offered to us', async () => {
  const peers = [
    { host: '1.2.3.4', port: 6881 },
    { host: '1.2.3.4', port: 6882 },
  ];
  const { source, torrent, clock, offered } = setUp([['a']], { a: { answer: { peers, externalIp: '1.2.3.4' } } });
  source.start(torrent);
  await clock.advance(10);
  expect(offered).toEqual(['1.2.3.4:6882']);
});

test('a warning is told to the user', async () => {
  const { source, torrent, clock } = setUp([['a']], { a: { answer: { warning: 'old client' } } });
  source.start(torrent);
  await clock.advance(10);
  expect(source.status()).toMatchObject([{ state: 'ok', message: 'old client' }]);
});

test('a stop within offerPeers is a stop', async () => {
  const { source, torrent, clock, log } = setUp([['a']], { a: { answer: { peers: [{ host: '10.0.0.1', port: 1 }] } } });
  source.start({ ...torrent, offerPeers: () => void source.stop() });
  source.complete();
  await clock.advance(4_000_000);
  expect(log()).toEqual(['0 a started', '10 a completed', '20 a stopped']);
  expect(clock.pending).toBe(0);
});
