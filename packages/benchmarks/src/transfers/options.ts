// The options of the transfers.
import { parseArgs } from 'node:util';
import { wholeNumber } from '../measurement.ts';
import { MIB } from '../payload.ts';
import type { BenchOptions } from './bench.ts';
import type { Client, Role } from './client.ts';
import { libtorrent, webtorrent } from './driven.ts';
import { shoal } from './shoal.ts';

const CLIENTS: readonly Client[] = [shoal, libtorrent, webtorrent];
const NAMES: string = CLIENTS.map(({ name }) => name).join(',');
const MAX_SIZE_MIB = 16_384;
const MAX_ROUNDS = 100;

export const USAGE: readonly string[] = [
  '--size MIB        payload (default 256)',
  '--rounds N        how often everything is run; the median counts (default 3)',
  `--clients NAMES   which to measure (default ${NAMES})`,
  '--reference NAME  the other side of every transfer (default libtorrent)',
  '--roles ROLES     leech, seed or both (default leech,seed)',
  '--timeout S       bound of one transfer (default 60, and 1 more for each 4 MiB)',
];

/** Throws on wrong usage. */
export function parseTransferOptions(argv: readonly string[]): Omit<BenchOptions, 'signal' | 'onStep'> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      size: { type: 'string', default: '256' },
      rounds: { type: 'string', default: '3' },
      clients: { type: 'string', default: NAMES },
      reference: { type: 'string', default: 'libtorrent' },
      roles: { type: 'string', default: 'leech,seed' },
      timeout: { type: 'string' },
    },
  });
  const sizeMib = wholeNumber('size', values.size, MAX_SIZE_MIB);
  const seconds = values.timeout === undefined ? 60 + sizeMib / 4 : wholeNumber('timeout', values.timeout, 86_400);
  return {
    size: sizeMib * MIB,
    rounds: wholeNumber('rounds', values.rounds, MAX_ROUNDS),
    clients: values.clients.split(',').map(clientOf),
    reference: clientOf(values.reference),
    roles: values.roles.split(',').map(roleOf),
    limitMs: seconds * 1_000,
  };
}

function clientOf(name: string): Client {
  const client = CLIENTS.find((each) => each.name === name);
  if (!client) throw new RangeError(`no client is called "${name}"; there are ${NAMES}`);
  return client;
}

function roleOf(name: string): Role {
  if (name !== 'leech' && name !== 'seed') throw new RangeError(`a role is leech or seed, not "${name}"`);
  return name;
}
