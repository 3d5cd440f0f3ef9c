import { expect, test } from 'vitest';
import { type Holdable, Holds } from '../src/index.ts';

function memory(): Holdable & { holders: number } {
  return {
    holders: 0,
    hold() {
      this.holders++;
    },
    release() {
      this.holders--;
    },
  };
}

test('memory is let go when the reader has come past the last of it', () => {
  const [first, second, third] = [memory(), memory(), memory()];
  const holds = new Holds();
  holds.add(first);
  holds.keepUntil(10);
  holds.add(second);
  holds.keepUntil(20);
  holds.add(second);
  holds.keepUntil(30);
  holds.add(third);
  expect([first, second, third].map(({ holders }) => holders)).toEqual([1, 1, 1]);
  holds.releaseUntil(9);
  expect(first.holders).toBe(1);
  holds.releaseUntil(29);
  expect([first, second, third].map(({ holders }) => holders)).toEqual([0, 1, 1]);
  // Where the last one ends is not known yet.
  holds.releaseUntil(1_000);
  expect([second.holders, third.holders, holds.isEmpty]).toEqual([0, 1, false]);
  holds.keepUntil(1_001);
  holds.releaseUntil(1_001);
  expect([third.holders, holds.isEmpty]).toEqual([0, true]);
});

test('the same memory again, after another, is held twice', () => {
  const [one, other] = [memory(), memory()];
  const holds = new Holds();
  for (const [at, which] of [one, other, one].entries()) {
    holds.add(which);
    holds.keepUntil(at + 1);
  }
  expect([one.holders, other.holders]).toEqual([2, 1]);
  holds.releaseUntil(2);
  expect([one.holders, other.holders]).toEqual([1, 0]);
});

test('all at once', () => {
  const [one, other] = [memory(), memory()];
  const holds = new Holds();
  holds.add(one);
  holds.keepUntil(5);
  holds.add(other);
  holds.release();
  expect([one.holders, other.holders, holds.isEmpty]).toEqual([0, 0, true]);
});
