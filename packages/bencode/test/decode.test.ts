import { expect, test } from 'vitest';
import {
  type BencodeDict,
  BencodeError,
  type BencodeValue,
  decode,
  decodePrefix,
  decodeWithReport,
  encode,
  findSpan,
  type Oddity,
} from '../src/index.ts';

/** One byte a character. */
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));

function errorOf(run: () => unknown): BencodeError {
  try {
    run();
  } catch (error) {
    if (error instanceof BencodeError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

function odditiesOf(text: string): { value: BencodeValue; oddities: Oddity[] } {
  const oddities: Oddity[] = [];
  return { value: decode(bytes(text), { onOddity: (oddity) => oddities.push(oddity) }), oddities };
}

test("BEP 3's own examples", () => {
  expect(decode(bytes('4:spam'))).toEqual(bytes('spam'));
  expect(decode(bytes('i3e'))).toBe(3);
  expect(decode(bytes('i-3e'))).toBe(-3);
  expect(decode(bytes('i0e'))).toBe(0);
  expect(decode(bytes('l4:spam4:eggse'))).toEqual([bytes('spam'), bytes('eggs')]);
  expect(decode(bytes('d3:cow3:moo4:spam4:eggse'))).toEqual(
    new Map([
      ['cow', bytes('moo')],
      ['spam', bytes('eggs')],
    ]),
  );
  expect(decode(bytes('d4:spaml1:a1:bee'))).toEqual(new Map([['spam', [bytes('a'), bytes('b')]]]));
  expect(decode(bytes('le'))).toEqual([]);
  expect(decode(bytes('de'))).toEqual(new Map());
});

test('byte strings are views of the input, not copies', () => {
  const input = bytes('4:spam');
  const value = decode(input) as Uint8Array;
  expect(value.buffer).toBe(input.buffer);
  expect(value.byteOffset).toBe(2);
});

test('integers past 2^53 are exact bigints, those within are numbers', () => {
  expect(decode(bytes('i9007199254740991e'))).toBe(9_007_199_254_740_991);
  expect(decode(bytes('i9007199254740992e'))).toBe(9_007_199_254_740_992n);
  expect(decode(bytes('i-9007199254740993e'))).toBe(-9_007_199_254_740_993n);
  expect(decode(bytes('i18446744073709551616e'))).toBe(18_446_744_073_709_551_616n);
  expect(decode(bytes(`i${'9'.repeat(1_000)}e`))).toBe(10n ** 1_000n - 1n);
});

test('a key that means something to JavaScript is only a key', () => {
  const dict = decode(bytes('d9:__proto__i1e11:constructori2ee')) as BencodeDict;
  expect([...dict]).toEqual([
    ['__proto__', 1],
    ['constructor', 2],
  ]);
});

test('keys keep every byte', () => {
  const all = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte));
  expect([...(decode(bytes(`d256:${all}i1ee`)) as BencodeDict).keys()]).toEqual([all]);
});

test.each([
  ['', 'ERR_BENCODE_TRUNCATED', 0],
  ['i', 'ERR_BENCODE_TRUNCATED', 1],
  ['i12', 'ERR_BENCODE_TRUNCATED', 3],
  ['l', 'ERR_BENCODE_TRUNCATED', 1],
  ['d', 'ERR_BENCODE_TRUNCATED', 1],
  ['d1:a', 'ERR_BENCODE_TRUNCATED', 4],
  ['1', 'ERR_BENCODE_TRUNCATED', 1],
  ['ie', 'ERR_BENCODE_INTEGER', 0],
  ['i-e', 'ERR_BENCODE_INTEGER', 0],
  [`i${'1'.repeat(1_001)}e`, 'ERR_BENCODE_INTEGER', 0],
  ['i+1e', 'ERR_BENCODE_UNEXPECTED_BYTE', 1],
  ['i1.5e', 'ERR_BENCODE_UNEXPECTED_BYTE', 2],
  ['i--1e', 'ERR_BENCODE_UNEXPECTED_BYTE', 2],
  ['i 1e', 'ERR_BENCODE_UNEXPECTED_BYTE', 1],
  ['5:spam', 'ERR_BENCODE_STRING_LENGTH', 0],
  ['99999999999999999999999999:x', 'ERR_BENCODE_STRING_LENGTH', 0],
  ['-1:x', 'ERR_BENCODE_UNEXPECTED_BYTE', 0],
  ['1x', 'ERR_BENCODE_UNEXPECTED_BYTE', 1],
  ['e', 'ERR_BENCODE_UNEXPECTED_BYTE', 0],
  ['x', 'ERR_BENCODE_UNEXPECTED_BYTE', 0],
  ['li1ex', 'ERR_BENCODE_UNEXPECTED_BYTE', 4],
  ['di1ei2ee', 'ERR_BENCODE_UNEXPECTED_BYTE', 1],
  ['dli1eei2ee', 'ERR_BENCODE_UNEXPECTED_BYTE', 1],
  ['d1:ae', 'ERR_BENCODE_MISSING_VALUE', 4],
] as const)('%j is refused', (text, code, offset) => {
  const error = errorOf(() => decode(bytes(text)));
  expect([error.code, error.offset]).toEqual([code, offset]);
  expect(error.name).toBe('BencodeError');
});

test('an error names the place', () => {
  const error = errorOf(() => decode(bytes('d4:infod5:filesld6:lengthi-eeeee')));
  expect(error.path).toBe('info.files[0].length');
  expect(error.message).toContain('byte 25, in info.files[0].length');
  expect(errorOf(() => decode(bytes('d2:\u0000\u00ffi-ee'))).path).toBe('"\\u0000ÿ"');
  expect(errorOf(() => decode(bytes(`d500:${'k'.repeat(500)}i-ee`))).path).toBe(`${'k'.repeat(40)}…`);
  expect(errorOf(() => decode(bytes('l'.repeat(30)))).path.length).toBeLessThan(60);
});

test.each([
  ['i007e', 7, 'leading-zeros', 0, ''],
  ['04:spam', bytes('spam'), 'leading-zeros', 0, ''],
  ['i-0e', 0, 'negative-zero', 0, ''],
  ['d1:bi1e1:ai2ee', new Map().set('b', 1).set('a', 2), 'unsorted-keys', 7, 'a'],
  ['d1:ai1e1:ai2ee', new Map().set('a', 1), 'duplicate-key', 7, 'a'],
  ['d1:ai1e1:bi2e1:ai3ee', new Map().set('a', 1).set('b', 2), 'duplicate-key', 13, 'a'],
  ['d1:al3:abce1:ad1:xi1eee', new Map().set('a', [bytes('abc')]), 'duplicate-key', 11, 'a'],
  ['i1ei2e', 1, 'trailing-bytes', 3, ''],
] as const)('%j is read and reported, and refused when strict', (text, expected, code, offset, path) => {
  const { value, oddities } = odditiesOf(text);
  expect(value).toEqual(expected);
  expect(oddities).toEqual([{ code, offset, path }]);
  const error = errorOf(() => decode(bytes(text), { strict: true }));
  expect(error.code).toBe(`ERR_BENCODE_${code.toUpperCase().replace('-', '_')}`);
  expect(error.offset).toBe(offset);
});

test('minus zero does not leave the decoder', () => {
  expect(Object.is(decode(bytes('i-0e')), 0)).toBe(true);
});

test('the depth has a limit, and a hostile depth costs no stack', () => {
  const nested = (depth: number): Uint8Array => bytes('l'.repeat(depth) + 'e'.repeat(depth));
  expect(decode(nested(100))).toBeDefined();
  const error = errorOf(() => decode(nested(101)));
  expect([error.code, error.offset]).toEqual(['ERR_BENCODE_DEPTH', 100]);
  expect(decode(nested(200_000), { limits: { depth: 1e6 } })).toBeDefined();
  expect(decode(bytes(`${'d1:a'.repeat(100_000)}i1e${'e'.repeat(100_000)}`), { limits: { depth: 1e6 } })).toBeDefined();
  expect(errorOf(() => decode(bytes('l'.repeat(1_000_000)))).code).toBe('ERR_BENCODE_DEPTH');
});

test('tokens have a limit: values, keys and containers count', () => {
  const text = bytes('d1:ali1ei2eee');
  expect(decode(text, { limits: { tokens: 5 } })).toBeDefined();
  expect(errorOf(() => decode(text, { limits: { tokens: 4 } })).code).toBe('ERR_BENCODE_TOKENS');
});

test('two million tokens, unless told otherwise', () => {
  const listOf = (count: number): Uint8Array => bytes(`l${'i0e'.repeat(count)}e`);
  // The list is one too.
  expect((decode(listOf(1_999_999)) as BencodeValue[]).length).toBe(1_999_999);
  const error = errorOf(() => decode(listOf(2_000_000)));
  expect([error.code, error.offset]).toEqual(['ERR_BENCODE_TOKENS', 1 + 3 * 1_999_999]);
});

test('the size has a limit; for a prefix only what is read counts', () => {
  expect(errorOf(() => decode(new Uint8Array(10 * 1024 * 1024 + 1))).code).toBe('ERR_BENCODE_SIZE');
  const limits = { size: 6 };
  expect(decodePrefix(bytes('4:spamand more'), { limits }).end).toBe(6);
  expect(errorOf(() => decodePrefix(bytes('5:spamsand more'), { limits })).code).toBe('ERR_BENCODE_SIZE');
  expect(errorOf(() => decodePrefix(bytes('li1ei2ei3ee'), { limits })).code).toBe('ERR_BENCODE_SIZE');
  expect(errorOf(() => decodePrefix(bytes('l'), { limits })).code).toBe('ERR_BENCODE_TRUNCATED');
  expect(errorOf(() => decodePrefix(bytes('li'), { limits: { size: 2 } })).code).toBe('ERR_BENCODE_TRUNCATED');
});

test('a prefix ends where its value ends (BEP 9)', () => {
  const { value, end } = decodePrefix(bytes('d8:msg_typei1e5:piecei0eeRAW BYTES'));
  expect(value).toEqual(
    new Map([
      ['msg_type', 1],
      ['piece', 0],
    ]),
  );
  expect(end).toBe(25);
});

test('endless oddities under a long key are reported a thousand times and read in no time', () => {
  const oddities: Oddity[] = [];
  const text = `d5000000:${'k'.repeat(5_000_000)}d${'1:bi1e1:ai1e'.repeat(100_000)}ee`;
  decode(bytes(text), { onOddity: (oddity) => oddities.push(oddity) });
  expect(oddities.length).toBe(1_000);
});

test('misuse is a TypeError or RangeError', () => {
  expect(() => decode('i1e' as unknown as Uint8Array)).toThrow(TypeError);
  expect(() => decode(bytes('i1e'), { limits: { depth: Number.NaN } })).toThrow(RangeError);
});

test('of keys that stand twice the first counts, also where the second ones are in order among themselves', () => {
  const bytes = new TextEncoder().encode('d1:ai1e1:bi2e1:ai3e1:bi4ee');
  const oddities: string[] = [];
  const value = decode(bytes, { onOddity: ({ code }) => oddities.push(code) });
  expect(value).toEqual(
    new Map([
      ['a', 1],
      ['b', 2],
    ]),
  );
  expect(oddities).toEqual(['duplicate-key', 'duplicate-key']);
});

test('a report names every oddity with its kind, byte offset and path', () => {
  const text = 'd8:announce3:url4:infod5:filesld6:lengthi007e4:path0:eei-0e1:b1:x1:a01:yei1ei2ee!';
  const broken = text.replace('i-0e1:b', '1:ci-0e1:b').replace('i1ei2e', '1:zi1e4:infoi2e');
  const { value, oddities, oddityCount } = decodeWithReport(bytes(broken));
  const at = (part: string): number => broken.indexOf(part);
  expect(oddities).toEqual([
    { code: 'leading-zeros', offset: at('i007e'), path: 'info.files[0].length' },
    { code: 'unsorted-keys', offset: at('1:ci-0e'), path: 'info.c' },
    { code: 'negative-zero', offset: at('i-0e'), path: 'info.c' },
    { code: 'unsorted-keys', offset: at('1:b1:x'), path: 'info.b' },
    { code: 'unsorted-keys', offset: at('1:a01:y'), path: 'info.a' },
    { code: 'leading-zeros', offset: at('01:y'), path: 'info.a' },
    { code: 'duplicate-key', offset: at('4:infoi2e'), path: 'info' },
    { code: 'trailing-bytes', offset: at('!'), path: '' },
  ]);
  expect(oddityCount).toBe(8);
  expect([...((value as BencodeDict).get('info') as BencodeDict).keys()]).toEqual(['files', 'c', 'b', 'a']);
  const canonical = encode(value);
  expect(decodeWithReport(canonical)).toMatchObject({ oddities: [], oddityCount: 0 });
  expect(encode(decode(canonical))).toEqual(canonical);
});

test('a report counts what it does not list', () => {
  const { oddities, oddityCount } = decodeWithReport(bytes(`l${'i00e'.repeat(1_500)}e`));
  expect([oddities.length, oddityCount, oddities.at(-1)?.path]).toEqual([1_000, 1_500, '[999]']);
  expect(() => decodeWithReport(bytes('i00e'), { limits: { size: 3 } })).toThrow(BencodeError);
});

test('a report tells where the values of the outermost dictionary stand, whether the document is canonical or not', () => {
  for (const text of [
    'd4:infod1:ai1ee4:name3:abce',
    'd4:name3:abc4:infod1:ai1ee4:infoi7ee',
    'd4:infod1:ai01ee4:name3:abce!',
  ]) {
    const { spans } = decodeWithReport(bytes(text));
    expect([...spans.keys()].sort()).toEqual(['info', 'name']);
    for (const [key, span] of spans) expect(span).toEqual(findSpan(bytes(text), [key]));
  }
  expect(decodeWithReport(bytes('ld1:ai1eee')).spans.size).toBe(0);
});

test('a document that was refused leaves nothing behind for the next', () => {
  const document = bytes('d1:ad1:bl3:abci-5ei0eleee1:c0:e');
  const whole = decode(document);
  for (let length = 0; length < document.length; length++)
    expect(() => decode(document.subarray(0, length))).toThrow(BencodeError);
  expect(decode(document)).toEqual(whole);
  expect(decode(Buffer.from(document))).toEqual(whole);
});

test.each([1, 99, 100, 101, 150])(
  'lists and dictionaries %d deep are read alike, with and without recursion',
  (depth) => {
    const text = `${'d1:al'.repeat(depth)}i1e${'ee'.repeat(depth)}`;
    let value = decode(bytes(text), { limits: { depth: 2 * depth } });
    for (let level = 0; level < depth; level++)
      value = ((value as BencodeDict).get('a') as BencodeValue[])[0] as BencodeValue;
    expect(value).toBe(1);
    expect(errorOf(() => decode(bytes(text), { limits: { depth: 2 * depth - 1 } })).code).toBe('ERR_BENCODE_DEPTH');
  },
);
