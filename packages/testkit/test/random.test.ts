import { describe, expect, test } from 'vitest';
import { seededRandom } from '../src/index.ts';

describe('seededRandom', () => {
  test('equal seeds give equal sequences, near seeds differ', () => {
    const draw = (seed: number | string): number[] => {
      const random = seededRandom(seed);
      return Array.from({ length: 8 }, () => random.number());
    };
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    expect(draw('a')).not.toEqual(draw('b'));
  });

  test('numbers are spread over [0, 1)', () => {
    const random = seededRandom('spread');
    const buckets = new Array<number>(10).fill(0);
    for (let index = 0; index < 10_000; index++) {
      const number = random.number();
      expect(number).toBeGreaterThanOrEqual(0);
      expect(number).toBeLessThan(1);
      buckets[Math.floor(number * 10)]!++;
    }
    for (const count of buckets) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  test('bytes has the length asked for and uses all values', () => {
    const random = seededRandom('bytes');
    expect(random.bytes(0)).toHaveLength(0);
    expect(random.bytes(7)).toHaveLength(7);
    expect(new Set(random.bytes(10_000)).size).toBe(256);
  });

  test('int stays below its bound and refuses an empty one', () => {
    const random = seededRandom('int');
    expect(new Set(Array.from({ length: 200 }, () => random.int(3)))).toEqual(new Set([0, 1, 2]));
    for (const bound of [0, -1, 1.5, Number.NaN]) expect(() => random.int(bound)).toThrow(RangeError);
  });

  test('a fork does not depend on what its parent has drawn', () => {
    const parent = seededRandom(5);
    const before = parent.fork('x').number();
    parent.number();
    expect(parent.fork('x').number()).toBe(before);
    expect(parent.fork('y').number()).not.toBe(before);
    expect(parent.fork(1).number()).not.toBe(parent.fork('1').number());
  });
});
