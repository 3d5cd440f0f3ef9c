import { expect, test } from 'vitest';
import { UtMetadata } from '../src/index.ts';
import { dictionary, scene, settle, sha1, sha256, TestTorrent, wires } from './harness.ts';

const INFO = dictionary(100_000);
const PIECES = 7;

test.each([300, 16_384, 16_385, 100_000, 1_500_000])('a dictionary of %d bytes crosses real wires', async (size) => {
  const info = dictionary(size);
  const [want, have] = [scene(new TestTorrent({ of: info })), scene(new TestTorrent({ of: info, has: true }))];
  const { carry, dial } = wires(want.attached, have.attached);
  carry(0);
  await settle();
  expect(dial.closed).toBeUndefined();
  expect(want.torrent.has(info)).toBe(true);
});

test('a v2 torrent is checked by SHA-256', async () => {
  const { torrent, peer } = scene(new TestTorrent({ of: INFO, v2: true }));
  peer('a', INFO.length).serve(INFO, 0);
  await settle();
  expect(torrent.has(INFO)).toBe(true);
});

test('where a magnet names both hashes, both are checked', async () => {
  const both = new TestTorrent({ of: INFO });
  const hashes = [...both.hashes, ...new TestTorrent({ of: dictionary(100_000, 1), v2: true }).hashes];
  const { torrent, peer } = scene(Object.assign(both, { hashes }));
  const liar = peer('a', INFO.length);
  liar.serve(INFO, 0);
  await settle();
  expect(torrent.offered).toEqual([]);
  expect(liar.faults).toHaveLength(1);
});

test('several peers are asked at once, three pieces each, none twice', () => {
  const { peer, check } = scene(new TestTorrent({ of: INFO }));
  const peers = ['a', 'b', 'c'].map((address) => peer(address, INFO.length));
  expect(peers.map((each) => each.asked())).toEqual([[0, 1, 2], [3, 4, 5], [6]]);
  check();
});

test('rTorrent, which stalls on a second request, is asked for one piece at a time; libtorrent is another program', async () => {
  const { torrent, peer, check } = scene(new TestTorrent({ of: INFO }));
  const [rtorrent, libtorrent] = [peer('a'), peer('b')];
  rtorrent.meet(INFO.length, 1, 'libTorrent 0.13.8');
  expect(rtorrent.asked()).toEqual([0]);
  libtorrent.meet(INFO.length, 1, 'libtorrent/2.0.8.0');
  expect(libtorrent.asked()).toEqual([1, 2, 3]);
  rtorrent.give(INFO, 0, 0);
  expect(rtorrent.asked()).toEqual([4]);
  check();
  rtorrent.give(INFO, 4, 0);
  rtorrent.serve(INFO, 0);
  for (const piece of [1, 2, 3]) libtorrent.give(INFO, piece, 0);
  await settle();
  expect(torrent.has(INFO)).toBe(true);
});

test('what a silent peer was asked for goes to another after ten seconds, and is welcome late', async () => {
  const { torrent, peer } = scene(new TestTorrent({ of: INFO }));
  const [silent, good] = [peer('a', INFO.length), peer('b', INFO.length)];
  expect(silent.asked()).toEqual([0, 1, 2]);
  silent.extension.onTick?.(1_000);
  good.serve(INFO, 1_000);
  expect(torrent.offered).toEqual([]);
  silent.extension.onTick?.(10_999);
  good.extension.onTick?.(10_999);
  expect(good.asked()).toEqual([]);
  silent.extension.onTick?.(11_000);
  expect(good.extension.nextWake?.()).toBeLessThanOrEqual(11_000);
  silent.give(INFO, 1, 11_001);
  good.extension.onTick?.(11_002);
  good.serve(INFO, 11_002);
  await settle();
  expect(torrent.has(INFO)).toBe(true);
});

test('a peer that goes away leaves its pieces to the others', async () => {
  const { torrent, peer, check } = scene(new TestTorrent({ of: INFO }));
  const [leaver, stayer] = [peer('a', INFO.length), peer('b', INFO.length)];
  leaver.give(INFO, leaver.asked()[0] as number, 0);
  leaver.close();
  check();
  stayer.extension.onTick?.(1_000);
  stayer.serve(INFO, 1_000);
  await settle();
  expect(torrent.has(INFO)).toBe(true);
});

test('a connection whose end was not told blocks nobody', async () => {
  const { torrent, peer } = scene(new TestTorrent({ of: INFO }));
  const [, good] = [peer('a', INFO.length), peer('b', INFO.length)];
  for (let now = 0; now <= 11_000; now += 1_000) {
    good.extension.onTick?.(now);
    good.serve(INFO, now);
    expect(good.extension.nextWake?.()).toBeGreaterThan(now);
  }
  await settle();
  expect(torrent.has(INFO)).toBe(true);
});

test('who refuses is asked again after a minute', () => {
  const { peer } = scene(new TestTorrent({ of: INFO }));
  const each = peer('a', INFO.length);
  for (const piece of each.asked()) each.say({ msg_type: 2, piece }, 1_000);
  expect(each.asked()).toEqual([]);
  each.extension.onTick?.(60_999);
  expect(each.asked()).toEqual([]);
  expect(each.extension.nextWake?.()).toBe(61_000);
  each.extension.onTick?.(61_000);
  expect(each.asked()).toEqual([0, 1, 2]);
});

test('who does not say a size is asked for the first piece, which tells it', async () => {
  const { torrent, peer } = scene(new TestTorrent({ of: INFO }));
  const each = peer('a');
  each.meet();
  expect(each.asked()).toEqual([0]);
  each.give(INFO, 0, 0);
  each.serve(INFO, 0);
  await settle();
  expect(torrent.has(INFO)).toBe(true);
});

test('two that want it meet, one gets it and says so in another handshake', async () => {
  const [one, two, seed] = [false, false, true].map((has) => scene(new TestTorrent({ of: INFO, has }))) as [
    ReturnType<typeof scene>,
    ReturnType<typeof scene>,
    ReturnType<typeof scene>,
  ];
  const between = wires(one.attached, two.attached);
  between.carry(0);
  const toSeed = wires(two.attached, seed.attached);
  toSeed.carry(1_000);
  await settle();
  expect(two.torrent.offered).toHaveLength(1);
  two.torrent.provide(two.torrent.offered[0] as Uint8Array);
  // The refusal alone would have kept the first waiting for a minute.
  between.carry(2_000);
  between.accept.sendExtendedHandshake({});
  between.carry(3_000);
  await settle();
  expect(one.torrent.has(INFO)).toBe(true);
});

test('a wrong dictionary of one peer: it is at fault, and not asked when it comes again', async () => {
  const { torrent, peer } = scene(new TestTorrent({ of: INFO }));
  const liar = peer('192.0.2.1:1', INFO.length);
  liar.serve(dictionary(100_000, 1), 0);
  await settle();
  expect(torrent.offered).toEqual([]);
  expect(liar.faults).toEqual([`ut_metadata`].map(() => expect.stringContaining("do not have the torrent's hash")));
  expect(peer('192.0.2.1:1', INFO.length).asked()).toEqual([]);
  const honest = peer('192.0.2.2:1', INFO.length);
  honest.serve(INFO, 1_000);
  await settle();
  expect(torrent.has(INFO)).toBe(true);
});

test('a wrong dictionary of several peers: each is tried alone until the liar is found', async () => {
  const { torrent, peer, check } = scene(new TestTorrent({ of: INFO }));
  const [liar, honest] = [peer('a', INFO.length), peer('b', INFO.length)];
  const wrong = dictionary(100_000, 1);
  for (const piece of liar.asked()) liar.give(wrong, piece, 0);
  honest.serve(INFO, 0);
  liar.serve(wrong, 0);
  await settle();
  expect(liar.faults).toEqual([]);
  liar.extension.onTick?.(1_000);
  honest.extension.onTick?.(1_000);
  expect(honest.asked()).toEqual([]);
  expect(liar.serve(wrong, 1_000)).toBe(PIECES);
  check();
  await settle();
  expect(liar.faults).toHaveLength(1);
  honest.extension.onTick?.(2_000);
  expect(honest.serve(INFO, 2_000)).toBe(PIECES);
  await settle();
  expect(torrent.has(INFO)).toBe(true);
});

test('while each is tried alone, a slow one loses its turn', async () => {
  const { torrent, peer } = scene(new TestTorrent({ of: INFO }));
  const [liar, honest] = [peer('a', INFO.length), peer('b', INFO.length)];
  const wrong = dictionary(100_000, 1);
  for (const piece of liar.asked()) liar.give(wrong, piece, 0);
  honest.serve(INFO, 0);
  liar.serve(wrong, 0);
  await settle();
  let now = 1_000;
  for (; now < 100_000 && torrent.offered.length === 0; now += 1_000) {
    liar.extension.onTick?.(now);
    honest.extension.onTick?.(now);
    // One piece in nine seconds, never late.
    const piece = now % 9_000 === 0 ? liar.sent.shift() : undefined;
    if (piece?.type === 'request') liar.give(wrong, piece.piece, now);
    honest.serve(INFO, now);
    await settle();
  }
  expect(now).toBeLessThan(50_000);
  expect(torrent.has(INFO)).toBe(true);
});

test('sizes that disagree are fetched beside each other', async () => {
  const { torrent, peer, check } = scene(new TestTorrent({ of: INFO }));
  const liars = [1, 16_384, 99_999, 30_000_000].map((size, index) => peer(`liar ${index}`, size));
  const honest = peer('honest', INFO.length);
  for (const liar of liars) liar.serve(new Uint8Array(30_000_000), 0);
  check();
  honest.serve(INFO, 0);
  await settle();
  expect(torrent.has(INFO)).toBe(true);
});

test.each([2 ** 32, 33 * 1024 * 1024, 2n ** 70n])('a size of %s is not believed', (size) => {
  const { peer } = scene(new TestTorrent({ of: INFO }));
  const each = peer('a', size);
  for (let now = 0; now < 200_000; now += 10_000) each.extension.onTick?.(now);
  expect(each.sent).toEqual([]);
  expect(each.faults).toEqual([]);
  // It may think better of it.
  each.meet(INFO.length);
  expect(each.asked()).toEqual([0, 1, 2]);
});

test('a private torrent has no extension; one that turns out private serves nothing', async () => {
  const { attached } = scene(new TestTorrent({ of: INFO, has: true, private: true }));
  expect(attached.connect({ address: 'a' })).toBeUndefined();
  const late = scene(new TestTorrent({ of: INFO, has: true }));
  const each = late.peer('a', INFO.length);
  late.torrent.private = true;
  expect(each.extension.handshake?.()).toEqual({});
  each.say({ msg_type: 0, piece: 0 }, 0);
  expect(each.sent).toEqual([{ type: 'reject', piece: 0 }]);
});

test('progress is told for the user', async () => {
  const { progress, peer } = scene(new TestTorrent({ of: INFO }));
  peer('a', INFO.length).serve(INFO, 0);
  await settle();
  expect(progress[0]).toEqual({ received: 0, size: null, peers: 1 });
  expect(progress[1]).toEqual({ received: 16_384, size: INFO.length, peers: 1 });
});

test('misuse', () => {
  expect(() => new UtMetadata({ sha1, sha256, maxSize: 0 })).toThrow(RangeError);
  const torrent = Object.assign(new TestTorrent({ of: INFO }), { hashes: [] });
  expect(() => new UtMetadata({ sha1, sha256 }).attach(torrent)).toThrow(TypeError);
});
