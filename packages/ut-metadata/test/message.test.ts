import { encode } from '@shoal/bencode';
import { expect, test } from 'vitest';
import { decodeMetadataMessage, encodeData, encodeReject, encodeRequest, UtMetadataError } from '../src/index.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const bytes = (content: string): Uint8Array => Uint8Array.from(Buffer.from(content, 'latin1'));

test('the messages of BEP 9', () => {
  expect(text(encodeRequest(0))).toBe('d8:msg_typei0e5:piecei0ee');
  expect(text(encodeData(0, 3_425, bytes('xxxx')))).toBe('d8:msg_typei1e5:piecei0e10:total_sizei3425eexxxx');
  // The BEP prints a 1 here, and says 2.
  expect(text(encodeReject(0))).toBe('d8:msg_typei2e5:piecei0ee');
  expect(decodeMetadataMessage(encodeRequest(7))).toEqual({ type: 'request', piece: 7 });
  expect(decodeMetadataMessage(encodeReject(7))).toEqual({ type: 'reject', piece: 7 });
});

test('data is a view of the payload, and may look like bencode itself', () => {
  const payload = encodeData(3, 70_000, bytes('d1:ae'));
  const message = decodeMetadataMessage(payload);
  expect(message).toEqual({ type: 'data', piece: 3, totalSize: 70_000, data: bytes('d1:ae') });
  expect(message?.type === 'data' && message.data.buffer).toBe(payload.buffer);
});

test('a type that is not known yet is ignored, further keys too', () => {
  expect(decodeMetadataMessage(encode({ msg_type: 3 }))).toBeUndefined();
  expect(decodeMetadataMessage(encode({ msg_type: 2 ** 31, piece: -4 }))).toBeUndefined();
  expect(decodeMetadataMessage(encode({ msg_type: 0, piece: 1, x: [1, { y: 2 }] }))).toEqual({
    type: 'request',
    piece: 1,
  });
  expect(decodeMetadataMessage(bytes('d8:msg_typei1e5:piecei0eexx'))).toMatchObject({
    type: 'data',
    totalSize: undefined,
  });
});

test.each<[string, Uint8Array, string]>([
  ['nothing', new Uint8Array(0), 'ERR_UT_METADATA_MESSAGE'],
  ['a list', encode([]), 'ERR_UT_METADATA_MESSAGE'],
  ['no type', encode({ piece: 0 }), 'ERR_UT_METADATA_MESSAGE'],
  ['no piece', encode({ msg_type: 0 }), 'ERR_UT_METADATA_MESSAGE'],
  ['a negative piece', encode({ msg_type: 0, piece: -1 }), 'ERR_UT_METADATA_MESSAGE'],
  ['a piece past 2^31', encode({ msg_type: 0, piece: 2 ** 31 }), 'ERR_UT_METADATA_MESSAGE'],
  ['a piece past 2^53', encode({ msg_type: 0, piece: 2n ** 63n }), 'ERR_UT_METADATA_MESSAGE'],
  ['a text for a type', encode({ msg_type: 'data', piece: 0 }), 'ERR_UT_METADATA_MESSAGE'],
  ['a size of zero', encode({ msg_type: 1, piece: 0, total_size: 0 }), 'ERR_UT_METADATA_DATA'],
  ['a size past 2^53', encode({ msg_type: 1, piece: 0, total_size: 2n ** 62n }), 'ERR_UT_METADATA_DATA'],
  ['data without bytes', encode({ msg_type: 1, piece: 0, total_size: 9 }), 'ERR_UT_METADATA_DATA'],
  [
    'data of more than a piece',
    Buffer.concat([encode({ msg_type: 1, piece: 0, total_size: 99_999 }), new Uint8Array(16_385)]),
    'ERR_UT_METADATA_DATA',
  ],
  ['a dictionary that is deep', bytes(`d1:a${'l'.repeat(50)}`), 'ERR_UT_METADATA_MESSAGE'],
  ['a dictionary that is long', encode({ a: new Uint8Array(5_000), msg_type: 0, piece: 0 }), 'ERR_UT_METADATA_MESSAGE'],
])('refused: %s', (_, payload, code) => {
  expect(() => decodeMetadataMessage(payload)).toThrow(expect.objectContaining({ name: 'UtMetadataError', code }));
  expect(() => decodeMetadataMessage(payload)).toThrow(UtMetadataError);
});

test('misuse when encoding', () => {
  expect(() => encodeData(0, 1, new Uint8Array(0))).toThrow(RangeError);
  expect(() => encodeData(0, 20_000, new Uint8Array(16_385))).toThrow(RangeError);
});
