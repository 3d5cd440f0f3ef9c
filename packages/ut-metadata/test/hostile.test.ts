// What a peer may send wrong, each line of it: sizes, hashes, floods, lies.
import { encode } from '@shoal/bencode';
import { expect, test } from 'vitest';
import { dictionary, scene, settle, sha1, sha256, TestTorrent } from './harness.ts';

const INFO = dictionary(100_000);
const PIECES = 7;
const REQUEST = { msg_type: 0, piece: 0 };

test('what is no message is a fault', () => {
  const { peer } = scene(new TestTorrent({ of: INFO }));
  const each = peer('a', INFO.length);
  each.extension.onMessage(encode(['no']), 0);
  expect(each.faults).toEqual(['not a dictionary']);
});

test.each([
  ['a shorter piece', 0, INFO.subarray(0, 9_000)],
  ['a longer last piece', 6, dictionary(7 * 16_384)],
])('%s is a fault', (_, piece, wrong) => {
  const { peer } = scene(new TestTorrent({ of: INFO }));
  const each = peer('a', INFO.length);
  if (piece > 0) for (const asked of [0, 1, 2, 3]) each.give(INFO, asked, 0);
  each.give(wrong, piece, 0, INFO.length);
  expect(each.faults[0]).toMatch(/^piece \d of 99998 bytes of metadata has \d+ bytes, expected \d+$/);
});

test('another size than announced is a fault', () => {
  const { peer } = scene(new TestTorrent({ of: INFO }));
  const each = peer('a', INFO.length);
  each.give(INFO, 0, 0, 2 ** 31);
  expect(each.faults).toEqual([`${INFO.length} bytes of metadata were announced, and now 2147483648`]);
});

test('a first piece that says gigabytes is not believed', () => {
  const { peer, check } = scene(new TestTorrent({ of: INFO }));
  const each = peer('a');
  each.meet();
  expect(each.asked()).toEqual([0]);
  each.give(INFO, 0, 0, 2 ** 33);
  check();
  for (let now = 0; now < 300_000; now += 10_000) each.extension.onTick?.(now);
  expect(each.sent).toEqual([]);
});

test('a first piece without a size tells nothing', () => {
  const { peer } = scene(new TestTorrent({ of: INFO }));
  const each = peer('a');
  each.meet();
  each.asked();
  const bytes = new Uint8Array([...encode({ msg_type: 1, piece: 0 }), ...INFO.subarray(0, 16_384)]);
  each.extension.onMessage(bytes, 0);
  each.extension.onTick?.(59_999);
  expect(each.asked()).toEqual([]);
  each.extension.onTick?.(60_000);
  expect(each.asked()).toEqual([0]);
});

test('data that was never asked for is ignored, and a fault when it does not end', () => {
  const { peer, progress } = scene(new TestTorrent({ of: INFO }));
  const each = peer('a', INFO.length);
  each.give(INFO, 5, 0);
  expect(progress.at(-1)).toMatchObject({ received: 0 });
  for (let count = 1; count < 64; count++) each.give(INFO, 5, 0);
  expect(each.faults).toEqual([]);
  each.give(INFO, 5, 0);
  expect(each.faults).toEqual(['65 pieces that were never asked for']);
});

test('refusals that answer nothing do nothing', () => {
  const { peer } = scene(new TestTorrent({ of: INFO }));
  const each = peer('a', INFO.length);
  each.asked();
  for (let piece = 3; piece < 2_000; piece++) each.say({ msg_type: 2, piece }, 0);
  expect(each.serve(INFO, 0)).toBe(0);
  each.give(INFO, 0, 0);
  expect(each.asked()).toEqual([3]);
});

test('a request for what we do not have is refused', () => {
  const { peer } = scene(new TestTorrent({ of: INFO }));
  const each = peer('a');
  each.meet(0);
  each.asked();
  each.say(REQUEST, 0);
  expect(each.sent).toEqual([{ type: 'reject', piece: 0 }]);
});

test('a request for a piece past the end is refused', () => {
  const { peer } = scene(new TestTorrent({ of: INFO, has: true }));
  const each = peer('a', INFO.length);
  each.say({ msg_type: 0, piece: PIECES }, 0);
  each.say({ msg_type: 0, piece: 2 ** 31 - 1 }, 0);
  expect(each.sent.map(({ type }) => type)).toEqual(['reject', 'reject']);
});

test('a flood of requests: served within reason, then refused, then a fault', () => {
  const { peer } = scene(new TestTorrent({ of: INFO, has: true }));
  const each = peer('a', INFO.length);
  const kinds = (): Record<string, number> => {
    const counts = { data: 0, reject: 0 };
    for (const { type } of each.sent.splice(0)) if (type !== 'request') counts[type]++;
    return counts;
  };
  for (let count = 0; count < 100; count++) each.say(REQUEST, 0);
  expect(kinds()).toEqual({ data: 32, reject: 68 });
  each.say(REQUEST, 59_999);
  expect(kinds()).toEqual({ data: 0, reject: 1 });
  each.say(REQUEST, 60_000);
  expect(kinds()).toEqual({ data: 1, reject: 0 });
  for (let count = 0; count < 3_000; count++) each.say(REQUEST, 60_001);
  expect(each.faults).toEqual(['2081 requests within a minute for 7 pieces']);
});

test('a large dictionary is served twice a minute', () => {
  const info = dictionary(2_000_000);
  const { peer } = scene(new TestTorrent({ of: info, has: true }));
  const each = peer('a', info.length);
  const pieces = Math.ceil(info.length / 16_384);
  for (let round = 0; round < 3; round++) {
    for (let piece = 0; piece < pieces; piece++) each.say({ msg_type: 0, piece }, 0);
  }
  expect(each.sent.filter(({ type }) => type === 'data')).toHaveLength(2 * pieces);
});

test('who asks and does not read: requests wait until the connection drains', () => {
  const { peer } = scene(new TestTorrent({ of: INFO, has: true }));
  const each = peer('a', INFO.length);
  each.unsent = 256 * 1024;
  for (let piece = 0; piece < PIECES; piece++) each.say({ msg_type: 0, piece }, 1_000);
  expect(each.sent).toEqual([]);
  expect(each.extension.nextWake?.()).toBe(1_100);
  each.extension.onTick?.(2_000);
  expect(each.sent).toEqual([]);
  each.unsent = 0;
  each.extension.onTick?.(3_000);
  expect(each.sent).toHaveLength(PIECES);
  expect(each.extension.nextWake?.()).toBe(Number.POSITIVE_INFINITY);
});

test('what waits to be served is refused when the dictionary is gone', () => {
  const { peer, torrent } = scene(new TestTorrent({ of: INFO, has: true }));
  const each = peer('a', INFO.length);
  each.unsent = 1e9;
  each.say(REQUEST, 0);
  torrent.private = true;
  each.unsent = 0;
  each.extension.onTick?.(1_000);
  expect(each.sent).toEqual([{ type: 'reject', piece: 0 }]);
});

test('liars of many sizes hold a bounded amount together, and the honest one is not dropped for them', async () => {
  const maxSize = 400_000;
  const { peer, check, torrent } = scene(new TestTorrent({ of: INFO }), { maxSize });
  const junk = new Uint8Array(maxSize);
  const honest = peer('honest', INFO.length);
  honest.give(INFO, honest.asked()[0] as number, 0);
  const liars = Array.from({ length: 40 }, (_, index) => peer(`liar ${index}`, maxSize - index));
  for (let round = 0; round < 30; round++) {
    for (const [index, liar] of liars.entries()) {
      // All but the last piece, so that nothing is ever hashed.
      for (const piece of liar.asked())
        if (piece < 24) liar.give(junk.subarray(0, maxSize - index), piece, round * 1_000);
      liar.extension.onTick?.(round * 1_000);
    }
    check();
  }
  honest.asked();
  for (let piece = 1; piece < PIECES; piece++) honest.give(INFO, piece, 31_000);
  honest.extension.onTick?.(60_000);
  honest.serve(INFO, 60_000);
  await settle();
  expect(torrent.has(INFO)).toBe(true);
});

test('sizes that change with every handshake leave nothing behind', () => {
  const { peer, check, progress } = scene(new TestTorrent({ of: INFO }));
  const each = peer('a', 20_000);
  for (let size = 20_000; size < 20_500; size++) {
    each.meet(size);
    const [piece] = each.asked();
    if (piece !== undefined) each.give(new Uint8Array(size), piece, 0);
    check();
  }
  expect(each.faults).toEqual([]);
  expect(progress.length).toBeLessThan(1_100);
});

test('a digest that fails blames nobody, and it is tried again', async () => {
  let isBroken = true;
  const broken = async (bytes: Uint8Array): Promise<Uint8Array> => {
    if (isBroken) throw new Error('out of memory');
    return sha1(bytes);
  };
  const { torrent, peer } = scene(new TestTorrent({ of: INFO }), { sha1: broken, sha256 });
  const each = peer('a', INFO.length);
  each.serve(INFO, 0);
  await settle();
  expect([each.faults, torrent.offered]).toEqual([[], []]);
  isBroken = false;
  each.extension.onTick?.(60_000);
  each.serve(INFO, 60_000);
  await settle();
  expect(torrent.has(INFO)).toBe(true);
});

test('while the digest is computed nothing is asked, and what comes of it after the torrent is gone is dropped', async () => {
  let finish: (digest: Uint8Array) => void = () => undefined;
  const slow = (): Promise<Uint8Array> =>
    new Promise((resolve) => {
      finish = resolve;
    });
  const { torrent, peer, attached } = scene(new TestTorrent({ of: INFO }), { sha1: slow });
  const [one, two] = [peer('a', INFO.length), peer('b')];
  one.serve(INFO, 0);
  two.meet(INFO.length);
  for (const each of [one, two]) each.extension.onTick?.(1_000);
  expect([one.asked(), two.asked()]).toEqual([[], []]);
  attached.detach();
  finish(sha1(INFO));
  await settle();
  expect(torrent.offered).toEqual([]);
});

test('the dictionary comes from elsewhere: nothing is asked any more', () => {
  const { torrent, peer } = scene(new TestTorrent({ of: INFO }));
  const each = peer('a', INFO.length);
  each.asked();
  torrent.provide(INFO);
  each.extension.onTick?.(1_000);
  each.give(INFO, 0, 1_001);
  expect([each.asked(), torrent.offered, each.faults]).toEqual([[], [], []]);
  expect(each.extension.handshake?.()).toEqual({ metadata_size: INFO.length });
});
