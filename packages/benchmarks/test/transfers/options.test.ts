import { expect, test } from 'vitest';
import { MIB } from '../../src/payload.ts';
import { parseTransferOptions } from '../../src/transfers/options.ts';

test('the defaults are 256 MiB, three rounds, all clients against libtorrent, in both roles', () => {
  const options = parseTransferOptions([]);
  expect(options).toMatchObject({ size: 256 * MIB, rounds: 3, roles: ['leech', 'seed'], limitMs: 124_000 });
  expect(options.clients.map(({ name }) => name)).toEqual(['shoal', 'libtorrent', 'webtorrent']);
  expect(options.reference.name).toBe('libtorrent');
});

test('each can be chosen', () => {
  const options = parseTransferOptions([
    ...['--size', '8', '--rounds', '1'],
    ...['--clients', 'shoal', '--reference', 'shoal', '--roles', 'seed', '--timeout', '9'],
  ]);
  expect(options).toMatchObject({ size: 8 * MIB, rounds: 1, roles: ['seed'], limitMs: 9_000 });
});

test.each([
  [['--size', '0'], '--size wants a whole number from 1 to 16384, not "0"'],
  [['--rounds', 'x'], '--rounds wants a whole number from 1 to 100, not "x"'],
  [['--clients', 'shoal,other'], 'no client is called "other"; there are shoal,libtorrent,webtorrent'],
  [['--roles', 'both'], 'a role is leech or seed, not "both"'],
])('%j is wrong', (argv, fault) => {
  expect(() => parseTransferOptions(argv)).toThrow(fault);
});
