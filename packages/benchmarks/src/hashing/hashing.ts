// The rounds: in each, everybody makes a torrent of the payload and checks the payload against one, one after the other.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../measurement.ts';
import { MIB, makeFolder, makePayload } from '../payload.ts';
import { alignColumns, median } from '../statistics.ts';
import { CONTESTANTS, type Contestant, type Work } from './contestants.ts';
import { type ProgramRun, runProgram } from './run-program.ts';

export type Job = 'create' | 'recheck';

export interface HashingEntry {
  readonly who: string;
  readonly job: Job;
  readonly runs: readonly ProgramRun[];
  readonly failures: readonly string[];
}

export interface HashingResult {
  readonly size: number;
  readonly pieceLength: number;
  readonly rounds: number;
  readonly inMemory: boolean;
  readonly entries: readonly HashingEntry[];
}

export interface HashingOptions {
  /** Bytes. */
  readonly size: number;
  readonly pieceLength: number;
  readonly rounds: number;
  /** Default: all there are. */
  readonly contestants?: readonly Contestant[];
}

const GIB = 1024 * MIB;
const LIMIT_MS = 120_000;

export async function measureHashing(options: HashingOptions, { signal, say }: Context): Promise<HashingResult> {
  const { size, pieceLength, rounds, contestants = CONTESTANTS } = options;
  const entries = (['create', 'recheck'] as const).flatMap((job) =>
    contestants.flatMap((contestant) => {
      const command = contestant[job];
      return command
        ? [{ who: contestant.name, job, command, runs: [] as ProgramRun[], failures: [] as string[] }]
        : [];
    }),
  );
  const { folder, inMemory } = await makeFolder(2 * size);
  try {
    const dir = join(folder, 'data');
    const payload = await makePayload(dir, size);
    const work = (torrent: string): Work => ({
      payload: payload.path,
      dir,
      torrent: join(folder, torrent),
      pieceLength,
    });
    const reference = work('reference.torrent');
    const make = CONTESTANTS[0]?.create?.(reference) ?? [];
    await runProgram(make, signal);
    for (let round = 0; round < rounds; round++) {
      // Each round begins with another, so that none is always the first or always after the same.
      for (const at of entries.keys()) {
        const entry = entries[(at + round) % entries.length] as (typeof entries)[number];
        say(`round ${round + 1} of ${rounds}: ${entry.who}, ${entry.job}`);
        const made = work(`made-${round}-${at}.torrent`);
        try {
          const bounded = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]);
          entry.runs.push(await runProgram(entry.command(entry.job === 'create' ? made : reference), bounded));
        } catch (error) {
          signal.throwIfAborted();
          entry.failures.push((error as Error).message);
        }
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return { size, pieceLength, rounds, inMemory, entries: entries.map(({ command: _, ...entry }) => entry) };
}

export function formatHashing({ size, pieceLength, rounds, inMemory, entries }: HashingResult): string {
  const lines = [
    `${size / MIB} MiB in pieces of ${pieceLength / 1024} KiB, ${inMemory ? 'tmpfs' : 'disk'}; whole programs from start to end; median of ${rounds} (lowest to highest)`,
  ];
  for (const job of ['create', 'recheck'] as const) {
    const mine = entries.filter((entry) => entry.job === job);
    const rows = [[job, 'MiB/s', '', 'CPU s/GiB', 'peak MiB', 'anonymous', 'shoal / it']];
    const ours = mine[0] && rateOf(mine[0], size);
    for (const entry of mine) {
      const rate = rateOf(entry, size);
      if (rate === undefined) {
        rows.push([`  ${entry.who}`, 'failed', '', '', '', '', '']);
        continue;
      }
      const rates = entry.runs.map(({ seconds }) => size / MIB / seconds);
      rows.push([
        `  ${entry.who}`,
        rate.toFixed(0),
        `(${Math.min(...rates).toFixed(0)} to ${Math.max(...rates).toFixed(0)})`,
        middle(entry.runs.map(({ cpuSeconds }) => cpuSeconds && (cpuSeconds * GIB) / size)).toFixed(2),
        (middle(entry.runs.map(({ peakResident }) => peakResident)) / MIB).toFixed(0),
        (middle(entry.runs.map(({ peakAnonymous }) => peakAnonymous)) / MIB).toFixed(0),
        ours === undefined || entry === mine[0] ? '' : (ours / rate).toFixed(2),
      ]);
    }
    lines.push('', ...alignColumns(rows));
  }
  for (const { who, job, failures } of entries)
    for (const failure of failures) lines.push('', `FAILED ${who}, ${job}: ${failure}`);
  return lines.join('\n');
}

function rateOf({ runs }: HashingEntry, size: number): number | undefined {
  return runs.length === 0 ? undefined : size / MIB / median(runs.map(({ seconds }) => seconds));
}

/** NaN where the system told nothing. */
function middle(values: readonly (number | null)[]): number {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? Number.NaN : median(known);
}
