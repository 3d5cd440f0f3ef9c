// What trackers cost: the processor's time for announces over UDP and HTTP, taken turn by turn from trackers that all run and hold
// the same peers; and the memory that a million peers take, of each tracker alone.
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../payload.ts';
import { withTimeLimit } from '../time-limit.ts';
import { cpuSeconds, MemoryWatch } from '../usage.ts';
import { infoHashOf, NUMWANT, swarmsOf } from './announces.ts';
import type { Contestant, Running } from './contestants.ts';
import { type Answered, announceOverHttp, announceOverUdp } from './load.ts';

export type Protocol = 'udp' | 'http';

export interface TrackersOptions {
  readonly contestants: readonly Contestant[];
  readonly rounds: number;
  /** Of one protocol, in a round. */
  readonly announces: number;
  /** Peers that all trackers hold while they are asked. */
  readonly held: number;
  /** Peers that the memory is measured with; 0: it is not. */
  readonly peers: number;
  readonly signal: AbortSignal;
  readonly say: (step: string) => void;
}

export interface AnnounceRun {
  readonly name: string;
  readonly protocol: Protocol;
  /** User and system, of the tracker's process. */
  readonly cpuPer100k: number;
  readonly seconds: number;
  /** The part of that time in which the process was at work. */
  readonly busy: number;
  /** Peers in an answer, on average. */
  readonly peersPerAnswer: number;
  /** Announces over one connection, on average; null over UDP. */
  readonly perConnection: number | null;
}

export interface MemoryRun {
  readonly name: string;
  readonly peers: number;
  readonly torrents: number;
  /** Resident bytes when it had started, and what was added by the peers. */
  readonly empty: number;
  readonly growth: number;
}

export interface TrackersResult {
  readonly announces: readonly AnnounceRun[];
  readonly memory: readonly MemoryRun[];
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

/** Of one step, over what its announces may take. */
const LIMIT_MS = 60_000;
/** More than the slowest that is known takes. */
const MS_PER_ANNOUNCE = 5;
/** Half of what is asked for, since some trackers do not tell seeds of seeds. */
const FEWEST_PEERS = NUMWANT / 2;

export async function measureTrackers(options: TrackersOptions): Promise<TrackersResult> {
  const { contestants, rounds, announces: count, held, peers, signal, say } = options;
  const { folder } = await makeFolder(0);
  const skipped = new Map<string, string>();
  const announces: AnnounceRun[] = [];
  const memory: MemoryRun[] = [];
  try {
    const running = new Map<Contestant, Running>();
    try {
      for (const contestant of contestants) {
        const tracker = await started(contestant, folder, held, signal).catch((error: unknown) => {
          signal.throwIfAborted();
          skipped.set(contestant.name, reasonOf(error));
        });
        if (!tracker) continue;
        running.set(contestant, tracker);
        say(`${contestant.name}: ${held} peers announce`);
        const load = { first: 0, count: held, swarms: swarmsOf(held), signal };
        for (const protocol of protocolsOf(tracker)) await run(protocol, tracker, load);
      }
      for (let round = 0; round < rounds; round++) {
        for (const protocol of ['udp', 'http'] as const) {
          const taking = [...running].filter(([, tracker]) => tracker[protocol] !== undefined);
          // Each round begins with another, so that none is always the first or always after the same.
          for (const at of taking.keys()) {
            const [contestant, tracker] = taking[(at + round) % taking.length] as (typeof taking)[number];
            say(
              `round ${round + 1} of ${rounds}: ${count} announces over ${protocol.toUpperCase()} to ${contestant.name}`,
            );
            announces.push(await measureAnnounces(contestant, tracker, protocol, count, held, signal));
          }
        }
      }
    } finally {
      await Promise.all([...running.values()].map(({ child }) => child.end()));
    }
    for (const contestant of running.keys()) {
      if (peers === 0 || !contestant.isTracker) continue;
      say(`${contestant.name}: ${peers} peers in ${swarmsOf(peers)} torrents`);
      memory.push(await measureMemory(contestant, folder, peers, signal));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return { announces, memory, skipped: [...skipped].map(([name, reason]) => ({ name, reason })) };
}

async function measureAnnounces(
  contestant: Contestant,
  tracker: Running,
  protocol: Protocol,
  count: number,
  held: number,
  signal: AbortSignal,
): Promise<AnnounceRun> {
  const { pid } = tracker.child;
  const before = cpuSeconds(pid) ?? Number.NaN;
  const startedAt = performance.now();
  const { peers, connections } = await runInTurns(protocol, tracker, count, held, signal);
  const seconds = (performance.now() - startedAt) / 1_000;
  const cpu = (cpuSeconds(pid) ?? Number.NaN) - before;
  const peersPerAnswer = peers / count;
  if (contestant.isTracker && peersPerAnswer < FEWEST_PEERS) {
    throw new Error(`${contestant.name} tells of ${peersPerAnswer.toFixed(1)} peers where ${NUMWANT} are asked for`);
  }
  return {
    name: contestant.name,
    protocol,
    cpuPer100k: (cpu / count) * 100_000,
    seconds,
    busy: cpu / seconds,
    peersPerAnswer,
    perConnection: protocol === 'http' ? count / connections : null,
  };
}

/** Peers that are held already announce again, all of them before one does twice. */
async function runInTurns(
  protocol: Protocol,
  tracker: Running,
  count: number,
  held: number,
  signal: AbortSignal,
): Promise<Answered> {
  let [peers, connections] = [0, 0];
  for (let done = 0; done < count; done += held) {
    const load = { first: 0, count: Math.min(held, count - done), swarms: swarmsOf(held), signal };
    const answered = await run(protocol, tracker, load);
    peers += answered.peers;
    connections += answered.connections;
  }
  return { peers, connections };
}

async function measureMemory(
  contestant: Contestant,
  folder: string,
  peers: number,
  signal: AbortSignal,
): Promise<MemoryRun> {
  const tracker = await started(contestant, folder, peers, signal);
  try {
    const { pid } = tracker.child;
    const swarms = swarmsOf(peers);
    const empty = residentBytes(pid);
    await run('udp', tracker, { first: 0, count: peers, swarms, signal });
    return { name: contestant.name, peers, torrents: swarms, empty, growth: residentBytes(pid) - empty };
  } finally {
    await tracker.child.end();
  }
}

async function started(contestant: Contestant, root: string, peers: number, signal: AbortSignal): Promise<Running> {
  const folder = join(root, `${contestant.name} ${peers}`);
  await mkdir(folder, { recursive: true });
  const infoHashes = Array.from({ length: swarmsOf(peers) }, (_, swarm) => infoHashOf(swarm).toString('hex'));
  return await contestant.start({ folder, infoHashes, signal });
}

function run(
  protocol: Protocol,
  tracker: Running,
  load: { first: number; count: number; swarms: number; signal: AbortSignal },
): Promise<Answered> {
  const port = tracker[protocol];
  if (port === undefined) throw new TypeError(`no tracker over ${protocol}`);
  const announce = protocol === 'udp' ? announceOverUdp : announceOverHttp;
  return withTimeLimit(load.signal, LIMIT_MS + load.count * MS_PER_ANNOUNCE, (signal) =>
    announce({ ...load, port, signal }),
  );
}

function protocolsOf(tracker: Running): Protocol[] {
  return (['udp', 'http'] as const).filter((protocol) => tracker[protocol] !== undefined);
}

function residentBytes(pid: number): number {
  // The peak is counted from here on, so that it is what there is.
  return new MemoryWatch(pid).stop()?.resident ?? Number.NaN;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? (error.message.split('\n')[0] as string) : String(error);
}
