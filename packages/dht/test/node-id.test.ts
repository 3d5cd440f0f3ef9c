import { toHex } from '@shoal/primitives';
import { seededRandom } from '@shoal/testkit';
import { expect, test } from 'vitest';
import { commonPrefix, compareDistance, idNear, isNodeIdFor, nodeIdFor } from '../src/node-id.ts';
import { hex } from './bytes.ts';

// BEP 42: address, the random byte, and the id of the example.
const VECTORS = [
  ['124.31.75.21', 1, '5fbfbff10c5d6a4ec8a88e4c6ab4c28b95eee401'],
  ['21.75.31.124', 86, '5a3ce9c14e7a08645677bbd1cfe7d8f956d53256'],
  ['65.23.51.170', 22, 'a5d43220bc8f112a3d426c84764f8c2a1150e616'],
  ['84.124.73.14', 65, '1b0321dd1bb1fe518101ceef99462b947a01ff41'],
  ['43.213.53.83', 90, 'e56f6cbf5b7c4be0237986d5243b87aa6d51305a'],
] as const;

test.each(VECTORS)('BEP 42: %s with %i bears %s', (host, random, id) => {
  expect(isNodeIdFor(hex(id), host)).toBe(true);
  const made = nodeIdFor(host, () => hex(id).with(19, random));
  // The first 21 bits are the address's, the last byte is the random one.
  expect(toHex(made)).toBe(id);
  const wrong = hex(id);
  wrong[0] = (wrong[0] as number) ^ 1;
  expect(isNodeIdFor(wrong, host)).toBe(false);
  expect(isNodeIdFor(hex(id), '1.2.3.4')).toBe(false);
});

test('over IPv6 the first 64 bits count', () => {
  const id = nodeIdFor('2001:db8:1:2::3', seededRandom(1).bytes);
  expect(isNodeIdFor(id, '2001:db8:1:2::3')).toBe(true);
  expect(isNodeIdFor(id, '2001:db8:1:2:ffff::9')).toBe(true);
  expect(isNodeIdFor(id, '2001:db8:1:5::3')).toBe(false);
});

test('local addresses may bear any id, what is no address none', () => {
  const id = new Uint8Array(20);
  for (const host of [
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '169.254.1.1',
    '127.0.0.1',
    '::1',
    'fe80::1',
    'fd00::1',
  ]) {
    expect(isNodeIdFor(id, host)).toBe(true);
  }
  expect(isNodeIdFor(id, '172.32.0.1')).toBe(false);
  expect(isNodeIdFor(id, 'example.org')).toBe(false);
  expect(() => nodeIdFor('example.org', seededRandom(1).bytes)).toThrow(RangeError);
});

test('distance orders by XOR', () => {
  const target = hex('00000000000000000000000000000000000000f0');
  const near = hex('00000000000000000000000000000000000000f1');
  const far = hex('0100000000000000000000000000000000000000');
  expect(compareDistance(target, near, far)).toBeLessThan(0);
  expect(compareDistance(target, far, near)).toBeGreaterThan(0);
  expect(compareDistance(target, far, far)).toBe(0);
});

test('an id near another shares exactly so many bits', () => {
  const random = seededRandom(2);
  const id = random.bytes(20);
  for (let bits = 0; bits <= 160; bits++) expect(commonPrefix(id, idNear(id, bits, random.bytes))).toBe(bits);
});
