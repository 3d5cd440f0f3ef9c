import { expect, test } from 'vitest';
import { createOriginCheck } from '../src/node/index.ts';

const isOurs = createOriginCheck('https://files.example:8443/x');
const host = '10.0.0.7:8080';

test.each([
  ['a program', {}, true],
  ['our own page', { origin: 'http://10.0.0.7:8080', 'sec-fetch-site': 'same-origin' }, true],
  ['our page under its public name', { origin: 'https://files.example:8443' }, true],
  ['a typed address', { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }, true],
  [
    'a link that was followed',
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    true,
  ],
  ["a stranger's script", { origin: 'https://evil.example' }, false],
  ['another port of our host', { origin: 'http://10.0.0.7:9090' }, false],
  ['a sandboxed frame', { origin: 'null' }, false],
  ['nonsense', { origin: 'nonsense' }, false],
  ["a stranger's picture", { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }, false],
  ["a neighbour's script", { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors' }, false],
  [
    "a stranger's frame",
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    false,
  ],
])('%s', (_who, headers, answer) => {
  expect(isOurs({ host, ...headers })).toBe(answer);
});
