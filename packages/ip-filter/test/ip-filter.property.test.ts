import { formatIp } from '@shoal/primitives';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { IpFilter, parseIpFilter } from '../src/index.ts';

const MAPPED = 0xffff_0000_0000n;
const bytesOf = (value: bigint, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => Number((value >> BigInt(8 * (length - 1 - index))) & 0xffn));
const text4 = (value: bigint): string => formatIp(bytesOf(value, 4));
const text6 = (value: bigint): string => formatIp(bytesOf(value, 16));

/** Close to each other and to where words turn over, so that ranges meet. */
const near = (bits: number): fc.Arbitrary<bigint> =>
  fc
    .tuple(
      fc.constantFrom(
        0n,
        1n << BigInt(bits / 4),
        1n << BigInt(bits / 2),
        (1n << BigInt(bits / 2)) * 3n,
        (1n << BigInt(bits)) - 1n,
      ),
      fc.integer({ min: -6, max: 6 }),
    )
    .map(([base, step]) => {
      const limit = (1n << BigInt(bits)) - 1n;
      const value = base + BigInt(step);
      return value < 0n ? 0n : value > limit ? limit : value;
    });

interface Range {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

const rangeOf = (family: 4 | 6): fc.Arbitrary<Range> =>
  fc
    .tuple(near(family === 4 ? 32 : 128), near(family === 4 ? 32 : 128))
    .map(([one, other]) => (one <= other ? { family, first: one, last: other } : { family, first: other, last: one }))
    // What lies between ::ffff:0:0 and its end is IPv4, and tried by itself.
    .filter(
      ({ first, last }) => family === 4 || last < MAPPED || first > MAPPED + 0xffff_ffffn || first >> 32n !== 0xffffn,
    );
const ranges = fc.array(fc.oneof(rangeOf(4), rangeOf(6)), { minLength: 1, maxLength: 12 });
const forms = fc.array(fc.nat(4), { minLength: 12, maxLength: 12 });

/** A range in one of the formats. */
function lineOf({ family, first, last }: Range, form: number): string {
  const text = family === 4 ? text4 : text6;
  const padded = (value: bigint): string =>
    text4(value)
      .split('.')
      .map((part) => part.padStart(3, '0'))
      .join('.');
  switch (form) {
    case 0:
      return family === 4
        ? `${padded(first)} - ${padded(last)} , 100 , words`
        : `${text(first)} - ${text(last)} , 0 , x`;
    case 1:
      return `some words:${text(first)}-${text(last)}`;
    case 2:
      return family === 4 ? `::ffff:${text4(first)}-::ffff:${text4(last)}` : `${text(first)}-${text(last)}`;
    case 3:
      return `${text(first)}-${text(last)} # words`;
    default:
      return first === last ? text(first) : `\t${text(first)} -${text(last)}\r`;
  }
}

/** The naive answer. */
const isIn = (list: readonly Range[], family: 4 | 6, value: bigint): boolean =>
  list.some((range) => range.family === family && range.first <= value && value <= range.last);

test('it blocks what a naive model does, at every edge, in whatever format', async () => {
  await fc.assert(
    fc.asyncProperty(ranges, forms, async (list, chosen) => {
      const lines = list.map((range, index) => lineOf(range, chosen[index] as number));
      const { filter, ranges: count, skippedCount } = await parseIpFilter(lines.join('\n'));
      expect([count, skippedCount]).toEqual([list.length, 0]);
      filter.checkInvariants();
      for (const { family, first, last } of list) {
        for (const value of [first - 1n, first, first + 1n, last - 1n, last, last + 1n]) {
          if (value < 0n || value >= 1n << (family === 4 ? 32n : 128n)) continue;
          if (family === 6 && value >> 32n === 0xffffn) continue;
          const text = family === 4 ? text4(value) : text6(value);
          expect(filter.blocks(text), `${lines.join(' | ')} ? ${text}`).toBe(isIn(list, family, value));
          if (family === 4) expect(filter.blocks(`::ffff:${text}`)).toBe(isIn(list, 4, value));
        }
      }
    }),
    { numRuns: 150 },
  );
});

test('merging is the union, whatever is merged first, and its own list reads back as itself', async () => {
  await fc.assert(
    fc.asyncProperty(ranges, ranges, async (one, other) => {
      const filterOf = async (list: readonly Range[]): Promise<IpFilter> =>
        (await parseIpFilter(list.map((range) => lineOf(range, 3)).join('\n'))).filter;
      const [a, b, both] = [await filterOf(one), await filterOf(other), await filterOf([...one, ...other])];
      const expected = [...both.ranges()];
      expect([...IpFilter.merge([a, b]).ranges()]).toEqual(expected);
      expect([...IpFilter.merge([b, a]).ranges()]).toEqual(expected);
      const again = await parseIpFilter(expected.map(({ first, last }) => `${first}-${last}\n`));
      expect([...again.filter.ranges()]).toEqual(expected);
    }),
    { numRuns: 60 },
  );
});

test('CIDR blocks are what their prefix says', async () => {
  const block = fc.oneof(
    fc.record({
      family: fc.constant(4 as const),
      value: fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }),
      length: fc.nat(32),
    }),
    fc.record({
      family: fc.constant(6 as const),
      value: fc.bigInt({ min: 2n ** 64n, max: 2n ** 128n - 1n }),
      length: fc.integer({ min: 1, max: 128 }),
    }),
  );
  await fc.assert(
    fc.asyncProperty(block, async ({ family, value, length }) => {
      const [bits, text] = family === 4 ? [32, text4] : [128, text6];
      const size = 1n << BigInt(bits - length);
      const first = value - (value % size);
      const { filter } = await parseIpFilter(`${text(value)}/${length}`);
      expect([...filter.ranges()]).toEqual([{ first: text(first), last: text(first + size - 1n) }]);
    }),
  );
});

test('any text is read, or refused with the package’s own error', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string({ unit: 'binary', maxLength: 60 }), { maxLength: 5 }), async (lines) => {
      const parsed = await parseIpFilter(['1.2.3.4\n', lines.join('\n')]);
      expect(parsed.skipped.length).toBeLessThanOrEqual(parsed.skippedCount);
      parsed.filter.checkInvariants();
    }),
    { numRuns: 40 },
  );
});
