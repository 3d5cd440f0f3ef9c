import { seededRandom } from '@shoal/testkit';
import { expect, test } from 'vitest';
import { IpFilter, IpFilterError, parseIpFilter } from '../src/index.ts';

const LIST = `\ufeff# A list of everything
000.000.000.000 - 000.255.255.255 , 000 , Bogon\r
Some Org:1.2.3.4-1.2.3.9
1.2.3.10

nonsense \u001b[31m here
9.9.9.9 - 9.9.9.9 , 200 , allowed
2001:db8::/32
8.8.8.8 - 8.8.4.4 , 100 , upside down
1.2.3.8-1.2.3.20`;

test('a mixture of formats: ranges that overlap or touch become one, bad lines are reported', async () => {
  const parsed = await parseIpFilter(LIST);
  expect(parsed).toMatchObject({ ranges: 5, allowed: 1, skippedCount: 2 });
  expect(parsed.skipped).toEqual([
    { line: 6, text: 'nonsense ?[31m here', reason: 'no addresses' },
    { line: 9, text: '8.8.8.8 - 8.8.4.4 , 100 , upside down', reason: 'the first address is above the last' },
  ]);
  const { filter } = parsed;
  expect([...filter.ranges()]).toEqual([
    { first: '0.0.0.0', last: '0.255.255.255' },
    { first: '1.2.3.4', last: '1.2.3.20' },
    { first: '2001:db8::', last: '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff' },
  ]);
  expect(filter.size).toBe(3);
});

test('asked with any text of an address', async () => {
  const { filter } = await parseIpFilter(LIST);
  for (const ip of [
    '0.0.0.0',
    '1.2.3.4',
    '1.2.3.20',
    '::ffff:1.2.3.4',
    '::FFFF:102:0304',
    '2001:DB8::1',
    '2001:db8::1%eth0',
  ]) {
    expect(filter.blocks(ip), ip).toBe(true);
  }
  for (const ip of ['1.0.0.0', '1.2.3.3', '1.2.3.21', '9.9.9.9', '2001:db9::', '2001:db7:ffff::', '::1.2.3.4', '']) {
    expect(filter.blocks(ip), ip).toBe(false);
  }
  // Names, ports and brackets are not for us.
  expect(filter.blocks('1.2.3.4:6881') || filter.blocks('localhost') || filter.blocks('01.2.3.4')).toBe(false);
});

test('cut anywhere, it reads the same', async () => {
  const whole = await parseIpFilter(LIST);
  for (const size of [1, 2, 3, 7, 50]) {
    const pieces = Array.from({ length: Math.ceil(LIST.length / size) }, (_, index) =>
      LIST.slice(index * size, (index + 1) * size),
    );
    async function* arriving(): AsyncGenerator<string> {
      yield* pieces;
    }
    for (const parsed of [await parseIpFilter(pieces), await parseIpFilter(arriving())]) {
      expect([...parsed.filter.ranges()]).toEqual([...whole.filter.ranges()]);
      expect({ ...parsed, filter: 0 }).toEqual({ ...whole, filter: 0 });
    }
  }
});

test.each([
  ['', 'no line of this list names an address: it is empty'],
  ['# nothing\n\n', 'no line of this list names an address: it is empty'],
  ['<!doctype html>\n<p>', 'no line of this list names an address: line 1 is "<!doctype html>"'],
])('%j is no list', async (text, message) => {
  const failing = parseIpFilter(text);
  await expect(failing).rejects.toBeInstanceOf(IpFilterError);
  await expect(failing).rejects.toMatchObject({ code: 'ERR_IP_FILTER_EMPTY', message });
});

test('a list that only lets through is a list', async () => {
  const { filter, allowed } = await parseIpFilter('1.2.3.4 - 1.2.3.9 , 150 , friends');
  expect([filter.size, allowed]).toEqual([0, 1]);
});

test('limits: ranges, reported lines, lengths of lines', async () => {
  await expect(parseIpFilter('1.1.1.1\n2.2.2.2\n::1\n', { maxRanges: 2 })).rejects.toMatchObject({
    code: 'ERR_IP_FILTER_SIZE',
    message: 'more than 2 ranges in a list (line 3)',
  });
  const long = `Org ${'x'.repeat(1_000_000)}:1.2.3.4-1.2.3.5`;
  const parsed = await parseIpFilter([long.slice(0, 10), long.slice(10), '\n9.9.9.9\n', 'bad\n'.repeat(100)]);
  expect(parsed).toMatchObject({ ranges: 1, skippedCount: 101 });
  expect(parsed.skipped).toHaveLength(20);
  expect(parsed.skipped[0]).toEqual({
    line: 1,
    text: long.slice(0, 80),
    reason: 'longer than 2000 characters',
  });
  expect(parsed.skipped[1]).toMatchObject({ line: 3 });
  expect((await parseIpFilter('1.1.1.1\nx\ny', { maxReported: 1 })).skipped).toHaveLength(1);
});

test('what the source throws comes out', async () => {
  async function* broken(): AsyncGenerator<string> {
    yield '1.2.3.4\n';
    throw new Error('unplugged');
  }
  await expect(parseIpFilter(broken())).rejects.toThrow('unplugged');
});

test('merged filters block what any of them does', async () => {
  const one = (await parseIpFilter('1.0.0.0/24\n2001:db8::/64')).filter;
  const two = (await parseIpFilter('1.0.1.0/24\n5.5.5.5\n2001:db8:0:1::/64')).filter;
  const both = IpFilter.merge([two, IpFilter.EMPTY, one]);
  both.checkInvariants();
  expect([...both.ranges()].map(({ first, last }) => `${first}-${last}`)).toEqual([
    '1.0.0.0-1.0.1.255',
    '5.5.5.5-5.5.5.5',
    '2001:db8::-2001:db8:0:1:ffff:ffff:ffff:ffff',
  ]);
  expect(one.blocks('5.5.5.5')).toBe(false);
  expect(IpFilter.merge([]).size).toBe(0);
});

test('a range of IPv6 that passes the mapped addresses leaves IPv4 alone', async () => {
  const { filter } = await parseIpFilter('::/0');
  expect(filter.blocks('2001:db8::1') && filter.blocks('::1')).toBe(true);
  expect(filter.blocks('1.2.3.4') || filter.blocks('::ffff:1.2.3.4')).toBe(false);
});

test('the ends of the address space', async () => {
  const { filter } = await parseIpFilter(
    '255.255.255.254-255.255.255.255\n0.0.0.0\nffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\n::\n',
  );
  filter.checkInvariants();
  expect(filter.size).toBe(4);
  const ends = ['0.0.0.0', '255.255.255.255', '::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'];
  expect(ends.map((ip) => filter.blocks(ip))).toEqual([true, true, true, true]);
  expect(['0.0.0.1', '255.255.255.253', '::1'].some((ip) => filter.blocks(ip))).toBe(false);
});

test('100,000 ranges in any order', async () => {
  const random = seededRandom('many');
  const starts = Array.from({ length: 100_000 }, () => random.int(2 ** 24));
  const text = (at: number): string => `${at >>> 16}.${(at >>> 8) & 255}.${at & 255}`;
  const { filter, ranges } = await parseIpFilter(starts.map((at) => `org:${text(at)}.0-${text(at)}.127\n`));
  expect(ranges).toBe(100_000);
  filter.checkInvariants();
  const listed = new Set(starts);
  for (let at = 0; at < 2 ** 24; at += 4_999) {
    expect(filter.blocks(`${text(at)}.127`)).toBe(listed.has(at));
    expect(filter.blocks(`${text(at)}.128`)).toBe(false);
  }
});
