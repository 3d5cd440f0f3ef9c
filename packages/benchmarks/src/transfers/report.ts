// The result as a person reads it: a table for each role, ratios of ours to the others', and the machine's limits.
import { MIB } from '../payload.ts';
import { alignColumns, median } from '../statistics.ts';
import type { BenchResult, Entry } from './bench.ts';
import type { Role } from './client.ts';

const GIB = 1024 * MIB;
const OURS = 'shoal';

/** Medians of an entry's runs; null where there is none. */
export interface Summary {
  /** MiB a second. */
  readonly rate: number;
  readonly lowestRate: number;
  readonly highestRate: number;
  readonly seconds: number;
  readonly cpuPerGib: number | null;
  /** MiB. */
  readonly peakResident: number | null;
  readonly peakAnonymous: number | null;
}

export function summaryOf({ runs }: Pick<Entry, 'runs'>): Summary | undefined {
  if (runs.length === 0) return undefined;
  const rates = runs.map(({ verified, seconds }) => verified / MIB / seconds);
  const measured = (values: readonly (number | null)[]): number | null => {
    const known = values.filter((value) => value !== null);
    return known.length === 0 ? null : median(known);
  };
  const inMib = (bytes: number | null): number | null => (bytes === null ? null : bytes / MIB);
  return {
    rate: median(rates),
    lowestRate: Math.min(...rates),
    highestRate: Math.max(...rates),
    seconds: median(runs.map(({ seconds }) => seconds)),
    cpuPerGib: measured(runs.map(({ cpuSeconds, verified }) => cpuSeconds && (cpuSeconds * GIB) / verified)),
    peakResident: measured(runs.map(({ peakResident }) => inMib(peakResident))),
    peakAnonymous: measured(runs.map(({ peakAnonymous }) => inMib(peakAnonymous))),
  };
}

/** The whole report, lines joined. */
export function formatReport(result: BenchResult): string {
  const { machine, size, pieceLength, rounds, reference } = result;
  const place = machine.inMemory ? 'tmpfs' : 'disk';
  const [before, after] = machine.loads.map((load) => load.toFixed(1));
  const lines = [
    `${size / MIB} MiB in pieces of ${pieceLength / MIB} MiB, one peer over plain TCP on loopback, ${place}; ` +
      `median of ${rounds} (lowest to highest)`,
    `${machine.cores} cores (${machine.cpu}), ${Math.round(machine.memory / GIB)} GiB, ${machine.system}, ` +
      `Node ${machine.node}; load ${before} before, ${after} after`,
  ];
  const limits = limitsOf(result);
  for (const role of ['leech', 'seed'] as const) {
    const entries = result.entries.filter((entry) => entry.role === role);
    if (entries.length > 0) lines.push('', ...formatRole(role, entries, reference.client, limits?.loopback));
  }
  if (limits) {
    const { loopback, sha1, write } = limits;
    lines.push('', "the machine's limits, MiB/s");
    lines.push(`  loopback copy ${loopback.toFixed(0)}   SHA-1 ${sha1.toFixed(0)}   write ${write.toFixed(0)}`);
  }
  for (const { client, reason } of result.skipped) lines.push('', `skipped ${client}: ${reason}`);
  for (const { client, role, failures } of result.entries) {
    for (const failure of failures) lines.push('', `FAILED ${client} as ${role}: ${failure}`);
  }
  return lines.join('\n');
}

function limitsOf({ limits }: BenchResult): { loopback: number; sha1: number; write: number } | undefined {
  if (limits.length === 0) return undefined;
  const of = (name: 'loopback' | 'sha1' | 'write'): number => median(limits.map((each) => each[name])) / MIB;
  return { loopback: of('loopback'), sha1: of('sha1'), write: of('write') };
}

function formatRole(role: Role, entries: readonly Entry[], reference: string, loopback: number | undefined): string[] {
  const heading = role === 'leech' ? `leeching from a ${reference} seed` : `seeding to a ${reference} leech`;
  const rows = [[heading, 'MiB/s', '', 'of loopback', 'seconds', 'CPU s/GiB', 'peak MiB', 'anonymous']];
  for (const entry of entries) {
    const summary = summaryOf(entry);
    const name = `  ${entry.client} ${entry.version ?? ''}`;
    rows.push(summary ? [name, ...cellsOf(summary, loopback)] : [name, 'failed', '', '', '', '', '', '']);
  }
  const table = alignColumns(rows);
  if (entries.some(({ runs }) => runs.some(({ since }) => since === 'launch'))) {
    table.push('  (timed from the launch of the leech: the other side does not say when its first byte moved)');
  }
  return [...table, ...ratiosOf(entries)];
}

function cellsOf(summary: Summary, loopback: number | undefined): string[] {
  return [
    summary.rate.toFixed(0),
    `(${summary.lowestRate.toFixed(0)} to ${summary.highestRate.toFixed(0)})`,
    loopback === undefined ? '' : `${((100 * summary.rate) / loopback).toFixed(0)} %`,
    summary.seconds.toFixed(2),
    number(summary.cpuPerGib, 2),
    number(summary.peakResident, 0),
    number(summary.peakAnonymous, 0),
  ];
}

function ratiosOf(entries: readonly Entry[]): string[] {
  const ours = entries.find(({ client }) => client === OURS);
  const mine = ours && summaryOf(ours);
  if (!mine) return [];
  return entries.flatMap((entry) => {
    const theirs = entry === ours ? undefined : summaryOf(entry);
    if (!theirs) return [];
    const ratio = (a: number | null, b: number | null): string => (a && b ? (a / b).toFixed(2) : '–');
    const speed = ratio(mine.rate, theirs.rate);
    const cpu = ratio(mine.cpuPerGib, theirs.cpuPerGib);
    const memory = ratio(mine.peakAnonymous, theirs.peakAnonymous);
    return [`  ${OURS} / ${entry.client}: speed ${speed}, CPU ${cpu}, anonymous memory ${memory}`];
  });
}

function number(value: number | null, digits: number): string {
  return value === null ? '–' : value.toFixed(digits);
}
