import { expect, test } from 'vitest';
import { createHostCheck, isLoopback, isWildcard, originOf, parseHttpAddress } from '../src/node/index.ts';

test.each([
  ['8080', { host: undefined, port: 8080 }],
  [':8080', { host: undefined, port: 8080 }],
  ['*:8080', { host: undefined, port: 8080 }],
  ['localhost:0', { host: 'localhost', port: 0 }],
  ['127.0.0.1:65535', { host: '127.0.0.1', port: 65_535 }],
  ['[::1]:80', { host: '::1', port: 80 }],
  ['[nonsense]:80', undefined],
  ['::1:80', undefined],
  ['a b:80', undefined],
  ['host:65536', undefined],
  ['host', undefined],
  ['', undefined],
])('%j', (text, address) => {
  expect(parseHttpAddress(text)).toEqual(address);
});

test('which addresses mean all of them, and which only this machine', () => {
  expect([undefined, '0.0.0.0', '::', '0:0::0', '127.0.0.1', 'localhost'].map(isWildcard)).toEqual([
    ...[true, true, true, true],
    ...[false, false],
  ]);
  expect(['127.9.9.9', '::1', '::ffff:127.0.0.1', '10.0.0.1', 'localhost'].map(isLoopback)).toEqual([
    ...[true, true, true],
    ...[false, false],
  ]);
});

test('a wildcard is reached over loopback from here', () => {
  expect(originOf({ host: undefined, port: 80 })).toBe('http://127.0.0.1:80');
  expect(originOf({ host: '2001:db8::1', port: 80 })).toBe('http://[2001:db8::1]:80');
});

test('of names the public one and localhost alone are ours', () => {
  const isOurs = createHostCheck('https://Files.Example:8443/x');
  const ours = [undefined, 'files.example', 'FILES.example.:99', 'localhost:1', '10.1.2.3', '[2001:db8::1]:80'];
  const foreign = [
    'evil.example',
    'localhost.evil.example',
    '',
    'a b',
    '[::1',
    'files.example:99999',
    '127.0.0.1.evil',
  ];
  expect(ours.filter((header) => !isOurs(header))).toEqual([]);
  expect(foreign.filter((header) => isOurs(header))).toEqual([]);
});
