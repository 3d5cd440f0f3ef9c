import { decode, encode, isDict } from '@shoal/bencode';
import { encodeCompact } from '@shoal/primitives';
import { expect, test } from 'vitest';
import { decodePexMessage, encodePexMessage, PEX_FLAG, UtPexError } from '../src/index.ts';

const latin = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));

test('both families, with flags, there and back', () => {
  const message = {
    added: [
      { host: '1.2.3.4', port: 6881, flags: PEX_FLAG.uploadOnly | PEX_FLAG.reachable },
      { host: '5.6.7.8', port: 1, flags: 0 },
      { host: '2001:db8::1', port: 65_535, flags: PEX_FLAG.holepunch },
    ],
    dropped: [
      { host: '9.9.9.9', port: 80 },
      { host: '2001:db8::2', port: 6881 },
    ],
  };
  const payload = encodePexMessage(message);
  expect(decodePexMessage(payload)).toEqual(message);
  const keys = decode(payload);
  expect(isDict(keys) && [...keys.keys()]).toEqual(['added', 'added.f', 'added6', 'added6.f', 'dropped', 'dropped6']);
});

test('the bytes of a message', () => {
  const payload = encodePexMessage({ added: [{ host: '1.2.3.4', port: 258, flags: 0x12 }], dropped: [] });
  expect(payload).toEqual(latin('d5:added6:\x01\x02\x03\x04\x01\x027:added.f1:\x12e'));
});

test('what libtorrent sends when there is nobody', () => {
  const empty = new Uint8Array(0);
  const payload = encode({
    added: empty,
    'added.f': empty,
    added6: empty,
    'added6.f': empty,
    dropped: empty,
    dropped6: empty,
  });
  expect(decodePexMessage(payload)).toEqual({ added: [], dropped: [] });
});

test('flags may be missing or too few, contacts may end in the middle', () => {
  const added = encodeCompact(
    [
      { host: '1.2.3.4', port: 1 },
      { host: '1.2.3.5', port: 2 },
    ],
    4,
  );
  expect(decodePexMessage(encode({ added })).added.map(({ flags }) => flags)).toEqual([0, 0]);
  expect(decodePexMessage(encode({ added, 'added.f': Uint8Array.of(3) })).added.map(({ flags }) => flags)).toEqual([
    3, 0,
  ]);
  expect(decodePexMessage(encode({ added: added.subarray(0, 11) })).added).toHaveLength(1);
  expect(decodePexMessage(encode({ added: 5, dropped: [added], added6: { a: 1 } }))).toEqual({
    added: [],
    dropped: [],
  });
});

test('the first hundred of each kind are taken', () => {
  const many = Array.from({ length: 150 }, (_, index) => ({ host: '1.2.3.4', port: index + 1 }));
  const six = Array.from({ length: 150 }, (_, index) => ({ host: '2001:db8::1', port: index + 1 }));
  const payload = encode({
    added: encodeCompact(many.slice(0, 60), 4),
    added6: encodeCompact(six, 6),
    dropped: encodeCompact(many, 4),
    dropped6: encodeCompact(six, 6),
  });
  const { added, dropped } = decodePexMessage(payload);
  expect([added.length, dropped.length]).toEqual([100, 100]);
  expect(added[60]).toEqual({ host: '2001:db8::1', port: 1, flags: 0 });
  expect(decodePexMessage(payload, { contacts: 3 }).added).toHaveLength(3);
});

test.each<[string, Uint8Array]>([
  ['nothing', new Uint8Array(0)],
  ['a list', encode([])],
  ['no bencode', latin('hello')],
  ['half a dictionary', latin('d5:added6:')],
  ['a string that says a gigabyte', latin('d5:added1000000000:')],
  ['a deep one', latin(`d1:a${'l'.repeat(40)}`)],
  ['a million keys', latin(`d1:al${'i0e'.repeat(1_000)}ee`)],
  ['more than half a megabyte', encode({ added: new Uint8Array(600_000) })],
])('refused: %s', (_, payload) => {
  expect(() => decodePexMessage(payload)).toThrow(UtPexError);
  expect(() => decodePexMessage(payload)).toThrow(expect.objectContaining({ code: 'ERR_UT_PEX_MESSAGE' }));
});

test('misuse when encoding', () => {
  expect(() => encodePexMessage({ added: [], dropped: [] })).toThrow(RangeError);
  expect(() => encodePexMessage({ added: [{ host: 'a.example', port: 1, flags: 0 }], dropped: [] })).toThrow(
    RangeError,
  );
});
