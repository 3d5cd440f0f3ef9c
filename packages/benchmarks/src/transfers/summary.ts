// Medians of a client's runs, and our ratios to the others' and to the machine's limits.
import { MIB } from '../payload.ts';
import { median } from '../statistics.ts';
import type { BenchResult, Entry } from './bench.ts';
import type { Role } from './client.ts';
import type { Limit, Limits } from './limits.ts';
import type { Transfer } from './transfer.ts';

export const GIB: number = 1024 * MIB;
/** Whose ratios are told. */
const OURS = 'shoal';
const LIMITS: readonly (keyof Limits)[] = ['loopback', 'sha1', 'write'];

/** Medians of an entry's runs; null where there is none. */
export interface Summary {
  /** MiB a second. */
  readonly rate: number;
  readonly lowestRate: number;
  readonly highestRate: number;
  readonly seconds: number;
  readonly beforeFirstByte: number | null;
  /** CPU seconds for a GiB that arrived, of the measured side and of all opposite together. */
  readonly cpuPerGib: number | null;
  readonly otherCpuPerGib: number | null;
  /** MiB. */
  readonly peakResident: number | null;
  readonly peakAnonymous: number | null;
}

export function summaryOf({ runs }: Pick<Entry, 'runs'>): Summary | undefined {
  if (runs.length === 0) return undefined;
  const rates = runs.map(({ verified, seconds }) => verified / MIB / seconds);
  const known = (of: (run: Transfer) => number | null): number | null => {
    const values = runs.map(of).filter((value) => value !== null);
    return values.length === 0 ? null : median(values);
  };
  return {
    rate: median(rates),
    lowestRate: Math.min(...rates),
    highestRate: Math.max(...rates),
    seconds: median(runs.map(({ seconds }) => seconds)),
    beforeFirstByte: known(({ beforeFirstByte }) => beforeFirstByte),
    cpuPerGib: known(({ cpuSeconds, verified }) => perGib(cpuSeconds, verified)),
    otherCpuPerGib: known(({ otherCpuSeconds, verified }) => perGib(otherCpuSeconds, verified)),
    peakResident: known(({ peakResident }) => peakResident && peakResident / MIB),
    peakAnonymous: known(({ peakAnonymous }) => peakAnonymous && peakAnonymous / MIB),
  };
}

export function perGib(cpuSeconds: number | null, bytes: number): number | null {
  return cpuSeconds === null ? null : (cpuSeconds * GIB) / bytes;
}

/** Ours divided by another's; null where one of the two is not known. */
export interface Ratio {
  readonly role: Role;
  /** A client, or a limit of the machine's. */
  readonly to: string;
  readonly speed: number;
  readonly cpu: number | null;
  readonly resident: number | null;
  readonly anonymous: number | null;
}

export function ratiosOf(result: Pick<BenchResult, 'entries' | 'limits'>): Ratio[] {
  const limits = limitsOf(result.limits);
  return result.entries.flatMap((ours) => {
    const mine = ours.client === OURS ? summaryOf(ours) : undefined;
    if (!mine) return [];
    const { role } = ours;
    const toClients = result.entries.flatMap((entry) => {
      const theirs = entry.role === role && entry !== ours ? summaryOf(entry) : undefined;
      if (!theirs) return [];
      return {
        role,
        to: entry.client,
        speed: mine.rate / theirs.rate,
        cpu: quotient(mine.cpuPerGib, theirs.cpuPerGib),
        resident: quotient(mine.peakResident, theirs.peakResident),
        anonymous: quotient(mine.peakAnonymous, theirs.peakAnonymous),
      };
    });
    const toLimits = LIMITS.flatMap((name) => {
      const limit = limits?.[name];
      if (!limit) return [];
      const cpu = quotient(mine.cpuPerGib, limit.cpuPerGib);
      return { role, to: name, speed: (mine.rate * MIB) / limit.rate, cpu, resident: null, anonymous: null };
    });
    return [...toClients, ...toLimits];
  });
}

/** Medians of all rounds. */
export function limitsOf(limits: readonly Limits[]): Limits | undefined {
  if (limits.length === 0) return undefined;
  const of = (name: keyof Limits): Limit => ({
    rate: median(limits.map((each) => each[name].rate)),
    cpuPerGib: median(limits.map((each) => each[name].cpuPerGib)),
  });
  return { loopback: of('loopback'), sha1: of('sha1'), write: of('write') };
}

function quotient(a: number | null, b: number | null): number | null {
  return a && b ? a / b : null;
}
