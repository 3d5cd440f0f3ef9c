// The rounds: in each, the machine's limits and every client in both roles, one after the other, so that what else the
// machine does falls on all alike.
import { rm } from 'node:fs/promises';
import { arch, cpus, loadavg, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { MIB, makeFolder, makePayload } from '../payload.ts';
import { createTorrent } from '../shoal.ts';
import { withTimeLimit } from '../time-limit.ts';
import type { Client, Role } from './client.ts';
import { type Limits, measureLimits, touchMemory } from './limits.ts';
import { type Transfer, transfer } from './transfer.ts';

const PIECE_LENGTH: number = MIB;

export interface BenchOptions {
  /** Bytes of the payload. */
  readonly size: number;
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
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memory: number;
    readonly system: string;
    readonly node: string;
    /** The payload and its copies lay in memory, not on a disk. */
    readonly inMemory: boolean;
    /** One-minute load averages before and after. */
    readonly loads: readonly [number, number];
  };
  readonly size: number;
  readonly pieceLength: number;
  readonly rounds: number;
  readonly reference: { readonly client: string; readonly version: string | null };
  readonly limits: readonly Limits[];
  readonly entries: readonly Entry[];
  /** Clients that could not take part, with the reason. */
  readonly skipped: readonly { readonly client: string; readonly reason: string }[];
}

const PROBE_MS = 30_000;

export async function bench(options: BenchOptions): Promise<BenchResult> {
  const { size, rounds, reference, roles, limitMs, signal, onStep = () => {} } = options;
  const loadBefore = loadavg()[0] as number;
  const versions = new Map<Client, string>();
  const skipped: { client: string; reason: string }[] = [];
  for (const client of new Set([reference, ...options.clients])) {
    const answer = await withTimeLimit(signal, PROBE_MS, (bounded) => client.probe(bounded));
    if ('version' in answer) versions.set(client, answer.version);
    else skipped.push({ client: client.name, reason: answer.missing });
  }
  signal.throwIfAborted();
  const present = versions.has(reference) ? options.clients.filter((client) => versions.has(client)) : [];
  const entries = roles.flatMap((role) =>
    present.map((client) => ({ client, role, runs: [] as Transfer[], failures: [] as string[] })),
  );

  const limits: Limits[] = [];
  const { folder, inMemory } = await makeFolder(size);
  try {
    const dir = join(folder, 'data');
    onStep(`a payload of ${size / MIB} MiB in ${folder}`);
    const payload = await makePayload(dir, size);
    const torrent = join(folder, 'payload.torrent');
    await createTorrent({ payload: payload.path, torrent, pieceLength: PIECE_LENGTH, signal });
    for (let round = 0; round < rounds; round++) {
      touchMemory(2 * size, folder);
      onStep(`round ${round + 1} of ${rounds}: the machine's limits`);
      limits.push(await withTimeLimit(signal, limitMs, (bounded) => measureLimits({ size, folder, signal: bounded })));
      // Each round begins with another, so that none is always the first or always after the same.
      for (const at of entries.keys()) {
        const { client, role, runs, failures } = entries[(at + round) % entries.length] as (typeof entries)[number];
        onStep(`round ${round + 1} of ${rounds}: ${client.name} ${role}, ${reference.name} opposite`);
        try {
          const task = { measured: client, role, reference, torrent, payload, folder };
          runs.push(await withTimeLimit(signal, limitMs, (bounded) => transfer({ ...task, signal: bounded })));
        } catch (error) {
          signal.throwIfAborted();
          failures.push(error instanceof Error ? error.message : String(error));
        }
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }

  return {
    date: new Date().toISOString(),
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      memory: totalmem(),
      system: `${type()} ${release()} ${arch()}`,
      node: process.version,
      inMemory,
      loads: [loadBefore, loadavg()[0] as number],
    },
    size,
    pieceLength: PIECE_LENGTH,
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
