// The command line of the benchmark.
import { parseArgs } from 'node:util';
import type { BenchOptions } from './bench.ts';
import type { Client, Role } from './client.ts';
import { libtorrent, webtorrent } from './driven.ts';
import { MIB } from './payload.ts';
import { shoal } from './shoal.ts';

const CLIENTS: readonly Client[] = [shoal, libtorrent, webtorrent];
const NAMES: string = CLIENTS.map(({ name }) => name).join(',');
const MAX_SIZE_MIB = 16_384;
const MAX_ROUNDS = 100;

const USAGE = `Usage: pnpm bench [options]

One transfer over loopback by shoal beside the same one by others, and the limits of the machine.

  --size MIB        payload (default 256)
  --rounds N        how often everything is run; the median counts (default 3)
  --clients NAMES   which to measure (default ${NAMES})
  --reference NAME  the other side of every transfer (default libtorrent)
  --roles ROLES     leech, seed or both (default leech,seed)
  --timeout S       bound of one transfer (default 60, and 1 more for each 4 MiB)
  --lookups         instead: what lookups cost in nets of 64, 256 and 1,024 DHT nodes
  --magnet          instead: how long a magnet link takes to its first block; five rounds unless told
  --json            print the result, every run in it, as JSON
  --help            print this`;

/** Another measurement than transfers. */
export interface Lookups {
  readonly lookups: true;
  readonly json: boolean;
}

/** Another one. */
export interface Magnets {
  readonly magnets: true;
  readonly rounds: number;
  readonly json: boolean;
}

export type Options = Omit<BenchOptions, 'signal' | 'onStep'> & { readonly json: boolean };

/** A wrong word is an answer, not an exception. */
export function parseOptions(
  argv: readonly string[],
): Options | Lookups | Magnets | { readonly fault: string } | { readonly help: string } {
  try {
    return read(argv);
  } catch (error) {
    return { fault: `${(error as Error).message}\n${USAGE}` };
  }
}

function read(argv: readonly string[]): Options | Lookups | Magnets | { readonly help: string } {
  const { values } = parseArgs({
    args: argv.filter((argument) => argument !== '--'),
    options: {
      size: { type: 'string', default: '256' },
      rounds: { type: 'string' },
      clients: { type: 'string', default: NAMES },
      reference: { type: 'string', default: 'libtorrent' },
      roles: { type: 'string', default: 'leech,seed' },
      timeout: { type: 'string' },
      lookups: { type: 'boolean', default: false },
      magnet: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return { help: USAGE };
  if (values.lookups) return { lookups: true, json: values.json };
  const rounds = whole('rounds', values.rounds ?? (values.magnet ? '5' : '3'), MAX_ROUNDS);
  if (values.magnet) return { magnets: true, rounds, json: values.json };
  const sizeMib = whole('size', values.size, MAX_SIZE_MIB);
  const seconds = values.timeout === undefined ? 60 + sizeMib / 4 : whole('timeout', values.timeout, 86_400);
  return {
    size: sizeMib * MIB,
    rounds,
    clients: values.clients.split(',').map(clientOf),
    reference: clientOf(values.reference),
    roles: values.roles.split(',').map(roleOf),
    limitMs: seconds * 1_000,
    json: values.json,
  };
}

function whole(name: string, text: string, most: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > most) {
    throw new RangeError(`--${name} wants a whole number from 1 to ${most}, not "${text}"`);
  }
  return value;
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
