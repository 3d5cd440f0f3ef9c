import { expect, test } from 'vitest';
import { IpFilter, IpFilterParser } from '../src/index.ts';
import { parseLine } from '../src/parse-line.ts';

/** `first-last` of the only range of a line, or what else came of it. */
function read(line: string): string {
  const parsed = parseLine(line);
  if (parsed.kind !== 'blocked') return parsed.kind === 'bad' ? `bad: ${parsed.reason}` : parsed.kind;
  const parser = new IpFilterParser();
  parser.push(line);
  const [range] = [...parser.finish().filter.ranges()];
  return `${range?.first}-${range?.last}`;
}

test.each([
  // eMule's DAT, padded as the program writes it.
  ['000.000.000.000 - 000.255.255.255 , 000 , Bogon', '0.0.0.0-0.255.255.255'],
  ['192.168.010.001 - 192.168.010.099 , 100 , padded numbers are decimal', '192.168.10.1-192.168.10.99'],
  ['1.2.3.4 - 5.6.7.8 , 127 , the last level that blocks', '1.2.3.4-5.6.7.8'],
  ['1.2.3.4 - 5.6.7.8 , 128 , allowed', 'allowed'],
  ['1.2.3.4 - 5.6.7.8 , 255', 'allowed'],
  ['1.2.3.4-5.6.7.8,0,no blanks', '1.2.3.4-5.6.7.8'],
  ['1.2.3.4 - 5.6.7.8 , words, and more: 7.7.7.7', '1.2.3.4-5.6.7.8'],
  ['1.2.3.4\t-\t5.6.7.8', '1.2.3.4-5.6.7.8'],
  ['255.255.255.255 - 255.255.255.255', '255.255.255.255-255.255.255.255'],
  // PeerGuardian's P2P text.
  ['Some Org:1.2.3.4-5.6.7.8', '1.2.3.4-5.6.7.8'],
  ['http://a.example:80/x-y:1.2.3.4-5.6.7.8', '1.2.3.4-5.6.7.8'],
  ['10.0.0.1 Ltd, #1; 2-3:1.2.3.4-5.6.7.8', '1.2.3.4-5.6.7.8'],
  [':1.2.3.4-5.6.7.8', '1.2.3.4-5.6.7.8'],
  ['Größe\u0007:1.2.3.4 - 5.6.7.8', '1.2.3.4-5.6.7.8'],
  ['Org:2001:db8::1-2001:db8::ff', '2001:db8::1-2001:db8::ff'],
  ['Org: with colon:2001:db8::1-2001:db8::ff', '2001:db8::1-2001:db8::ff'],
  ['Org:0:0:0:1::-0:0:0:2::', '0:0:0:1::-0:0:0:2::'],
  ['Org: a bead:2001:db8::1-2001:db8::ff', '2001:db8::1-2001:db8::ff'],
  ['a-b:2001:db8::-2001:db8::ff', '2001:db8::-2001:db8::ff'],
  // CIDR, with the comments of the lists that use it.
  ['1.2.3.0/24', '1.2.3.0-1.2.3.255'],
  ['1.2.3.77/24', '1.2.3.0-1.2.3.255'],
  ['1.2.3.4/32', '1.2.3.4-1.2.3.4'],
  ['0.0.0.0/0', '0.0.0.0-255.255.255.255'],
  ['1.10.16.0/20 ; SBL256894', '1.10.16.0-1.10.31.255'],
  ['1.2.3.0/24#words', '1.2.3.0-1.2.3.255'],
  ['2001:db8::/32', '2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['2001:DB8::1/127', '2001:db8::-2001:db8::1'],
  ['::/0', '::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['2001:db8::/33 // words', '2001:db8::-2001:db8:7fff:ffff:ffff:ffff:ffff:ffff'],
  ['::ffff:1.2.3.0/120', '1.2.3.0-1.2.3.255'],
  // Single addresses and ranges of IPv6.
  ['1.2.3.4', '1.2.3.4-1.2.3.4'],
  ['  1.2.3.4  # words', '1.2.3.4-1.2.3.4'],
  ['1.2.3.4 // words', '1.2.3.4-1.2.3.4'],
  ['1.2.3.4//words', '1.2.3.4-1.2.3.4'],
  ['::ffff:1.2.3.4', '1.2.3.4-1.2.3.4'],
  ['::ffff:1.2.3.4-::ffff:102:30a', '1.2.3.4-1.2.3.10'],
  ['2001:db8::1', '2001:db8::1-2001:db8::1'],
  ['2001:db8::1 - 2001:db8::f , 100 , words - more', '2001:db8::1-2001:db8::f'],
  ['2001:db8::1 - 2001:db8::f , 200 , words', 'allowed'],
])('%s blocks %s', (line, expected) => {
  expect(read(line)).toBe(expected);
});

test.each(['', '   ', '\t\r', '# words', '; words', '// words', '  #1.2.3.4', '\ufeff'])('%j says nothing', (line) => {
  expect(read(line)).toBe('nothing');
});

test.each([
  ['5.6.7.8 - 1.2.3.4 , 100 , words', 'the first address is above the last'],
  ['Org:5.6.7.8-1.2.3.4', 'the first address is above the last'],
  ['2001:db8::2-2001:db8::1', 'the first address is above the last'],
  ['dead:2001:db8::1-2001:db8::ff', 'the first address is above the last'],
  ['1.2.3.4/33', 'a prefix length from 0 to 32 expected'],
  ['1.2.3.4/', 'a prefix length from 0 to 32 expected'],
  ['1.2.3.4/999', 'a prefix length from 0 to 32 expected'],
  ['2001:db8::/129', 'a prefix length from 0 to 128 expected'],
  ['1.2.3.256', 'no addresses'],
  ['1.2.3', 'no addresses'],
  ['1.2.3.4.5', 'no addresses'],
  ['1.2.3.4 5.6.7.8', 'no addresses'],
  ['1.2.3.4-', 'no addresses'],
  ['1.2.3.4-5.6.7', 'no addresses'],
  ['0001.2.3.4', 'no addresses'],
  ['-1.2.3.4', 'no addresses'],
  ['1.2.3.4 - 2001:db8::1', 'no addresses'],
  ['2001:db8::1%eth0', 'no addresses'],
  ['Org:1.2.3.4', 'no addresses'],
  ['Org:1.2.3.4-1.2.3.9 and more', 'no addresses'],
  ['<html>', 'no addresses'],
  ['http://list.example/', 'no addresses'],
  ['١.٢.٣.٤', 'no addresses'],
])('%s is bad: %s', (line, reason) => {
  expect(read(line)).toBe(`bad: ${reason}`);
});

test('a filter of nothing blocks nobody', () => {
  expect(IpFilter.EMPTY.blocks('1.2.3.4')).toBe(false);
  expect(IpFilter.EMPTY.blocks('2001:db8::1')).toBe(false);
  expect([...IpFilter.EMPTY.ranges()]).toEqual([]);
});
