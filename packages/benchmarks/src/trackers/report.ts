// The result as a person reads it: a table for each protocol, and one for the memory, with ratios of ours to the others'.
import { MIB } from '../payload.ts';
import { alignColumns, median } from '../statistics.ts';
import type { Protocol, TrackersResult } from './trackers.ts';

const OURS = 'shoal';

export function formatTrackers(result: TrackersResult): string {
  const lines: string[] = [];
  for (const protocol of ['udp', 'http'] as const) lines.push(...formatAnnounces(result, protocol), '');
  if (result.memory.length > 0) lines.push(...formatMemory(result), '');
  for (const { name, reason } of result.skipped) lines.push(`skipped ${name}: ${reason}`);
  return lines.join('\n').trimEnd();
}

function formatAnnounces({ announces }: TrackersResult, protocol: Protocol): string[] {
  const runs = announces.filter((run) => run.protocol === protocol);
  if (runs.length === 0) return [];
  const names = [...new Set(runs.map(({ name }) => name))].sort((a, b) => Number(b === OURS) - Number(a === OURS));
  const of = (name: string, figure: 'cpuPer100k' | 'peersPerAnswer' | 'perConnection' | 'busy'): number[] =>
    runs.filter((run) => run.name === name).map((run) => run[figure] ?? Number.NaN);
  const mine = names.includes(OURS) ? median(of(OURS, 'cpuPer100k')) : undefined;
  const what = protocol === 'udp' ? 'over UDP' : 'over HTTP, connections kept';
  const heading = [`announces ${what}`, 'CPU s per 100,000', '', 'busy', 'peers told', `${OURS} / it`];
  const rows = names.map((name) => {
    const cpu = of(name, 'cpuPer100k');
    // How much of the time the process was at work: less than all, and it waited for the askers.
    const busy = median(of(name, 'busy'));
    return [
      `  ${name}${isDropping(of(name, 'perConnection')) ? ' (closes after each)' : ''}`,
      median(cpu).toFixed(2),
      `(${Math.min(...cpu).toFixed(2)} to ${Math.max(...cpu).toFixed(2)})`,
      `${(100 * busy).toFixed(0)} %`,
      median(of(name, 'peersPerAnswer')).toFixed(1),
      name === OURS || mine === undefined ? '' : (mine / median(cpu)).toFixed(2),
    ];
  });
  return alignColumns([heading, ...rows]);
}

function isDropping(perConnection: readonly number[]): boolean {
  return perConnection.every((count) => count < 2);
}

function formatMemory({ memory }: TrackersResult): string[] {
  const [first] = memory;
  const mine = memory.find(({ name }) => name === OURS)?.growth;
  const heading = [
    `resident memory, ${first?.peers ?? 0} peers in ${first?.torrents ?? 0} torrents`,
    'empty MiB',
    'grows by',
    'bytes a peer',
    `${OURS} / it`,
  ];
  const rows = memory.map(({ name, empty, growth, peers }) => [
    `  ${name}`,
    (empty / MIB).toFixed(1),
    (growth / MIB).toFixed(1),
    (growth / peers).toFixed(0),
    name === OURS || mine === undefined ? '' : (mine / growth).toFixed(2),
  ]);
  return alignColumns([heading, ...rows]);
}
