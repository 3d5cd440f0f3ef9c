import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PeerList } from '../src/peer-list.ts';

/** Dials whatever is next, with the given outcome. */
function dial(list: PeerList, now: number, error: string | null = 'refused'): string | undefined {
  const address = list.next(now);
  if (address === undefined) return undefined;
  list.dialling(address);
  list.ended(address, now, error);
  return address;
}

test('an address stands in the list once, however many tell it', () => {
  const list = new PeerList();
  expect(list.add('a:1', 'tracker')).toBe(true);
  expect(list.add('a:1', 'dht')).toBe(false);
  expect(list.summary()).toEqual({ known: 1, tried: 0, failed: 0, barred: 0, lastError: null });
});

test('one that is connected or being dialled is not offered', () => {
  const list = new PeerList();
  list.add('a:1', 'tracker');
  list.dialling('a:1');
  expect(list.next(0)).toBeUndefined();
  list.connected('a:1');
  expect(list.next(0)).toBeUndefined();
  list.ended('a:1', 1_000, null);
  expect(list.next(15_999)).toBeUndefined();
  expect(list.next(16_000)).toBe('a:1');
});

test('each failure in a row doubles the wait, up to a quarter of an hour', () => {
  const list = new PeerList();
  list.add('a:1', 'tracker');
  const waits: number[] = [];
  let now = 0;
  for (let dials = 0; dials < 9; dials++) {
    const before = now;
    while (list.next(now) === undefined) now += 1_000;
    if (dials > 0) waits.push((now - before) / 1_000);
    dial(list, now);
  }
  expect(waits).toEqual([15, 30, 60, 120, 240, 480, 900, 900]);
  expect(list.summary()).toMatchObject({ tried: 9, failed: 9, lastError: 'a:1: refused' });
});

test('a connection that came to be starts the waits anew', () => {
  const list = new PeerList();
  list.add('a:1', 'tracker');
  dial(list, 0);
  dial(list, 15_000);
  list.connected('a:1');
  list.ended('a:1', 100_000, null);
  expect(list.next(114_999)).toBeUndefined();
  expect(dial(list, 115_000)).toBe('a:1');
  expect(list.next(130_000)).toBe('a:1');
});

test('a longer wait can be asked for', () => {
  const list = new PeerList();
  list.add('a:1', 'tracker');
  list.ended('a:1', 0, null, 600_000);
  expect(list.next(599_999)).toBeUndefined();
  expect(list.next(600_000)).toBe('a:1');
});

test('a new start spares those their wait who did not fail', () => {
  const list = new PeerList();
  for (const address of ['left:1', 'failed:1', 'barred:1']) list.add(address, 'tracker');
  list.ended('left:1', 0, null, 600_000);
  list.ended('failed:1', 0, 'refused');
  list.bar('barred:1');
  list.wake();
  expect(dial(list, 1)).toBe('left:1');
  expect(list.next(1)).toBeUndefined();
});

test('fewest failures first, then whoever waits longest', () => {
  const list = new PeerList();
  for (const address of ['a:1', 'b:1', 'c:1']) list.add(address, 'tracker');
  expect(dial(list, 0)).toBe('a:1');
  expect(dial(list, 0, null)).toBe('b:1');
  expect(dial(list, 1, null)).toBe('c:1');
  const far = 1_000_000;
  expect(dial(list, far, null)).toBe('b:1');
  expect(dial(list, far, null)).toBe('c:1');
  expect(dial(list, far)).toBe('a:1');
});

test('a barred address is never offered again, whoever tells it', () => {
  const list = new PeerList();
  list.add('a:1', 'tracker');
  list.bar('a:1');
  list.bar('b:1');
  list.ended('a:1', 0, null);
  expect(list.add('a:1', 'dht')).toBe(false);
  expect([list.isBarred('a:1'), list.isBarred('b:1'), list.isBarred('c:1')]).toEqual([true, true, false]);
  expect(list.next(Number.MAX_SAFE_INTEGER)).toBeUndefined();
  expect(list.summary()).toMatchObject({ barred: 2 });
});

test('a bar holds though the list is full', () => {
  const list = new PeerList({ limit: 2 });
  list.add('a:1', 'tracker');
  list.add('b:1', 'tracker');
  list.bar('c:1');
  expect(list.isBarred('c:1')).toBe(true);
  list.ended('a:1', 0, 'refused');
  expect(list.add('c:1', 'tracker')).toBe(false);
  list.bar('d:1');
  list.bar('e:1');
  expect([list.isBarred('c:1'), list.isBarred('e:1')], 'the oldest gives way').toEqual([false, true]);
});

test('a full list gives up the address that failed most, and keeps good, connected and barred ones', () => {
  const list = new PeerList({ limit: 4 });
  for (const address of ['good:1', 'here:1', 'bad:1', 'worse:1']) list.add(address, 'tracker');
  list.connected('here:1');
  list.ended('bad:1', 0, 'refused');
  list.ended('worse:1', 0, 'refused');
  list.ended('worse:1', 0, 'refused');
  expect(list.add('new:1', 'tracker')).toBe(true);
  list.bar('new:1');
  expect(list.add('newer:1', 'tracker')).toBe(true);
  expect(list.add('newest:1', 'tracker'), 'nothing that may go is left').toBe(false);
  const offered: string[] = [];
  for (let address = dial(list, 1); address !== undefined; address = dial(list, 1)) offered.push(address);
  expect(offered).toEqual(['good:1', 'newer:1']);
  expect(list.summary()).toMatchObject({ known: 4, barred: 1 });
});

test('what becomes of an address that is not here does nothing', () => {
  const list = new PeerList();
  list.dialling('a:1');
  list.connected('a:1');
  list.ended('a:1', 0, null);
  expect(list.next(0)).toBeUndefined();
  expect(list.summary().known).toBe(0);
});

test('property: within the limit, never offering who is connected, barred or waits', () => {
  const address = fc.integer({ min: 0, max: 12 }).map((index) => `10.0.0.${index}:1`);
  const step = fc.oneof(
    fc.record({ do: fc.constantFrom('add', 'bar', 'connected', 'dial'), address }),
    fc.record({ do: fc.constantFrom('ended', 'failed'), address }),
    fc.record({ do: fc.constant('wait'), ms: fc.integer({ min: 0, max: 2_000_000 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const list = new PeerList({ limit: 8 });
      const connected = new Set<string>();
      let now = 0;
      for (const one of steps) {
        if ('ms' in one) now += one.ms;
        else if (one.do === 'add') list.add(one.address, 'any');
        else if (one.do === 'bar') list.bar(one.address);
        else if (one.do === 'ended' || one.do === 'failed') {
          list.ended(one.address, now, one.do === 'failed' ? 'refused' : null);
          connected.delete(one.address);
          expect(list.next(now)).not.toBe(one.address);
        } else {
          const dialled = one.do === 'dial' ? list.next(now) : one.address;
          if (dialled === undefined) continue;
          if (one.do === 'dial') expect(connected.has(dialled) || list.isBarred(dialled)).toBe(false);
          list.dialling(dialled);
          connected.add(dialled);
        }
        expect(list.summary().known).toBeLessThanOrEqual(8);
      }
    }),
  );
});

test('what peers tell of others is tried after the rest, unless somebody else knows it too', () => {
  const list = new PeerList({ rank: (address) => (address === 'told:1' ? 9 : 0) });
  list.add('told:1', 'pex', true);
  list.add('named:1', 'tracker');
  expect(list.next(0)).toBe('named:1');
  list.add('told:1', 'dht');
  expect(list.next(0)).toBe('told:1');
});

test('hearsay fills a quarter of the list, and gives way to what others know', () => {
  const list = new PeerList({ limit: 8 });
  expect(Array.from({ length: 4 }, (_, n) => list.add(`told:${n}`, 'pex', true))).toEqual([true, true, false, false]);
  for (let n = 0; n < 8; n++) expect(list.add(`named:${n}`, 'tracker')).toBe(true);
  expect(list.add('named:8', 'tracker')).toBe(false);
  expect(list.summary().known).toBe(8);
  expect(list.sourcesOf('told:0')).toEqual([]);
  expect(list.add('told:9', 'pex', true)).toBe(false);
});

test('hearsay that failed gives way to fresh hearsay, and one that is confirmed makes room for more', () => {
  const list = new PeerList({ limit: 8 });
  list.add('told:0', 'pex', true);
  list.add('told:1', 'pex', true);
  dial(list, 0);
  expect(list.add('told:2', 'pex', true)).toBe(true);
  expect(list.sourcesOf('told:0')).toEqual([]);
  list.add('told:1', 'tracker');
  expect(list.add('told:3', 'pex', true)).toBe(true);
});
