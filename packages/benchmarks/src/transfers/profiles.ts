// What is transferred, in which shape, and between how many.
import { KIB, MIB } from '../payload.ts';
import type { Role } from './client.ts';

export interface Profile {
  readonly name: string;
  readonly about: string;
  /** Bytes of the payload. */
  readonly size: number;
  readonly pieceLength: number;
  /** One is a file, more are a folder. */
  readonly files: number;
  /** How many clients are opposite the measured one. */
  readonly others: number;
  /** Those of the measured client. */
  readonly roles: readonly Role[];
}

export const PROFILES: readonly Profile[] = [
  {
    name: 'file',
    about: '1 GiB in pieces of 1 MiB',
    size: 1024 * MIB,
    pieceLength: MIB,
    files: 1,
    others: 1,
    roles: ['leech', 'seed'],
  },
  {
    name: 'large',
    about: '4 GiB in pieces of 4 MiB',
    size: 4096 * MIB,
    pieceLength: 4 * MIB,
    files: 1,
    others: 1,
    roles: ['leech', 'seed'],
  },
  {
    name: 'tree',
    about: '2,000 files of 512 MiB together in pieces of 256 KiB',
    size: 512 * MIB,
    pieceLength: 256 * KIB,
    files: 2_000,
    others: 1,
    roles: ['leech', 'seed'],
  },
  {
    name: 'one-to-eight',
    about: '1 seed to 8 leeches, 256 MiB each',
    size: 256 * MIB,
    pieceLength: MIB,
    files: 1,
    others: 8,
    roles: ['seed'],
  },
  {
    name: 'eight-to-one',
    about: '8 seeds to 1 leech, 1 GiB',
    size: 1024 * MIB,
    pieceLength: MIB,
    files: 1,
    others: 8,
    roles: ['leech'],
  },
];

/** The one with this name. Throws a RangeError where there is none. */
export function profileOf(name: string): Profile {
  const profile = PROFILES.find((each) => each.name === name);
  if (!profile) {
    throw new RangeError(`no profile is called "${name}"; there are ${PROFILES.map((each) => each.name).join(', ')}`);
  }
  return profile;
}

/** The same with another size of the payload, its files as large as they were and therefore fewer or more. */
export function scaled(profile: Profile, size: number): Profile {
  const { files } = profile;
  return { ...profile, size, files: files === 1 ? 1 : Math.max(2, Math.round((files * size) / profile.size)) };
}

/** Copies of the payload that one transfer makes. */
export function copiesOf({ others }: Profile, role: Role): number {
  return role === 'seed' ? others : 1;
}
