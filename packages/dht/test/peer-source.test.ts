import { SimClock } from '@shoal/testkit';
import { expect, test } from 'vitest';
import { DhtPeerSource, type LookupReport, type PeerFinder } from '../src/index.ts';

const MINUTE = 60_000;
const report = (answered: number): LookupReport => ({
  closest: [],
  asked: answered,
  answered,
  failed: 0,
  hops: 0,
  durationMs: 0,
  stored: 0,
  refusals: [],
});

/** A source on a virtual clock, before a DHT whose lookups take 1 s and find what `finds` says. */
function scene(finds: (count: number) => readonly string[] | Error, random = 0.5) {
  const clock = new SimClock();
  const lookups: { at: number; announce: unknown }[] = [];
  const dht: PeerFinder = {
    async *peers(_infoHash, { signal, announce }) {
      lookups.push({ at: clock.now(), announce });
      const found = finds(lookups.length);
      await new Promise<void>((resolve, reject) => {
        clock.setTimer(resolve, 1_000);
        signal?.addEventListener('abort', () => reject(signal.reason));
      });
      if (found instanceof Error) throw found;
      if (found.length > 0) yield found;
      return report(found.length > 0 ? 8 : 0);
    },
  };
  const source = new DhtPeerSource({ dht, clock, random: () => random });
  const offered: string[] = [];
  let changes = 0;
  const torrent = (given: { private?: boolean; port?: number } = {}) => ({
    infoHash: new Uint8Array(20),
    private: given.private ?? false,
    port: () => given.port ?? 6_881,
    offerPeers: (addresses: readonly string[]) => void offered.push(...addresses),
    statusChanged: () => void changes++,
  });
  return { clock, source, lookups, offered, torrent, changes: () => changes };
}

test('looks up and announces at once, then every quarter of an hour or so', async () => {
  const { clock, source, lookups, offered, torrent, changes } = scene(() => ['1.2.3.4:5'], 0.75);
  source.start(torrent());
  expect(source.status()).toMatchObject([{ name: 'DHT', state: 'working', nextAt: null }]);
  await clock.advance(2_000);
  expect(offered).toEqual(['1.2.3.4:5']);
  expect(source.status()).toMatchObject([{ state: 'ok', message: null, peers: 1, nextAt: 1_000 + 15.75 * MINUTE }]);
  expect(changes()).toBe(2);
  await clock.advance(16 * MINUTE);
  expect(lookups).toEqual([
    { at: 0, announce: { port: 6_881, impliedPort: false } },
    { at: 1_000 + 15.75 * MINUTE, announce: { port: 6_881, impliedPort: false } },
  ]);
  await source.stop();
  expect(clock.pending).toBeLessThanOrEqual(1);
});

test('who wants peers gets them sooner: 5, 15, 30 s after the first ones found nobody, else once a minute', async () => {
  const { clock, source, lookups, torrent } = scene((count) => (count < 5 ? [] : ['1.2.3.4:5']));
  source.start(torrent());
  for (let second = 0; second < 290; second++) {
    await clock.advance(1_000);
    source.wantPeers();
  }
  const gaps = lookups.slice(1).map(({ at }, index) => Math.round((at - (lookups[index]?.at ?? 0)) / 1_000) - 1);
  expect(gaps).toEqual([5, 15, 30, 60, 60, 60]);
  await source.stop();
});

test('a failure is told in words, and the next time is kept', async () => {
  const { clock, source, torrent } = scene((count) => (count === 1 ? [] : new Error('closed')));
  source.start(torrent());
  await clock.advance(1_500);
  expect(source.status()).toMatchObject([{ state: 'failed', message: 'no DHT node answered', peers: 0 }]);
  source.announceNow();
  await clock.advance(7_000);
  expect(source.status()).toMatchObject([{ state: 'failed', message: 'closed' }]);
  await source.stop();
});

test('a private torrent is never looked up, one without a port not announced', async () => {
  const { clock, source, lookups, torrent } = scene(() => ['1.2.3.4:5']);
  source.start(torrent({ private: true }));
  await clock.advance(1_000);
  expect(lookups).toEqual([]);
  await source.stop();
  source.start(torrent({ port: 0 }));
  await clock.advance(2_000);
  expect(lookups).toMatchObject([{ announce: undefined }]);
  await source.stop();
});

test('nothing is offered after stop, and it can start again', async () => {
  const { clock, source, offered, lookups, torrent } = scene((count) => [`1.2.3.4:${count}`]);
  source.start(torrent());
  await clock.advance(500);
  await source.stop();
  expect(source.status()).toMatchObject([{ state: 'idle' }]);
  source.start(torrent());
  expect(() => source.start(torrent())).toThrow(TypeError);
  await clock.advance(5_000);
  expect(offered).toEqual(['1.2.3.4:2']);
  source.complete();
  expect(lookups).toHaveLength(2);
  await source.stop();
  await clock.advance(60 * MINUTE);
  expect(lookups).toHaveLength(2);
});
