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

test('equal values are equal bytes: order, kind of dictionary, and what was encoded before do not matter', () => {
  const first = encode({ b: [1, { y: 'é', x: '' }], a: new Uint8Array([0xff]), c: undefined });
  encode({ z: 'z'.repeat(10_000) });
  const inner = new Map<string, BencodeInput>([['x', new Uint8Array(0)]]).set('y', Uint8Array.from(Buffer.from('é')));
  const second = encode(new Map<string, BencodeInput>([['a', new Uint8Array([0xff])]]).set('b', [1n, inner]));
  expect(second).toEqual(first);
  expect(first.buffer).not.toBe(second.buffer);
});

test('an encoding that failed leaves nothing behind, nor does one inside another', () => {
  expect(() => encode(['left over', null as unknown as string])).toThrow(TypeError);
  const nested = {
    get a(): Uint8Array {
      return encode({ inner: 'value' });
    },
    b: 'outer',
  };
  expect(text(nested)).toBe('d1:a16:d5:inner5:valuee1:b5:outere');
});

test('text and keys of every length on either side of the short ones', () => {
  for (const length of [0, 1, 47, 48, 49, 255, 256, 4_094, 4_097, 70_000]) {
    const long = 'k'.repeat(length);
    expect(text({ [long]: long })).toBe(`d${length}:${long}${length}:${long}e`);
    expect(encode(`${long}é`)).toEqual(Uint8Array.from(Buffer.from(`${length + 2}:${long}é`)));
    expect(encode(new Uint8Array(length).fill(7)).length).toBe(String(length).length + 1 + length);
  }
});
