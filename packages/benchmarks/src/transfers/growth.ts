// How the cost of a GiB grows with its shape: one client in every profile, all of them in each round, and of each round the ratio to the
// plain one. Profiles of the same round share the machine's mood, so their ratio says more than two medians do.
import { loadavg } from 'node:os';
import { MIB } from '../payload.ts';
import { alignColumns, median } from '../statistics.ts';
import { withTimeLimit } from '../time-limit.ts';
import { probeAll } from './bench.ts';
import type { Client, Role } from './client.ts';
import { describeMachine, type Machine } from './machine.ts';
import type { Profile } from './profiles.ts';
import { formatMachine } from './report.ts';
import { openStage, type Stage } from './stage.ts';
import { perGib, summaryOf } from './summary.ts';
import { type Transfer, transfer } from './transfer.ts';

export interface GrowthOptions {
  /** The name of the profile that the others are compared to. */
  readonly base: string;
  readonly profiles: readonly Profile[];
  readonly onDisk: boolean;
  readonly rounds: number;
  readonly client: Client;
  readonly reference: Client;
  /** Bound of one transfer. */
  readonly limitMs: number;
  readonly signal: AbortSignal;
  readonly onStep?: (step: string) => void;
}

/** One role in one profile. */
export interface GrowthCell {
  readonly profile: string;
  readonly role: Role;
  /** One a round; null where it failed. */
  readonly runs: readonly (Transfer | null)[];
  readonly failures: readonly string[];
  /** CPU seconds for a GiB divided by the base's of the same round and role: the median of the rounds. Null where nobody knows. */
  readonly growth: number | null;
}

export interface GrowthResult {
  readonly date: string;
  readonly machine: Machine;
  readonly client: { readonly name: string; readonly version: string | null };
  readonly reference: { readonly name: string; readonly version: string | null };
  readonly base: string;
  readonly profiles: readonly Profile[];
  readonly inMemory: boolean;
  readonly rounds: number;
  readonly cells: readonly GrowthCell[];
  readonly skipped: readonly { readonly client: string; readonly reason: string }[];
}

export async function growth(options: GrowthOptions): Promise<GrowthResult> {
  const { base, profiles, onDisk, rounds, client, reference, limitMs, signal, onStep = () => {} } = options;
  const loadBefore = loadavg()[0] as number;
  const { versions, skipped } = await probeAll([client, reference], signal);
  const stages: Stage[] = [];
  const measured: { stage: Stage; role: Role; runs: (Transfer | null)[]; failures: string[] }[] = [];
  try {
    for (const profile of skipped.length > 0 ? [] : profiles) {
      onStep(`the payload of ${profile.name}`);
      const stage = await openStage({ profile, roles: profile.roles, onDisk, signal });
      stages.push(stage);
      measured.push(...profile.roles.map((role) => ({ stage, role, runs: [], failures: [] })));
    }
    for (let round = 0; round < rounds; round++) {
      for (const at of measured.keys()) {
        const { stage, role, runs, failures } = measured[(at + round) % measured.length] as (typeof measured)[number];
        onStep(`round ${round + 1} of ${rounds}: ${stage.profile.name}, ${client.name} ${role}`);
        stage.warm();
        try {
          const task = { measured: client, role, reference, stage };
          runs.push(await withTimeLimit(signal, limitMs, (bounded) => transfer({ ...task, signal: bounded })));
        } catch (error) {
          signal.throwIfAborted();
          runs.push(null);
          failures.push(error instanceof Error ? error.message : String(error));
        }
      }
    }
  } finally {
    await Promise.all(stages.map((stage) => stage.close()));
  }
  const baseRuns = (role: Role): readonly (Transfer | null)[] =>
    measured.find((each) => each.stage.profile.name === base && each.role === role)?.runs ?? [];
  return {
    date: new Date().toISOString(),
    machine: describeMachine(loadBefore),
    client: { name: client.name, version: versions.get(client) ?? null },
    reference: { name: reference.name, version: versions.get(reference) ?? null },
    base,
    profiles,
    inMemory: stages.every((stage) => stage.inMemory),
    rounds,
    cells: measured.map(({ stage, role, runs, failures }) => ({
      profile: stage.profile.name,
      role,
      runs,
      failures,
      growth: growthOf(runs, baseRuns(role)),
    })),
    skipped,
  };
}

/** The median over rounds of the CPU for a GiB beside the base's of the same round. */
export function growthOf(runs: readonly (Transfer | null)[], base: readonly (Transfer | null)[]): number | null {
  const ratios = runs.flatMap((run, round) => {
    const [cost, plain] = [costOf(run), costOf(base[round])];
    return cost && plain ? [cost / plain] : [];
  });
  return ratios.length === 0 ? null : median(ratios);
}

function costOf(run: Transfer | null | undefined): number | null {
  return run ? perGib(run.cpuSeconds, run.verified) : null;
}

export function formatGrowth(result: GrowthResult): string {
  const { client, reference, base, rounds, cells, inMemory } = result;
  const version = client.version ?? '';
  const lines = [
    `${client.name} ${version} in each profile, ${reference.name} opposite, ${inMemory ? 'in memory' : 'on disk'}; median of ${rounds}`,
    formatMachine(result.machine),
  ];
  const rows = cells.map(({ profile, role, runs, growth }) => {
    const summary = summaryOf({ runs: runs.filter((run) => run !== null) });
    const size = result.profiles.find(({ name }) => name === profile)?.size ?? 0;
    const cells = summary
      ? [
          summary.rate.toFixed(0),
          summary.cpuPerGib?.toFixed(2) ?? '–',
          growth?.toFixed(2) ?? '–',
          summary.peakResident?.toFixed(0) ?? '–',
          summary.peakAnonymous?.toFixed(0) ?? '–',
        ]
      : ['failed', '', '', '', ''];
    return [`  ${profile}`, role, String(Number((size / MIB).toFixed(1))), ...cells];
  });
  const heading = ['', 'role', 'MiB', 'MiB/s', 'CPU s/GiB', `of ${base}'s`, 'peak MiB', 'anonymous'];
  if (rows.length > 0) lines.push('', ...alignColumns([heading, ...rows]));
  for (const { client: name, reason } of result.skipped) lines.push('', `skipped ${name}: ${reason}`);
  for (const { profile, role, failures } of cells) {
    for (const failure of failures) lines.push('', `FAILED ${profile} as ${role}: ${failure}`);
  }
  return lines.join('\n');
}
