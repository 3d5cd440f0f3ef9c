import { expect, test } from 'vitest';
import { MIB } from '../../src/payload.ts';
import { CLIENTS } from '../../src/transfers/clients/all.ts';
import { parseGrowthOptions, parseTransferOptions } from '../../src/transfers/options.ts';
import { PROFILES } from '../../src/transfers/profiles.ts';

test('the defaults are 1 GiB in memory, three rounds, all clients against libtorrent, in both roles', () => {
  const options = parseTransferOptions([]);
  expect(options).toMatchObject({
    profile: { name: 'file', size: 1024 * MIB, pieceLength: MIB },
    onDisk: false,
    rounds: 3,
    roles: ['leech', 'seed'],
    limitMs: 316_000,
  });
  expect(options.clients).toEqual(CLIENTS);
  expect(options.reference.name).toBe('libtorrent');
});

test('each can be chosen', () => {
  const options = parseTransferOptions([
    ...['--profile', 'large', '--size', '8', '--rounds', '1', '--disk'],
    ...['--clients', 'shoal,rtorrent', '--reference', 'shoal', '--roles', 'seed', '--timeout', '9'],
  ]);
  expect(options).toMatchObject({
    profile: { name: 'large', size: 8 * MIB, pieceLength: 4 * MIB },
    onDisk: true,
    rounds: 1,
    roles: ['seed'],
    limitMs: 9_000,
  });
  expect(options.clients.map(({ name }) => name)).toEqual(['shoal', 'rTorrent']);
});

test.each(PROFILES)('$name measures what it can unless told', ({ name, roles, size }) => {
  expect(parseTransferOptions(['--profile', name])).toMatchObject({ roles, profile: { name, size } });
});

test('growth has every profile, and scales all by the size of the first', () => {
  const { base, profiles, client } = parseGrowthOptions(['--size', '64']);
  expect([base, client.name]).toEqual(['file', 'shoal']);
  expect(profiles.map(({ name, size, files }) => [name, size / MIB, files])).toEqual([
    ['file', 64, 1],
    ['large', 256, 1],
    ['tree', 32, 125],
    ['one-to-eight', 16, 1],
    ['eight-to-one', 64, 1],
  ]);
});

test.each([
  [['--size', '0'], '--size wants a whole number from 1 to 16384, not "0"'],
  [['--rounds', 'x'], '--rounds wants a whole number from 1 to 100, not "x"'],
  [['--clients', 'shoal,other'], 'no client is called "other"; there are shoal,'],
  [['--profile', 'huge'], 'no profile is called "huge"; there are file, large, tree, one-to-eight, eight-to-one'],
  [['--roles', 'both'], 'a role is leech or seed, not "both"'],
  [['--profile', 'one-to-eight', '--roles', 'leech'], 'in the profile one-to-eight nobody is measured as a leech'],
])('%j is wrong', (argv, fault) => {
  expect(() => parseTransferOptions(argv)).toThrow(fault);
});
