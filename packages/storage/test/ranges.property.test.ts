import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Ranges } from '../src/ranges.ts';

const SIZE = 40;
const range = fc.tuple(fc.nat(SIZE), fc.nat(SIZE)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);

test('a set of ranges is the set of its bytes', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), range), { maxLength: 30 }), range, (steps, [from, to]) => {
      const ranges = new Ranges();
      const bytes = new Set<number>();
      for (const [adding, [start, end]] of steps) {
        if (adding) ranges.add(start, end);
        else ranges.remove(start, end);
        for (let byte = start; byte < end; byte++) {
          if (adding) bytes.add(byte);
          else bytes.delete(byte);
        }
      }
      let previous = -1;
      const found: number[] = [];
      for (const [start, end] of ranges) {
        expect(start).toBeGreaterThan(previous);
        expect(end).toBeGreaterThan(start);
        previous = end;
        for (let byte = start; byte < end; byte++) found.push(byte);
      }
      expect(found).toEqual([...bytes].sort((a, b) => a - b));
      const asked = Array.from({ length: to - from }, (_, index) => from + index);
      expect(ranges.covers(from, to)).toBe(asked.every((byte) => bytes.has(byte)));
      expect(ranges.overlaps(from, to)).toBe(asked.some((byte) => bytes.has(byte)));
      const gaps = ranges
        .gaps(SIZE)
        .flatMap(([start, end]) => Array.from({ length: end - start }, (_, i) => start + i));
      expect(gaps).toEqual(Array.from({ length: SIZE }, (_, byte) => byte).filter((byte) => !bytes.has(byte)));
      expect(ranges.isEmpty).toBe(bytes.size === 0);
    }),
  );
});
