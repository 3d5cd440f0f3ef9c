import { expect, test } from 'vitest';
import { Settling } from '../src/folder/settling.ts';

test('what has not been touched for long enough has settled at the first look', () => {
  const settling = new Settling(5_000);
  expect(settling.look('a', { print: 'x', ageMs: 5_000 }, 100)).toBe(0);
  expect(settling.look('a', { print: 'x', ageMs: 90_000 }, 100)).toBe(0);
});

test('what was touched a moment ago settles when it has stayed as it is', () => {
  const settling = new Settling(5_000);
  expect(settling.look('a', { print: 'x', ageMs: 1_000 }, 0)).toBe(4_000);
  expect(settling.look('a', { print: 'x', ageMs: 3_000 }, 2_000)).toBe(2_000);
  expect(settling.look('a', { print: 'x', ageMs: 5_000 }, 4_000)).toBe(0);
});

test('every change begins anew, whatever its time stamps say', () => {
  const settling = new Settling(5_000);
  expect(settling.look('a', { print: 'x', ageMs: 1_000 }, 0)).toBe(4_000);
  // A copy that keeps old times: it grows, and claims to be years old.
  expect(settling.look('a', { print: 'y', ageMs: 1e9 }, 3_000)).toBe(5_000);
  expect(settling.look('a', { print: 'z', ageMs: 1e9 }, 7_999)).toBe(5_000);
  expect(settling.look('a', { print: 'z', ageMs: 1e9 }, 12_998)).toBe(1);
  expect(settling.look('a', { print: 'z', ageMs: 1e9 }, 12_999)).toBe(0);
});

test('times in the future, or none that make sense, are waited out by our own clock', () => {
  const settling = new Settling(5_000);
  for (const ageMs of [-1, -1e9, Number.NaN]) {
    expect(settling.look(`a${ageMs}`, { print: 'x', ageMs }, 0)).toBe(5_000);
    expect(settling.look(`a${ageMs}`, { print: 'x', ageMs }, 5_000)).toBe(0);
  }
});

test('entries are apart from one another, and one that is gone is forgotten', () => {
  const settling = new Settling(5_000);
  settling.look('a', { print: 'x', ageMs: 0 }, 0);
  expect(settling.look('b', { print: 'x', ageMs: 0 }, 4_000)).toBe(5_000);
  settling.forget('a');
  expect(settling.look('a', { print: 'x', ageMs: 0 }, 5_000)).toBe(5_000);
});

test('a settle time of 0 waits for nothing', () => {
  expect(new Settling(0).look('a', { print: 'x', ageMs: -5 }, 0)).toBe(0);
});
