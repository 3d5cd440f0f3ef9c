import { expect, test } from 'vitest';
import { crc32c, decodeCompact, encodeCompact, formatEndpoint, normalizeIp, parseEndpoint } from '../src/index.ts';

test('compact IPv4 and IPv6 read back', () => {
  const endpoints = [
    { host: '10.0.0.1', port: 6881 },
    { host: '2001:db8::1', port: 1 },
  ];
  expect(decodeCompact(encodeCompact(endpoints, 4), 4)).toEqual([endpoints[0]]);
  expect(decodeCompact(encodeCompact(endpoints, 6), 6)).toEqual([endpoints[1]]);
  expect(() => decodeCompact(new Uint8Array(7), 4)).toThrow(/7 is no multiple of 6/);
});

test.each([
  ['127.0.0.1:80', { host: '127.0.0.1', port: 80 }],
  ['[::1]:443', { host: '::1', port: 443 }],
  ['[::ffff:1.2.3.4]:5', { host: '1.2.3.4', port: 5 }],
  ['tracker.example:6969', { host: 'tracker.example', port: 6969 }],
])('endpoint %s', (text, endpoint) => {
  expect(parseEndpoint(text)).toEqual(endpoint);
});

test.each(['1.2.3.4', '1.2.3.4:0', '1.2.3.4:65536', '::1:80', '[zz]:1', ''])('%j is no endpoint', (text) => {
  expect(() => parseEndpoint(text)).toThrow(/not HOST:PORT/);
});

test.each([
  ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['::', '::'],
  ['1::', '1::'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['fe80::1%lo', 'fe80::1'],
  ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
  ['1:2:3:4:5:6:7', undefined],
  ['1::2::3', undefined],
  ['01.2.3.4', undefined],
])('normal form of %s', (text, expected) => {
  expect(normalizeIp(text)).toBe(expected);
});

test('an endpoint prints with brackets where it must', () => {
  expect(formatEndpoint({ host: '::1', port: 2 })).toBe('[::1]:2');
});

test('CRC32-C of the usual check string', () => {
  expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
});
