import { seededRandom } from '@shoal/testkit';
import { expect, test } from 'vitest';
import { AddressLimiter } from '../src/address-limiter.ts';
import { ConnectionIds } from '../src/connection-ids.ts';
import { canonicalHost, newHostWords, readHost } from '../src/host-words.ts';
import { sipHash, sipKey } from '../src/sip-hash.ts';

const words = (text: string) => {
  const host = newHostWords();
  const family = readHost(text, host);
  if (family === 0) throw new Error(text);
  return { family, host } as const;
};

// The vectors of the reference implementation: key 00 to 0f, message 00, 01, 02, ... (little-endian output).
test.each([
  [0, '310e0edd47db6f72'],
  [1, 'fd67dc93c539f874'],
  [8, '6224939a79f5f593'],
  [15, 'e545be4961ca29a1'],
])('SipHash-2-4 of %i bytes', (length, expected) => {
  const count = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, index) => index);
  const into = new Int32Array(2);
  sipHash(sipKey(count(16)), count(length), length, into);
  expect(Buffer.from(into.buffer).toString('hex')).toBe(expected);
  expect(() => sipKey(count(15))).toThrow(RangeError);
});

test.each([
  ['1.2.3.4', 4, '1.2.3.4'],
  ['255.255.255.255', 4, '255.255.255.255'],
  ['::ffff:1.2.3.4', 4, '1.2.3.4'],
  ['2001:DB8::0:1', 6, '2001:db8::1'],
  ['fe80::1%eth0', 6, 'fe80::1'],
  ['::', 6, '::'],
  ['1.2.3', 0, undefined],
  ['1.2.3.4.5', 0, undefined],
  ['01.2.3.4', 0, undefined],
  ['1.2.3.256', 0, undefined],
  ['1..2.3', 0, undefined],
  ['1.2.3.4 ', 0, undefined],
  ['', 0, undefined],
  ['host', 0, undefined],
])('an address as words: %s', (text, family, canonical) => {
  expect(readHost(text, newHostWords())).toBe(family);
  expect(canonicalHost(text)).toBe(canonical);
});

const ids = (now = 0): ConnectionIds => new ConnectionIds(seededRandom('ids').bytes, now);
const HOSTS = ['192.0.2.1', '2001:db8::1'] as const;

test.each(HOSTS)('an id is good for two minutes, for the address and port it was sent to: %s', (text) => {
  const { family, host } = words(text);
  const all = ids();
  const id = new Uint8Array(8);
  const made = 500_500;
  all.make(family, host, 1_000, made, id, 0);
  const check = (now: number, port = 1_000, of = words(text)): boolean =>
    all.check(of.family, of.host, port, now, id, 0);
  expect([check(made), check(made + 60_000), check(made + 120_000)]).toEqual([true, true, true]);
  expect([check(made + 121_000), check(made - 2_000), check(made + 32_768_000)]).toEqual([false, false, false]);
  expect(check(made, 1_001)).toBe(false);
  for (const other of ['192.0.2.2', '2001:db8::2', '2001:db8:0:1::1'])
    expect(check(made, 1_000, words(other))).toBe(false);
});

test('any change of an id is noticed', () => {
  const { family, host } = words('192.0.2.1');
  const all = ids();
  const id = new Uint8Array(8);
  all.make(family, host, 7, 1_000_000, id, 0);
  for (let bit = 0; bit < 64; bit++) {
    const changed = Uint8Array.from(id);
    changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
    expect(all.check(family, host, 7, 1_000_000, changed, 0)).toBe(false);
  }
  expect(new ConnectionIds(seededRandom('others').bytes, 0).check(family, host, 7, 1_000_000, id, 0)).toBe(false);
});

test('keys turn every hour; ids outlive one turn, not two, and not the wrap of their clock', () => {
  const { family, host } = words('192.0.2.1');
  const hour = 3_600_000;
  const all = ids();
  const id = new Uint8Array(8);
  all.make(family, host, 7, hour - 1_000, id, 0);
  expect(all.check(family, host, 7, hour + 100_000, id, 0)).toBe(true);
  // 2^15 seconds later the id's clock says the same second again; its key has gone.
  expect(all.check(family, host, 7, hour - 1_000 + 32_768_000, id, 0)).toBe(false);
  all.make(family, host, 7, 20 * hour, id, 0);
  expect(all.check(family, host, 7, 20 * hour + 32_768_000, id, 0)).toBe(false);
});

test('a token bucket for each IPv4 address and each IPv6 /64', () => {
  const limiter = new AddressLimiter({ perSecond: 10, burst: 5 }, seededRandom('limit').number);
  const take = (text: string, now: number): boolean => {
    const { family, host } = words(text);
    return limiter.take(family, host, now);
  };
  const count = (text: string, now: number, tries: number): number => {
    let taken = 0;
    for (let i = 0; i < tries; i++) if (take(text, now)) taken++;
    return taken;
  };
  expect(count('10.0.0.1', 0, 20)).toBe(5);
  expect(count('10.0.0.2', 0, 20)).toBe(5);
  expect(count('10.0.0.1', 100, 20)).toBe(1);
  expect(count('10.0.0.1', 200, 20)).toBe(1);
  expect(count('10.0.0.1', 60_000, 20)).toBe(5);
  expect(count('2001:db8::1', 60_000, 3)).toBe(3);
  expect(count('2001:db8::ffff:1', 60_000, 20)).toBe(2);
  expect(count('2001:db8:0:1::1', 60_000, 20)).toBe(5);
});

test('a flood from more addresses than it remembers makes it forget the quiet, and never grows', () => {
  const limiter = new AddressLimiter({ perSecond: 1, burst: 50 }, seededRandom('flood').number);
  const loud = words('10.0.0.1');
  while (limiter.take(loud.family, loud.host, 1));
  const other = newHostWords();
  let refused = 0;
  for (let address = 0; address < 100_000; address++) {
    other[0] = 0x0b00_0000 + address;
    if (!limiter.take(4, other, 1)) refused++;
  }
  expect(refused).toBe(0);
  expect(limiter.take(loud.family, loud.host, 1)).toBe(false);
});

test.each([
  [{ perSecond: 0, burst: 1 }],
  [{ perSecond: Number.NaN, burst: 1 }],
  [{ perSecond: Number.POSITIVE_INFINITY, burst: 1 }],
  [{ perSecond: 1, burst: 0 }],
])('a limit that cannot be: %o', (limit) => {
  expect(() => new AddressLimiter(limit, () => 0)).toThrow(RangeError);
});
