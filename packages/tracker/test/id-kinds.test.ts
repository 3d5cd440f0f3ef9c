import { expect, test } from 'vitest';
import { IdKinds } from '../src/id-kinds.ts';

const idOf = (number: number): Uint8Array => {
  const id = new Uint8Array(20).fill(9);
  new DataView(id.buffer).setUint32(0, number);
  return id;
};

test('one kind for equal beginnings, forgotten when nobody holds it', () => {
  const kinds = new IdKinds();
  const kind = kinds.hold(idOf(1));
  expect(kinds.hold(idOf(1).fill(3, 8))).toBe(kind);
  expect(kinds.textOf(kind)).toBe('\0\0\0\x01\t\t\t\t');
  expect([kinds.matches(kind, idOf(1)), kinds.matches(kind, idOf(2))]).toEqual([true, false]);
  kinds.release(kind);
  expect(kinds.hold(idOf(2))).not.toBe(kind);
  kinds.release(kind);
  expect(kinds.hold(idOf(3))).toBe(kind);
});

test('65,535 kinds at one time; a further one is not known until another goes', () => {
  const kinds = new IdKinds();
  for (let number = 1; number <= 65_535; number++) kinds.hold(idOf(number));
  expect(kinds.hold(idOf(0))).toBe(0);
  expect(kinds.matches(0, idOf(0))).toBe(false);
  expect(kinds.textOf(0)).toBeUndefined();
  kinds.release(0);
  kinds.release(77);
  expect(kinds.hold(idOf(0))).toBe(77);
});
