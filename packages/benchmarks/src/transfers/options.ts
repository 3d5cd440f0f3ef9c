// The options of the transfers and of their growth.
import { parseArgs } from 'node:util';
import { wholeNumber } from '../measurement.ts';
import { MIB } from '../payload.ts';
import type { BenchOptions } from './bench.ts';
import type { Client, Role } from './client.ts';
import { CLIENTS } from './clients/all.ts';
import type { GrowthOptions } from './growth.ts';
import { copiesOf, PROFILES, type Profile, profileOf, scaled } from './profiles.ts';

const NAMES: string = CLIENTS.map(({ name }) => name).join(',');
const MAX_SIZE_MIB = 16_384;
const MAX_ROUNDS = 100;
const DEFAULT_PROFILE = 'file';
const DEFAULT_REFERENCE = 'libtorrent';

const SHARED = {
  size: { type: 'string' },
  rounds: { type: 'string', default: '3' },
  reference: { type: 'string', default: DEFAULT_REFERENCE },
  disk: { type: 'boolean', default: false },
  timeout: { type: 'string' },
} as const;

export const TRANSFER_USAGE: readonly string[] = [
  `--profile NAME    which transfer (default ${DEFAULT_PROFILE}):`,
  ...PROFILES.map(({ name, about }) => `  ${name.padEnd(16)}${about}`),
  "--size MIB        payload, instead of the profile's; files stay as large as they are",
  '--rounds N        how often everything is run; the median counts (default 3)',
  '--clients NAMES   which to measure (default all):',
  `  ${NAMES}`,
  `--reference NAME  the other side of every transfer (default ${DEFAULT_REFERENCE})`,
  "--roles ROLES     leech, seed or both (default: the profile's)",
  '--disk            in the temporary folder, which must be on a disk, not in memory',
  '--timeout S       bound of one transfer (default 60, and 1 more for each 4 MiB)',
];

export const GROWTH_USAGE: readonly string[] = [
  '--size MIB        payload of the first profile (default 1024), to which the others keep',
  '                  their proportion',
  '--rounds N        how often everything is run; the median counts (default 3)',
  '--client NAME     whose (default shoal)',
  `--reference NAME  the other side of every transfer (default ${DEFAULT_REFERENCE})`,
  '--disk            in the temporary folder, which must be on a disk, not in memory',
  '--timeout S       bound of one transfer (default 60, and 1 more for each 4 MiB)',
];

/** Throws on wrong usage. */
export function parseTransferOptions(argv: readonly string[]): Omit<BenchOptions, 'signal' | 'onStep'> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      ...SHARED,
      profile: { type: 'string', default: DEFAULT_PROFILE },
      clients: { type: 'string', default: NAMES },
      roles: { type: 'string' },
    },
  });
  const chosen = profileOf(values.profile);
  const size = values.size === undefined ? chosen.size : wholeNumber('size', values.size, MAX_SIZE_MIB) * MIB;
  const profile = scaled(chosen, size);
  return {
    profile,
    onDisk: values.disk,
    rounds: wholeNumber('rounds', values.rounds, MAX_ROUNDS),
    clients: values.clients.split(',').map(clientOf),
    reference: clientOf(values.reference),
    roles: values.roles === undefined ? profile.roles : values.roles.split(',').map((name) => roleOf(name, profile)),
    limitMs: limitMsOf(values.timeout, profile),
  };
}

/** Throws on wrong usage. */
export function parseGrowthOptions(argv: readonly string[]): Omit<GrowthOptions, 'signal' | 'onStep'> {
  const { values } = parseArgs({
    args: [...argv],
    options: { ...SHARED, client: { type: 'string', default: 'shoal' } },
  });
  const base = profileOf(DEFAULT_PROFILE);
  const scale = values.size === undefined ? 1 : (wholeNumber('size', values.size, MAX_SIZE_MIB) * MIB) / base.size;
  const profiles = PROFILES.map((profile) => scaled(profile, Math.round(profile.size * scale)));
  const largest = profiles.reduce((a, b) => (a.size > b.size ? a : b));
  return {
    base: base.name,
    profiles,
    onDisk: values.disk,
    rounds: wholeNumber('rounds', values.rounds, MAX_ROUNDS),
    client: clientOf(values.client),
    reference: clientOf(values.reference),
    limitMs: limitMsOf(values.timeout, largest),
  };
}

function limitMsOf(timeout: string | undefined, profile: Profile): number {
  const moved = (profile.size / MIB) * Math.max(...profile.roles.map((role) => copiesOf(profile, role)));
  return 1_000 * (timeout === undefined ? 60 + Math.ceil(moved / 4) : wholeNumber('timeout', timeout, 86_400));
}

function clientOf(name: string): Client {
  const client = CLIENTS.find((each) => each.name.toLowerCase() === name.toLowerCase());
  if (!client) throw new RangeError(`no client is called "${name}"; there are ${NAMES}`);
  return client;
}

function roleOf(name: string, { name: profile, roles }: Profile): Role {
  if (name !== 'leech' && name !== 'seed') throw new RangeError(`a role is leech or seed, not "${name}"`);
  if (!roles.includes(name)) throw new RangeError(`in the profile ${profile} nobody is measured as a ${name}`);
  return name;
}
