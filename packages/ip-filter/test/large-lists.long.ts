// A million ranges, and a million lines that somebody changed. SHOAL_SEED repeats a run.
import { normalizeIp } from '@shoal/primitives';
import { fuzz, seededRandom } from '@shoal/testkit';
import { expect, test } from 'vitest';
import { IpFilterError, IpFilterParser, parseIpFilter } from '../src/index.ts';

const RUNS = Number(process.env.SHOAL_TEST_RUNS ?? 1_000_000);
const SEED = process.env.SHOAL_SEED ?? String(Date.now());
const MIB = 1024 * 1024;

const text = (at: number): string => `${at >>> 24}.${(at >>> 16) & 255}.${(at >>> 8) & 255}.${at & 255}`;

test.for(['sorted', 'in any order'])('a million ranges of IPv4, %s, in seconds and little memory', async (order) => {
  const random = seededRandom(SEED);
  const starts = Array.from({ length: 1_000_000 }, (_, index) =>
    order === 'sorted' ? index * 4_000 : random.int(2 ** 32),
  );
  function* lines(): Generator<string> {
    for (const at of starts) yield `Some Organization:${text(at)}-${text(Math.min(at + 9, 0xffff_ffff))}\n`;
  }
  const before = performance.now();
  const { filter, ranges } = await parseIpFilter(lines());
  const seconds = (performance.now() - before) / 1_000;
  expect(ranges).toBe(1_000_000);
  expect(seconds).toBeLessThan(20);
  filter.checkInvariants();
  for (let index = 0; index < starts.length; index += 997) {
    expect(filter.blocks(text(Math.min((starts[index] as number) + 3, 0xffff_ffff)))).toBe(true);
  }
});

test('a million ranges of IPv6 in any order', async () => {
  const random = seededRandom(SEED);
  function* lines(): Generator<string> {
    for (let left = 1_000_000; left > 0; left--) {
      yield `2001:${random.int(65_536).toString(16)}:${random.int(65_536).toString(16)}::/56\n`;
    }
  }
  const heap = process.memoryUsage().arrayBuffers;
  const { filter, ranges } = await parseIpFilter(lines());
  expect(ranges).toBe(1_000_000);
  filter.checkInvariants();
  expect(process.memoryUsage().arrayBuffers - heap).toBeLessThan(256 * MIB);
});

test(`any line is read or skipped, ${RUNS} inputs (seed ${SEED})`, async () => {
  const bytesOf = (line: string): Uint8Array => Buffer.from(line, 'latin1');
  const corpus = [
    '000.000.000.000 - 000.255.255.255 , 000 , Bogon',
    'Some Org:1.2.3.4-5.6.7.8',
    'Org:2001:db8::1-2001:db8::ff',
    '2001:db8::/32 # words',
    '1.10.16.0/20 ; SBL256894',
    '::ffff:1.2.3.4-::ffff:1.2.3.9',
  ].map(bytesOf);
  const tokens = [
    '-',
    ' - ',
    ':',
    '::',
    '/',
    ',',
    '\n',
    '\r\n',
    '.',
    '255',
    '256',
    '/32',
    ', 128',
    '#',
    ';',
    '//',
    'ffff',
  ].map(bytesOf);
  const report = await fuzz({ seed: SEED, runs: RUNS, corpus, tokens, maxLength: 200 }, (bytes, random) => {
    const parser = new IpFilterParser();
    const list = Buffer.from(bytes).toString('latin1');
    const cut = random.int(list.length + 1);
    parser.push(list.slice(0, cut));
    parser.push(list.slice(cut));
    try {
      const { filter, ranges } = parser.finish();
      filter.checkInvariants();
      if (filter.size > ranges) throw new Error(`${ranges} ranges became ${filter.size}`);
      for (const { first, last } of filter.ranges()) {
        // An end within ::ffff:0:0/96 is IPv4 when it is asked for.
        const isSeen = [first, last].every((ip) => normalizeIp(ip) !== ip || filter.blocks(ip));
        if (!isSeen) throw new Error(`${first}-${last} is not blocked`);
      }
      return true;
    } catch (error) {
      if (!(error instanceof IpFilterError)) throw error;
      return false;
    }
  });
  expect(report.accepted).toBeGreaterThan(RUNS / 20);
  expect(report.refused).toBeGreaterThan(RUNS / 20);
});
