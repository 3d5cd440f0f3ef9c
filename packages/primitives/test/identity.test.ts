import { expect, test } from 'vitest';
import { InfoHash, PeerId } from '../src/index.ts';

test('an info-hash is 20 or 32 bytes, and a v2 one is truncated on the wire', () => {
  const v1 = InfoHash.fromHex('0123456789ABCDEF0123456789abcdef01234567');
  expect(v1.hex).toBe('0123456789abcdef0123456789abcdef01234567');
  expect(v1.version).toBe('v1');
  const v2 = new InfoHash(new Uint8Array(32).fill(7));
  expect([v2.version, v2.wireKey.length]).toEqual(['v2', 20]);
  expect(() => InfoHash.fromHex('zz')).toThrow(/hexadecimal/);
  expect(() => new InfoHash(new Uint8Array(19))).toThrow(/not 19/);
});

test('a new peer id keeps its prefix and takes the rest from the random bytes', () => {
  const id = PeerId.create('-SH0100-', (length) => new Uint8Array(length).fill(11));
  expect(new TextDecoder().decode(id.bytes)).toBe('-SH0100-bbbbbbbbbbbb');
  expect(id.client).toBe('Shoal 0.1.0');
});

test.each([
  ['-TR3000-abcdefghijkl', 'Transmission 3.0.0'],
  ['A2-1-36-0-abcdefghij', 'aria2 1.36.0'],
  ['-LT2080-abcdefghijkl', 'libtorrent 2.0.8'],
  ['\u0001\u0002strange-client!!!!', '..strange-client!!!!'],
])('the client behind %j', (text, client) => {
  expect(new PeerId(Uint8Array.from(text, (character) => character.charCodeAt(0))).client).toBe(client);
});
