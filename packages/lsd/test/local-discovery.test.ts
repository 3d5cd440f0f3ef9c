import { SimClock } from '@shoal/testkit';
import { expect, test } from 'vitest';
import { FakeNetwork, torrentOf } from './fake-network.ts';

const settle = async (): Promise<void> => void (await new Promise((resolve) => setImmediate(resolve)));

test('two clients in the same torrent find each other, one in another torrent finds nobody', async () => {
  const clock = new SimClock();
  const network = new FakeNetwork(clock);
  const torrents = [torrentOf({ port: 1 }), torrentOf({ port: 2 }), torrentOf({ port: 3, hash: 9 })];
  const sources = torrents.map((torrent, index) => {
    const source = network.client(`10.0.0.${index + 1}`).source();
    source.start(torrent);
    return source;
  });
  await clock.advance(1_000);
  expect(torrents.map(({ offered }) => offered)).toEqual([['10.0.0.2:2'], ['10.0.0.1:1'], []]);
  expect(sources[0]?.status()).toEqual([
    { name: 'lsd', state: 'ok', message: null, peers: 1, seeders: null, leechers: null, nextAt: 300_100 },
  ]);
  await Promise.all(sources.map((source) => source.stop()));
  expect(network.members).toBe(0);
  expect(clock.pending).toBe(0);
});

test('all torrents of a client share one membership, which goes with the last of them', async () => {
  const clock = new SimClock();
  const network = new FakeNetwork(clock);
  const client = network.client('10.0.0.1');
  const sources = Array.from({ length: 20 }, (_, hash) => {
    const source = client.source();
    source.start(torrentOf({ hash }));
    return source;
  });
  await clock.advance(1_000);
  expect([network.members, network.sent]).toEqual([1, 1]);
  for (const source of sources.slice(1)) await source.stop();
  expect(network.members).toBe(1);
  await sources[0]?.stop();
  expect(network.members).toBe(0);
});

test('a private torrent is neither announced nor heard of', async () => {
  const clock = new SimClock();
  const network = new FakeNetwork(clock);
  const torrent = torrentOf({ private: true });
  const source = network.client('10.0.0.1').source();
  source.start(torrent);
  const other = network.client('10.0.0.2').source();
  other.start(torrentOf());
  await clock.advance(10_000);
  expect([network.members, network.sent, torrent.offered]).toEqual([1, 1, []]);
  expect(source.status()).toMatchObject([{ state: 'idle', message: 'private torrents are not announced' }]);
  await Promise.all([source.stop(), other.stop()]);
});

test('without multicast it says so, tries again, and breaks nothing', async () => {
  const clock = new SimClock();
  const network = new FakeNetwork(clock);
  network.fault = 'no multicast: IPv4 on lo: ENODEV';
  const torrent = torrentOf();
  const source = network.client('10.0.0.1').source();
  expect(source.status()).toMatchObject([{ state: 'idle', message: null }]);
  source.start(torrent);
  expect(source.status()).toMatchObject([{ state: 'working' }]);
  await settle();
  expect(source.status()).toMatchObject([{ state: 'failed', message: network.fault }]);
  source.announceNow();
  source.complete();
  await clock.advance(59_999);
  expect(source.status()).toMatchObject([{ state: 'failed' }]);
  network.fault = undefined;
  network.warning = 'IPv6 on eth0: ENETUNREACH';
  await clock.advance(1_000);
  expect(source.status()).toMatchObject([{ state: 'ok', message: 'IPv6 on eth0: ENETUNREACH' }]);
  expect(torrent.changes).toBeGreaterThan(3);
  expect(network.sent).toBe(1);
  await source.stop();
  expect(clock.pending).toBe(0);
});

test('stopped while it joins: the membership is given back', async () => {
  const clock = new SimClock();
  const network = new FakeNetwork(clock);
  const client = network.client('10.0.0.1');
  const source = client.source();
  source.start(torrentOf());
  await source.stop();
  source.start(torrentOf());
  await source.stop();
  await settle();
  expect(network.members).toBe(0);
  source.start(torrentOf());
  await clock.advance(1_000);
  expect([network.members, network.sent]).toEqual([1, 1]);
  await source.stop();
});

test('misuse', async () => {
  const client = new FakeNetwork(new SimClock()).client('10.0.0.1');
  const source = client.source();
  source.start(torrentOf());
  expect(() => source.start(torrentOf())).toThrow(TypeError);
  expect(() => client.source().start(torrentOf())).toThrow(TypeError);
  await source.stop();
});
