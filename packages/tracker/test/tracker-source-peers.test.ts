// What a tracker source does beyond the timetable: partial seeds, a user who wants it now, private torrents, late answers.
import { seededRandom } from '@shoal/testkit';
import { expect, test } from 'vitest';
import { TrackerError, TrackerSource } from '../src/index.ts';
import { down, RESPONSE, setUp } from './scripted-trackers.ts';

const peer = (last: number) => ({ host: `10.0.0.${last}`, port: last });

test('a partial seed says paused in each announce that has nothing else to say (BEP 21)', async () => {
  const all = setUp([['a']], { a: { answer: { interval: 60 } } });
  let isPartial = false;
  all.source.start({ ...all.torrent, partialSeed: () => isPartial });
  await all.clock.advance(61_000);
  isPartial = true;
  await all.clock.advance(120_000);
  isPartial = false;
  await all.clock.advance(60_000);
  isPartial = true;
  const stopped = all.source.stop();
  await all.clock.advance(10);
  await stopped;
  expect(all.log().map((line) => line.split(' ')[2])).toEqual(['started', '-', 'paused', 'paused', '-', 'stopped']);
  expect(all.sent[2]?.request.left).toBe(100);
});

test('what a partial seed wanted is complete: no completed, but paused as soon as the tracker allows', async () => {
  const all = setUp([['a']], { a: { answer: { minInterval: 90 } } });
  let isPartial = true;
  all.source.start({ ...all.torrent, partialSeed: () => isPartial });
  await all.clock.advance(1_000);
  all.source.complete();
  await all.clock.advance(200_000);
  expect(all.log()).toEqual(['0 a started', '90010 a paused']);
  // The rest was wanted after all, and is there.
  isPartial = false;
  all.counters.left = 0;
  all.source.complete();
  expect(all.log().slice(2)).toEqual(['201000 a completed']);
});

test('announceNow asks again, not before the min interval', async () => {
  const all = setUp([['a']], { a: { answer: { minInterval: 300 } } });
  all.source.announceNow();
  all.source.start(all.torrent);
  all.source.announceNow();
  await all.clock.advance(1_000);
  all.source.announceNow();
  all.source.announceNow();
  expect(all.source.status()).toMatchObject([{ nextAt: 300_010 }]);
  await all.clock.advance(400_000);
  expect(all.log()).toEqual(['0 a started', '300010 a -']);
  await all.clock.advance(300_000);
  all.source.announceNow();
  expect(all.log().slice(2)).toEqual(['701000 a -']);
});

test('announceNow tries failed trackers before their back-off is over, but 15 s after the failure', async () => {
  const all = setUp([['a'], ['b']], { a: down, b: down });
  all.source.start(all.torrent);
  // Four failures each; the next attempt would be two minutes away.
  await all.clock.advance(150_000);
  const before = all.log().length;
  all.source.announceNow();
  await all.clock.advance(1);
  expect(all.log().length).toBe(before + 1);
  await all.clock.advance(100);
  for (let click = 0; click < 5; click++) all.source.announceNow();
  await all.clock.advance(14_000);
  expect(all.log().length).toBe(before + 2);
  await all.clock.advance(2_000);
  expect(all.log().length).toBe(before + 4);
});

test('announceNow leaves alone who asked for it, and those that cannot be used', async () => {
  const refuses = (retryAfter: number) => ({ error: new TrackerError('ERR_TRACKER_FAILURE', 'no', { retryAfter }) });
  const all = setUp([['a', 'b', 'x']], {
    a: refuses(3_600),
    b: refuses(Number.POSITIVE_INFINITY),
    x: { error: new TrackerError('ERR_TRACKER_URL', 'wss') },
  });
  all.source.start(all.torrent);
  await all.clock.advance(60_000);
  all.source.announceNow();
  await all.clock.advance(60_000);
  expect(all.log()).toEqual(['0 a started', '10 b started', '20 x started']);
});

test('announceNow during a goodbye begins nothing', async () => {
  const all = setUp([['a']], {});
  all.source.start(all.torrent);
  await all.clock.advance(1_000);
  const stopped = all.source.stop();
  all.source.announceNow();
  all.source.start(all.torrent);
  all.source.announceNow();
  await all.clock.advance(1_000);
  await stopped;
  expect(all.log()).toEqual(['0 a started', '1000 a stopped', '1010 a started']);
});

test('a private torrent hears when its peers come from another tracker, before they are offered (BEP 27)', async () => {
  const all = setUp([['a'], ['b']], { a: { answer: { peers: [peer(1)] } }, b: { answer: { peers: [peer(2)] } } });
  const events: string[] = [];
  const torrent = {
    ...all.torrent,
    private: true,
    offerPeers: (addresses: readonly string[]) => void events.push(...addresses),
    trackerChanged: () => void events.push('changed'),
  };
  all.source.start(torrent);
  await all.clock.advance(1_801_000);
  all.behaviours.a = down;
  await all.clock.advance(1_801_000);
  expect(events).toEqual(['10.0.0.1:1', '10.0.0.1:1', 'changed', '10.0.0.2:2']);
  all.behaviours.a = { answer: { peers: [peer(1)] } };
  await all.clock.advance(1_801_000);
  expect(events.slice(4)).toEqual(['changed', '10.0.0.1:1']);
  // A new run begins with no peers at all.
  const stopped = all.source.stop();
  await all.clock.advance(100);
  await stopped;
  all.behaviours.a = down;
  all.source.start(torrent);
  await all.clock.advance(1_000);
  expect(events.slice(6)).toEqual(['10.0.0.2:2']);
});

test('a private torrent takes no peers of a tracker that answers behind another', async () => {
  const all = setUp([['a'], ['b']], {
    a: { after: 5_000, answer: { peers: [peer(1)] } },
    b: { answer: { peers: [peer(2)] } },
  });
  let changes = 0;
  all.source.start({ ...all.torrent, private: true, trackerChanged: () => changes++ });
  await all.clock.advance(4_000_000);
  expect(changes).toBe(0);
  expect(new Set(all.offered)).toEqual(new Set(['10.0.0.2:2']));
  // Whoever lists us still hears that we leave.
  const stopped = all.source.stop();
  await all.clock.advance(10_000);
  await stopped;
  expect(all.log().slice(-2).sort()).toEqual(['4000000 a stopped', '4000000 b stopped']);
});

test('a public torrent takes peers from wherever they come, and nobody calls that a change', async () => {
  const all = setUp([['a'], ['b']], { a: { answer: { peers: [peer(1)] } }, b: { answer: { peers: [peer(2)] } } });
  let changes = 0;
  all.source.start({ ...all.torrent, private: false, trackerChanged: () => changes++ });
  await all.clock.advance(1_801_000);
  all.behaviours.a = down;
  await all.clock.advance(1_801_000);
  expect(all.offered).toEqual(['10.0.0.1:1', '10.0.0.1:1', '10.0.0.2:2']);
  expect(changes).toBe(0);
});

test('peers that a tracker names later, over its other family, are offered while the run lasts', async () => {
  const all = setUp([['a']], {});
  all.source.start(all.torrent);
  await all.clock.advance(5_000);
  all.sent[0]?.onLate({ ...RESPONSE, peers: [{ host: '2001:db8::1', port: 6 }] });
  expect(all.offered).toEqual(['[2001:db8::1]:6']);
  const stopped = all.source.stop();
  all.sent[0]?.onLate({ ...RESPONSE, peers: [peer(7)] });
  await all.clock.advance(100);
  await stopped;
  all.source.start(all.torrent);
  all.sent[0]?.onLate({ ...RESPONSE, peers: [peer(8)] });
  expect(all.offered).toHaveLength(1);
});

test('our address as trackers see it is passed on (BEP 24)', async () => {
  const all = setUp([['a']], { a: { answer: { externalIp: '1.2.3.4' } } });
  const seen: string[] = [];
  all.source.start({ ...all.torrent, externalAddress: (ip, voter) => void seen.push(`${voter}: ${ip}`) });
  await all.clock.advance(10);
  all.sent[0]?.onLate({ ...RESPONSE, externalIp: '2001:db8::9' });
  expect(seen).toEqual(['a: 1.2.3.4', 'a: 2001:db8::9']);
});

test('a tracker that is failed over to hears started first, and everyone who heard it hears stopped', async () => {
  const all = setUp([['a', 'b'], ['c']], {});
  all.source.start(all.torrent);
  await all.clock.advance(1_000);
  all.behaviours.a = down;
  await all.clock.advance(1_801_000);
  all.behaviours.b = down;
  await all.clock.advance(1_801_000);
  const heard = (url: string) => all.sent.filter((each) => each.url === url).map(({ request }) => request.event ?? '-');
  expect([heard('b')[0], heard('c')[0]]).toEqual(['started', 'started']);
  all.behaviours.a = all.behaviours.b = {};
  const stopped = all.source.stop();
  await all.clock.advance(2_000);
  await stopped;
  expect([heard('a').at(-1), heard('b').at(-1), heard('c').at(-1)]).toEqual(['stopped', 'stopped', 'stopped']);
});

test('the key is 32 bits and the same in every announce, whatever tracker and run (BEPs 7 and 15)', async () => {
  const { torrent, clock } = setUp([], {});
  const keysOf = async (seed: string): Promise<Set<number | undefined>> => {
    const keys = new Set<number | undefined>();
    const source = new TrackerSource({
      tiers: [['a'], ['b']],
      clock,
      random: seededRandom(seed).number,
      announce: async (url, { key }) => {
        keys.add(key);
        if (url === 'a') throw new Error('down');
        return RESPONSE;
      },
    });
    for (let run = 0; run < 2; run++) {
      source.start(torrent);
      await clock.advance(1_000);
      source.complete();
      const stopped = source.stop();
      await clock.advance(2_000);
      await stopped;
    }
    return keys;
  };
  const [one = -1, ...others] = [...(await keysOf('one'))];
  expect(others).toEqual([]);
  expect(Number.isInteger(one) && one >= 0 && one <= 0xffff_ffff).toBe(true);
  expect(await keysOf('two')).not.toContain(one);
});

test('clients of one tracker that went down do not come back together: their waits are spread', async () => {
  const seconds = new Set<number>();
  for (let client = 0; client < 50; client++) {
    const all = setUp([['a']], { a: down }, { random: seededRandom(`client ${client}`).number });
    all.source.start(all.torrent);
    await all.clock.advance(600_000);
    const { at = 0 } = all.sent.at(-1) ?? {};
    seconds.add(Math.round(at / 1_000));
    expect(all.sent.length).toBeGreaterThanOrEqual(5);
    expect(all.sent.length).toBeLessThanOrEqual(8);
  }
  expect(seconds.size).toBeGreaterThan(25);
});

test('a dead tracker among fifty costs each of the others nothing: all fifty tiers in a row', async () => {
  const urls = Array.from({ length: 50 }, (_, index) => `t${index}`);
  const all = setUp(
    urls.map((url) => [url]),
    Object.fromEntries(urls.slice(0, -1).map((url) => [url, down])),
  );
  all.source.start(all.torrent);
  await all.clock.advance(49 * 10 + 10);
  expect(all.source.status().at(-1)).toMatchObject({ state: 'ok' });
});
