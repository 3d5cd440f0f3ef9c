import { expect, test } from 'vitest';
import {
  DEFAULT_LIMITS,
  decodeMessage,
  encodeAllowedFast,
  encodeBitfield,
  encodeCancel,
  encodeChoke,
  encodeExtended,
  encodeHave,
  encodeHaveAll,
  encodeHaveNone,
  encodeInterested,
  encodeKeepAlive,
  encodeNotInterested,
  encodePiece,
  encodePort,
  encodeReject,
  encodeRequest,
  encodeSuggest,
  encodeUnchoke,
  type Message,
  resolveLimits,
} from '../src/index.ts';

const cases: [Uint8Array, number[], Message][] = [
  [encodeKeepAlive(), [0, 0, 0, 0], { type: 'keepAlive' }],
  [encodeChoke(), [0, 0, 0, 1, 0], { type: 'choke' }],
  [encodeUnchoke(), [0, 0, 0, 1, 1], { type: 'unchoke' }],
  [encodeInterested(), [0, 0, 0, 1, 2], { type: 'interested' }],
  [encodeNotInterested(), [0, 0, 0, 1, 3], { type: 'notInterested' }],
  [encodeHave(0xfedcba98), [0, 0, 0, 5, 4, 0xfe, 0xdc, 0xba, 0x98], { type: 'have', piece: 0xfedcba98 }],
  [
    encodeBitfield(Uint8Array.of(0x80, 1)),
    [0, 0, 0, 3, 5, 0x80, 1],
    { type: 'bitfield', bytes: Uint8Array.of(0x80, 1) },
  ],
  [
    encodeRequest(1, 0x4000, 0x4000),
    [0, 0, 0, 13, 6, 0, 0, 0, 1, 0, 0, 0x40, 0, 0, 0, 0x40, 0],
    { type: 'request', piece: 1, begin: 0x4000, length: 0x4000 },
  ],
  [
    encodePiece(2, 3, Uint8Array.of(7, 8)),
    [0, 0, 0, 11, 7, 0, 0, 0, 2, 0, 0, 0, 3, 7, 8],
    { type: 'piece', piece: 2, begin: 3, block: Uint8Array.of(7, 8) },
  ],
  [
    encodeCancel(1, 2, 3),
    [0, 0, 0, 13, 8, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3],
    { type: 'cancel', piece: 1, begin: 2, length: 3 },
  ],
  [encodePort(6881), [0, 0, 0, 3, 9, 0x1a, 0xe1], { type: 'port', port: 6881 }],
  [encodeSuggest(5), [0, 0, 0, 5, 0x0d, 0, 0, 0, 5], { type: 'suggest', piece: 5 }],
  [encodeHaveAll(), [0, 0, 0, 1, 0x0e], { type: 'haveAll' }],
  [encodeHaveNone(), [0, 0, 0, 1, 0x0f], { type: 'haveNone' }],
  [
    encodeReject(1, 2, 3),
    [0, 0, 0, 13, 0x10, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3],
    { type: 'reject', piece: 1, begin: 2, length: 3 },
  ],
  [encodeAllowedFast(6), [0, 0, 0, 5, 0x11, 0, 0, 0, 6], { type: 'allowedFast', piece: 6 }],
  [encodeExtended(3, Uint8Array.of(9)), [0, 0, 0, 3, 20, 3, 9], { type: 'extended', id: 3, payload: Uint8Array.of(9) }],
];

test.each(cases)('%# is spelled as its BEP says and reads back', (bytes, spelled, message) => {
  expect([...bytes]).toEqual(spelled);
  expect(decodeMessage(bytes.subarray(4))).toEqual(message);
});

test('a type nobody knows is passed on', () => {
  expect(decodeMessage(Uint8Array.of(99, 1, 2))).toEqual({ type: 'unknown', id: 99, payload: Uint8Array.of(1, 2) });
});

test.each([
  ['choke', [0, 0], /message 0 has 2 bytes, expected 1/],
  ['have', [4, 0, 0, 0], /message 4 has 4 bytes, expected 5/],
  ['request', [6, ...new Array<number>(11)], /message 6 has 12 bytes, expected 13/],
  ['a block of nothing', [7, ...new Array<number>(8)], /message 7 has 9 bytes, expected 10 to 131081/],
  ['port', [9, 0], /message 9 has 2 bytes, expected 3/],
  ['have all', [14, 1], /message 14 has 2 bytes, expected 1/],
  ['reject', [16], /message 16 has 1 bytes, expected 13/],
  ['extended without an id', [20], /message 20 has 1 bytes, expected 2 to/],
])('%s of another length is refused', (_, frame, message) => {
  expect(() => decodeMessage(Uint8Array.from(frame))).toThrow(message);
});

test('limits are figures', () => {
  expect(resolveLimits({ silenceMs: 7 })).toEqual({ ...DEFAULT_LIMITS, silenceMs: 7 });
  expect(() => resolveLimits({ silenceMs: -1 })).toThrow(RangeError);
  expect(() => resolveLimits({ blockLength: Number.NaN })).toThrow(/blockLength/);
});
