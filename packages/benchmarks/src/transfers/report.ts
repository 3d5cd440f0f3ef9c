// The result as a person reads it: a table for each role, our ratios to the others, and the machine's limits.
import { MIB } from '../payload.ts';
import { alignColumns } from '../statistics.ts';
import type { BenchResult, Entry } from './bench.ts';
import type { Role } from './client.ts';
import type { Limit, Limits } from './limits.ts';
import type { Machine } from './machine.ts';
import type { Profile } from './profiles.ts';
import { GIB, limitsOf, type Ratio, ratiosOf, type Summary, summaryOf } from './summary.ts';

const LIMIT_NAMES: Readonly<Record<keyof Limits, string>> = {
  loopback: 'loopback copy',
  sha1: 'SHA-1',
  write: 'write',
};

/** The whole report, lines joined. */
export function formatReport(result: BenchResult): string {
  const { profile, rounds, reference } = result;
  const place = result.inMemory ? 'in memory' : 'on disk';
  const lines = [
    `${profile.name}: ${describeProfile(profile)}, plain TCP on loopback, ${place}; median of ${rounds} (lowest to highest)`,
    formatMachine(result.machine),
  ];
  const ratios = ratiosOf(result);
  for (const role of ['leech', 'seed'] as const) {
    const entries = result.entries.filter((entry) => entry.role === role);
    if (entries.length === 0) continue;
    const heading = headingOf(role, reference.client, profile.others);
    lines.push('', ...formatRole(role, heading, entries));
    lines.push(...ratios.filter((ratio) => ratio.role === role).map(formatRatio));
  }
  const limits = limitsOf(result.limits);
  if (limits) lines.push('', "the machine's limits", `  ${formatLimits(limits)}`);
  for (const { client, reason } of result.skipped) lines.push('', `skipped ${client}: ${reason}`);
  for (const { client, role, failures } of result.entries) {
    for (const failure of failures) lines.push('', `FAILED ${client} as ${role}: ${failure}`);
  }
  return lines.join('\n');
}

export function formatMachine({ cores, cpu, memory, system, node, loads }: Machine): string {
  const [before, after] = loads.map((load) => load.toFixed(1));
  return (
    `${cores} cores (${cpu}), ${Math.round(memory / GIB)} GiB, ${system}, Node ${node}; ` +
    `load ${before} before, ${after} after`
  );
}

function describeProfile({ size, pieceLength, files }: Profile): string {
  const piece = pieceLength < MIB ? `${pieceLength / 1024} KiB` : `${pieceLength / MIB} MiB`;
  const whole = `${Number((size / MIB).toFixed(1))} MiB in pieces of ${piece}`;
  return files === 1 ? whole : `${files} files, ${whole}`;
}

function headingOf(role: Role, reference: string, others: number): string {
  if (role === 'leech')
    return others === 1 ? `leeching from a ${reference} seed` : `leeching from ${others} ${reference} seeds`;
  return others === 1 ? `seeding to a ${reference} leech` : `seeding to ${others} ${reference} leeches`;
}

function formatRole(role: Role, heading: string, entries: readonly Entry[]): string[] {
  const names = ['MiB/s', '', 'seconds', 'CPU s/GiB', "other's", 'peak MiB', 'anonymous'];
  // Of a measured seed it would be the start of the client opposite.
  if (role === 'leech') names.push('first byte s');
  const rows = entries.map((entry) => {
    const summary = summaryOf(entry);
    const cells = summary ? cellsOf(summary).slice(0, names.length) : ['failed', ...names.slice(1).map(() => '')];
    return [`  ${entry.client} ${entry.version ?? ''}`, ...cells];
  });
  const table = alignColumns([[heading, ...names], ...rows]);
  if (entries.some(({ runs }) => runs.some(({ since }) => since === 'launch'))) {
    table.push('  (timed from the launch of the leech: the other side does not say when its first byte moved)');
  }
  return table;
}

function cellsOf(summary: Summary): string[] {
  return [
    summary.rate.toFixed(0),
    `(${summary.lowestRate.toFixed(0)} to ${summary.highestRate.toFixed(0)})`,
    summary.seconds.toFixed(2),
    number(summary.cpuPerGib, 2),
    number(summary.otherCpuPerGib, 2),
    number(summary.peakResident, 0),
    number(summary.peakAnonymous, 0),
    number(summary.beforeFirstByte, 2),
  ];
}

function formatRatio({ to, speed, cpu, resident, anonymous }: Ratio): string {
  if (to in LIMIT_NAMES) {
    return `  shoal / ${LIMIT_NAMES[to as keyof Limits]}: speed ${speed.toFixed(2)}, CPU ${number(cpu, 2)}`;
  }
  const memory = `peak memory ${number(resident, 2)}, anonymous ${number(anonymous, 2)}`;
  return `  shoal / ${to}: speed ${speed.toFixed(2)}, CPU ${number(cpu, 2)}, ${memory}`;
}

function formatLimits(limits: Limits): string {
  const one = (name: string, { rate, cpuPerGib }: Limit): string =>
    `${name} ${(rate / MIB).toFixed(0)} MiB/s (CPU ${cpuPerGib.toFixed(2)} s/GiB)`;
  return (Object.keys(LIMIT_NAMES) as (keyof Limits)[]).map((name) => one(LIMIT_NAMES[name], limits[name])).join('   ');
}

function number(value: number | null, digits: number): string {
  return value === null ? '–' : value.toFixed(digits);
}
