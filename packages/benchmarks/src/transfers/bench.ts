// The rounds: in each, the machine's limits and every client in both roles, one after the other, so that what else the
// machine does falls on all alike.
import { loadavg } from 'node:os';
import { MIB } from '../payload.ts';
import { withTimeLimit } from '../time-limit.ts';
import type { Client, Role } from './client.ts';
import { type Limits, measureLimits } from './limits.ts';
import { describeMachine, type Machine } from './machine.ts';
import type { Profile } from './profiles.ts';
import { openStage } from './stage.ts';
import { type Transfer, transfer } from './transfer.ts';

export interface BenchOptions {
  readonly profile: Profile;
  /** The payload lies on a disk, not in memory. */
  readonly onDisk: boolean;
  readonly rounds: number;
  readonly clients: readonly Client[];
  /** The other side of every transfer. */
  readonly reference: Client;
  readonly roles: readonly Role[];
  /** Bound of one transfer. */
  readonly limitMs: number;
  readonly signal: AbortSignal;
  /** One line for each step. */
  readonly onStep?: (step: string) => void;
}

export interface Entry {
  readonly client: string;
  readonly version: string | null;
  readonly role: Role;
  readonly runs: readonly Transfer[];
  /** Why there are fewer runs than rounds. */
  readonly failures: readonly string[];
}

export interface BenchResult {
  readonly date: string;
  readonly machine: Machine;
  readonly profile: Profile;
  /** The payload and its copies lay in memory, not on a disk. */
  readonly inMemory: boolean;
  readonly rounds: number;
  readonly reference: { readonly client: string; readonly version: string | null };
  readonly limits: readonly Limits[];
  readonly entries: readonly Entry[];
  /** Clients that could not take part, with the reason. */
  readonly skipped: readonly Skipped[];
}

export interface Skipped {
  readonly client: string;
  readonly reason: string;
}

const PROBE_MS = 30_000;
/** What the limits are measured with at most: more tells no more. */
const MAX_LIMIT_SIZE = 1024 * MIB;

export async function bench(options: BenchOptions): Promise<BenchResult> {
  const { profile, onDisk, rounds, reference, roles, limitMs, signal, onStep = () => {} } = options;
  const loadBefore = loadavg()[0] as number;
  const { versions, skipped } = await probeAll([reference, ...options.clients], signal);
  const present = versions.has(reference) ? options.clients.filter((client) => versions.has(client)) : [];
  const entries = roles.flatMap((role) =>
    present.flatMap((client) => {
      const reason = client.lacks?.(profile, role);
      if (reason === undefined) return [{ client, role, runs: [] as Transfer[], failures: [] as string[] }];
      skipped.push({ client: client.name, reason });
      return [];
    }),
  );

  const limits: Limits[] = [];
  onStep(`a payload of ${profile.size / MIB} MiB`);
  const stage = await openStage({ profile, roles, onDisk, signal });
  const { folder, inMemory } = stage;
  try {
    for (let round = 0; round < rounds; round++) {
      stage.warm();
      const which = `round ${round + 1} of ${rounds}`;
      onStep(`${which}: the machine's limits, in ${folder}`);
      const size = Math.min(profile.size, MAX_LIMIT_SIZE);
      limits.push(await withTimeLimit(signal, limitMs, (bounded) => measureLimits({ size, folder, signal: bounded })));
      // Each round begins with another, so that none is always the first or always after the same.
      for (const at of entries.keys()) {
        const { client, role, runs, failures } = entries[(at + round) % entries.length] as (typeof entries)[number];
        onStep(`${which}: ${client.name} ${role}, ${reference.name} opposite`);
        try {
          const task = { measured: client, role, reference, stage };
          runs.push(await withTimeLimit(signal, limitMs, (bounded) => transfer({ ...task, signal: bounded })));
        } catch (error) {
          signal.throwIfAborted();
          failures.push(error instanceof Error ? error.message : String(error));
        }
      }
    }
  } finally {
    await stage.close();
  }

  return {
    date: new Date().toISOString(),
    machine: describeMachine(loadBefore),
    profile,
    inMemory,
    rounds,
    reference: { client: reference.name, version: versions.get(reference) ?? null },
    limits,
    entries: entries.map(({ client, ...entry }) => ({
      client: client.name,
      version: versions.get(client) ?? null,
      ...entry,
    })),
    skipped,
  };
}

/** The versions of those that are here, and why the others are not. */
export async function probeAll(
  clients: readonly Client[],
  signal: AbortSignal,
): Promise<{ readonly versions: ReadonlyMap<Client, string>; readonly skipped: Skipped[] }> {
  const versions = new Map<Client, string>();
  const skipped: Skipped[] = [];
  for (const client of new Set(clients)) {
    const answer = await withTimeLimit(signal, PROBE_MS, (bounded) => client.probe(bounded));
    if ('version' in answer) versions.set(client, answer.version);
    else skipped.push({ client: client.name, reason: answer.missing });
  }
  signal.throwIfAborted();
  return { versions, skipped };
}
