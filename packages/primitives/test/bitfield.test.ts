import { expect, test } from 'vitest';
import { Bitfield } from '../src/index.ts';

test('piece 0 is the high bit of the first byte', () => {
  const field = new Bitfield(10);
  field.set(0);
  field.set(9);
  expect([...field.toBytes()]).toEqual([0x80, 0x40]);
  expect([...field]).toEqual([0, 9]);
  expect(field.count).toBe(2);
});

test('fill leaves spare bits zero and reads back', () => {
  const field = new Bitfield(11);
  field.fill();
  expect(field.isFull).toBe(true);
  expect([...field.toBytes()]).toEqual([0xff, 0xe0]);
  expect(Bitfield.fromBytes(field.toBytes(), 11).count).toBe(11);
});

test('a wrong length and a set spare bit are refused', () => {
  expect(() => Bitfield.fromBytes(new Uint8Array(3), 11)).toThrow(/11 pieces has 2 bytes, not 3/);
  expect(() => Bitfield.fromBytes(Uint8Array.of(0, 0x10), 11)).toThrow(/spare bit/);
});

test('set and clear tell whether they changed anything; the outside is misuse', () => {
  const field = new Bitfield(3);
  expect([field.set(1), field.set(1), field.clear(1), field.clear(1)]).toEqual([true, false, true, false]);
  expect(field.isEmpty).toBe(true);
  expect(field.has(-1)).toBe(false);
  expect(field.has(3)).toBe(false);
  expect(() => field.set(3)).toThrow(RangeError);
});
