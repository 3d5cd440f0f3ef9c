import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { allowedFastSet } from '../src/index.ts';

const sha1 = (bytes: Uint8Array): Uint8Array => createHash('sha1').update(bytes).digest();
const INFO_HASH = new Uint8Array(20).fill(0xaa);
const IP = Uint8Array.of(80, 4, 4, 200);

test("BEP 6's two vectors", () => {
  expect(allowedFastSet(IP, INFO_HASH, 1313, 7, sha1)).toEqual([1059, 431, 808, 1217, 287, 376, 1188]);
  expect(allowedFastSet(IP, INFO_HASH, 1313, 9, sha1)).toEqual([1059, 431, 808, 1217, 287, 376, 1188, 353, 508]);
});

test('neighbours in one /24 share a set; a small torrent allows all; other addresses have none', () => {
  const set = allowedFastSet(IP, INFO_HASH, 1313, 10, sha1);
  expect(allowedFastSet(Uint8Array.of(80, 4, 4, 1), INFO_HASH, 1313, 10, sha1)).toEqual(set);
  expect(allowedFastSet(Uint8Array.of(80, 4, 5, 1), INFO_HASH, 1313, 10, sha1)).not.toEqual(set);
  expect(allowedFastSet(IP, INFO_HASH, 3, 10, sha1)).toEqual([0, 1, 2]);
  expect(new Set(allowedFastSet(IP, INFO_HASH, 11, 10, sha1)).size).toBe(10);
  expect(allowedFastSet(IP, INFO_HASH, 1313, 0, sha1)).toEqual([]);
  expect(allowedFastSet(new Uint8Array(16), INFO_HASH, 1313, 10, sha1)).toEqual([]);
  expect(() => allowedFastSet(IP, new Uint8Array(32), 1313, 10, sha1)).toThrow(RangeError);
});
