import { expect, test } from 'vitest';
import { type BencodeDict, decode, encode, keyBytes, keyFromBytes, textOf } from '../src/index.ts';

test('keys are one character per byte, both ways', () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const key = keyFromBytes(bytes);
  expect(key.length).toBe(256);
  expect(key.charCodeAt(0x80)).toBe(0x80);
  expect(keyBytes(key)).toEqual(bytes);
  expect(() => keyBytes('€')).toThrow(TypeError);
});

test('long keys', () => {
  const bytes = new Uint8Array(100_000).fill(0xe9);
  expect(Buffer.compare(keyBytes(keyFromBytes(bytes)), bytes)).toBe(0);
});

test('keys that fall on one another in the cache are told apart', () => {
  const keys = Array.from({ length: 5_000 }, (_, index) => `k${index}`);
  const document = encode(new Map(keys.map((key, index) => [key, index])));
  for (let round = 0; round < 2; round++) {
    const dict = decode(document) as BencodeDict;
    expect(keys.every((key, index) => dict.get(key) === index)).toBe(true);
  }
});

test('text is strict UTF-8 or nothing', () => {
  expect(textOf(Uint8Array.from(Buffer.from('é😀\ufeff')))).toBe('é😀\ufeff');
  expect(textOf(Uint8Array.from(Buffer.from('\ufeffbom')))).toBe('\ufeffbom');
  expect(textOf(Uint8Array.of(0xc3))).toBeUndefined();
  expect(textOf(Uint8Array.of(0xc0, 0x80))).toBeUndefined();
  expect(textOf(Uint8Array.of(0xed, 0xa0, 0x80))).toBeUndefined();
  expect(textOf(1)).toBeUndefined();
  expect(textOf(undefined)).toBeUndefined();
});

test('values of a Buffer are plain arrays, and still views', () => {
  const document = Buffer.from('xx4:spam').subarray(2);
  const value = decode(document) as Uint8Array;
  expect(value.constructor).toBe(Uint8Array);
  document[2] = 0x53;
  expect(textOf(value)).toBe('Spam');
});
