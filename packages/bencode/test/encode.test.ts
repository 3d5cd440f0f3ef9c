import { expect, test } from 'vitest';
import { type BencodeInput, encode } from '../src/index.ts';

const text = (value: BencodeInput): string => Buffer.from(encode(value)).toString('latin1');

test("BEP 3's own examples", () => {
  expect(text('spam')).toBe('4:spam');
  expect(text(3)).toBe('i3e');
  expect(text(-3)).toBe('i-3e');
  expect(text(['spam', 'eggs'])).toBe('l4:spam4:eggse');
  expect(text({ cow: 'moo', spam: 'eggs' })).toBe('d3:cow3:moo4:spam4:eggse');
  expect(text({ spam: ['a', 'b'] })).toBe('d4:spaml1:a1:bee');
});

test('text is UTF-8, and its length counts bytes', () => {
  expect(encode('é€😀')).toEqual(Uint8Array.from(Buffer.from('9:é€😀')));
});

test('keys are sorted by bytes, whatever order they came in', () => {
  expect(text({ b: 1, a: 2, B: 3, '10': 4, '9': 5 })).toBe('d2:10i4e1:9i5e1:Bi3e1:ai2e1:bi1ee');
  expect(
    text(
      new Map([
        ['\u00ff', 1],
        ['a\u0000', 2],
        ['a', 3],
      ]),
    ),
  ).toBe('d1:ai3e2:a\u0000i2e1:\u00ffi1ee');
});

test('what stands in for nothing is left out of objects', () => {
  expect(text({ a: undefined, b: 1 })).toBe('d1:bi1ee');
  expect(text(Object.create(null) as Record<string, number>)).toBe('de');
  expect(text(JSON.parse('{"__proto__":1}') as BencodeInput)).toBe('d9:__proto__i1ee');
});

test('minus zero is zero; big integers are bigints', () => {
  expect(text(-0)).toBe('i0e');
  expect(text(2n ** 64n)).toBe('i18446744073709551616e');
});

test('long values', () => {
  expect(encode(new Uint8Array(1_000_000)).length).toBe(1_000_008);
  const small = encode('a');
  expect(small.buffer.byteLength).toBeLessThan(300);
});

const cyclic: BencodeInput[] = [];
cyclic.push(cyclic);

test.each<[string, unknown]>([
  ['a fraction', 1.5],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['an unsafe integer', 2 ** 53],
  ['null', null],
  ['undefined', undefined],
  ['true', true],
  ['undefined in a list', [undefined]],
  ['undefined in a Map', new Map([['a', undefined]])],
  ['a Map with number keys', new Map([[1, 1]])],
  ['a Date', new Date(0)],
  ['a Set', new Set([1])],
  ['another view', new Uint16Array(2)],
  ['half a surrogate pair', '\ud800'],
  ['a key with a character over 0xff', { '€': 1 }],
  ['a value that contains itself', cyclic],
])('%s is a TypeError', (_, value) => {
  expect(() => encode(value as BencodeInput)).toThrow(TypeError);
});
