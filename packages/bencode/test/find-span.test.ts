import { expect, test } from 'vitest';
import { BencodeError, findSpan, findSpans } from '../src/index.ts';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));

function spanned(text: string, path: (string | number)[]): string | undefined {
  const span = findSpan(bytes(text), path);
  return span && text.slice(span.start, span.end);
}

test.each<[string, (string | number)[], string | undefined]>([
  ['d4:infod1:bi1e1:ai2ee4:zzzzi0ee', ['info'], 'd1:bi1e1:ai2ee'],
  ['d4:infod1:bi1e1:ai2ee4:zzzzi0ee', ['info', 'a'], 'i2e'],
  ['d4:infod1:bi1e1:ai2ee4:zzzzi0ee', ['zzzz'], 'i0e'],
  ['d4:infod1:bi1e1:ai2ee4:zzzzi0ee', [], 'd4:infod1:bi1e1:ai2ee4:zzzzi0ee'],
  ['d4:infod1:bi1e1:ai2ee4:zzzzi0ee', ['info', 'c'], undefined],
  ['d4:infod1:bi1e1:ai2ee4:zzzzi0ee', ['zzzz', 'c'], undefined],
  ['d4:infod1:bi1e1:ai2ee4:zzzzi0ee', ['zzzz', 0], undefined],
  ['d1:xd4:infoi1ee4:infoi2ee', ['info'], 'i2e'],
  ['d1:x4:info4:infoi2ee', ['info'], 'i2e'],
  ['d4:infoi1e4:infoi2ee', ['info'], 'i1e'],
  ['lli1ei2eed1:ai3ee4:spame', [0], 'li1ei2ee'],
  ['lli1ei2eed1:ai3ee4:spame', [0, 1], 'i2e'],
  ['lli1ei2eed1:ai3ee4:spame', [1, 'a'], 'i3e'],
  ['lli1ei2eed1:ai3ee4:spame', [2], '4:spam'],
  ['lli1ei2eed1:ai3ee4:spame', [3], undefined],
  ['lli1ei2eed1:ai3ee4:spame', [4], undefined],
  ['lli1ei2eed1:ai3ee4:spame', [-1], undefined],
  ['lli1ei2eed1:ai3ee4:spame', [0.5], undefined],
  ['lli1ei2eed1:ai3ee4:spame', ['0'], undefined],
  ['le', [0], undefined],
  ['i1etrailing', [], 'i1e'],
  ['d2:\u00ff\u0000i1ee', ['\u00ff\u0000'], 'i1e'],
])('%j at %j', (text, path, expected) => {
  expect(spanned(text, path)).toBe(expected);
});

test('malformed bytes on the way throw, those behind the value are not read', () => {
  expect(() => findSpan(bytes('d1:xi-e4:infoi1ee'), ['info'])).toThrow(BencodeError);
  expect(spanned('d4:infoi1e garbage', ['info'])).toBe('i1e');
  expect(() => findSpan(bytes('d4:info'), ['info'])).toThrow(BencodeError);
});

test('limits hold', () => {
  const deep = bytes(`d1:x${'l'.repeat(200)}${'e'.repeat(200)}4:infoi1ee`);
  expect(() => findSpan(deep, ['info'])).toThrow(/more than 100/);
  expect(findSpan(deep, ['info'], { depth: 300 })).toEqual({ start: 410, end: 413 });
});

test('all spans of a dictionary, in their order; of a key that stands twice the first', () => {
  const text = 'd1:bi1e1:ad1:xlee1:bi2e1:c4:spame';
  const bytes = new TextEncoder().encode(text);
  const shown = (path?: string[]): [string, string][] =>
    [...(findSpans(bytes, path) ?? [])].map(([key, { start, end }]) => [key, text.slice(start, end)]);
  expect(shown()).toEqual([
    ['b', 'i1e'],
    ['a', 'd1:xlee'],
    ['c', '4:spam'],
  ]);
  expect(shown(['a'])).toEqual([['x', 'le']]);
  expect(findSpans(bytes, ['b'])).toBeUndefined();
  expect(findSpans(bytes, ['none'])).toBeUndefined();
  expect(() => findSpans(bytes.subarray(0, 20))).toThrow(BencodeError);
});
