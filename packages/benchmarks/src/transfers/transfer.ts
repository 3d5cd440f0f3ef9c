// One transfer between the measured client and the reference, once or several times opposite, and what it took each side.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { freePorts } from '../free-ports.ts';
import { digestOf } from '../payload.ts';
import { cpuSeconds, MemoryWatch } from '../usage.ts';
import type { Address, Client, Peer, Role } from './client.ts';
import { copiesOf } from './profiles.ts';
import type { Stage } from './stage.ts';

export interface TransferTask {
  readonly measured: Client;
  /** The measured client's. */
  readonly role: Role;
  readonly reference: Client;
  readonly stage: Pick<Stage, 'profile' | 'torrent' | 'announced' | 'payload' | 'folder' | 'tracker'>;
  readonly signal: AbortSignal;
}

/** Everything but `verified` and `beforeFirstByte` is of the time from `since` to the moment the last leech says that all is verified. */
export interface Transfer {
  /** `launch` of the leech where the reference cannot tell when the first byte came. */
  readonly since: 'first byte' | 'launch';
  readonly seconds: number;
  /** Seconds from the launch of the last leech to the first byte, null where nobody tells. */
  readonly beforeFirstByte: number | null;
  /** User and system seconds of the measured process; null where the system does not tell. */
  readonly cpuSeconds: number | null;
  /** The same of all processes opposite together. */
  readonly otherCpuSeconds: number | null;
  /** Bytes, of the measured process. */
  readonly peakResident: number | null;
  readonly peakAnonymous: number | null;
  /** Bytes of all copies, whose SHA-256 is the original's, or the transfer would have failed. */
  readonly verified: number;
}

export async function transfer(task: TransferTask): Promise<Transfer> {
  const { measured, role, reference, stage, signal } = task;
  const { profile, payload, tracker } = stage;
  const folder = await mkdtemp(join(stage.folder, 'transfer-'));
  const started: Peer[] = [];
  const start = async (which: Role, name: string, host: string, dial: readonly Address[]): Promise<Peer> => {
    const dir = which === 'seed' ? payload.dir : join(folder, name);
    const stateDir = join(folder, `${name}-state`);
    await mkdir(dir, { recursive: true });
    await mkdir(stateDir);
    const [port, controlPort] = (await freePorts(2)) as [number, number];
    const { torrent, announced } = stage;
    const about = { role: which, torrent, announced, dir, stateDir, host, port, controlPort, dial, signal };
    const peer = (which === role ? measured : reference).start(about);
    started.push(peer);
    return peer;
  };
  const startAll = async (which: Role, dial: readonly Address[]): Promise<Peer[]> => {
    const peers: Peer[] = [];
    const count = which === role ? 1 : profile.others;
    for (let at = 0; at < count; at++) peers.push(await start(which, `${which}-${at}`, hostOf(at, count), dial));
    return peers;
  };
  try {
    tracker.tell([]);
    const seeds = await startAll('seed', []);
    const ports = await Promise.all(seeds.map((seed) => seed.listening()));
    const addresses = ports.map((port, at) => ({ host: hostOf(at, seeds.length), port }));
    tracker.tell(addresses);
    const leeches = await startAll('leech', addresses);
    const launched = performance.now();
    const [watched, others] = role === 'seed' ? [seeds, leeches] : [leeches, seeds];
    // Where one of them dies the other would wait until time is up.
    const failure = Promise.race(started.map(({ child }) => child.untilEnd()));
    const tells = others.flatMap(({ firstByte }) => (firstByte ? [firstByte()] : []));
    if (tells.length > 0) await Promise.race([...tells, failure]);
    const beforeFirstByte = tells.length > 0 ? (performance.now() - launched) / 1_000 : null;
    const finish = stopwatch(pidOf(watched[0] as Peer), others.map(pidOf));
    const complete = Promise.all(leeches.map((leech) => leech.complete()));
    const usage = await Promise.race([complete, failure]).finally(finish).then(finish);
    await endAll(started);
    for (const [at, { child }] of leeches.entries()) {
      const sha256 = await digestOf(join(folder, `leech-${at}`, basename(payload.path)));
      if (sha256 === payload.sha256) continue;
      throw new Error(`${child.name} wrote other bytes: SHA-256 ${sha256}, not ${payload.sha256}`);
    }
    return {
      since: tells.length > 0 ? 'first byte' : 'launch',
      beforeFirstByte,
      ...usage,
      verified: payload.size * copiesOf(profile, role),
    };
  } finally {
    await endAll(started);
    await rm(folder, { recursive: true, force: true });
  }
}

/** Of several each has an address of its own; not every system has more than one on loopback unless told. */
function hostOf(at: number, count: number): string {
  return count === 1 ? '127.0.0.1' : `127.0.0.${2 + at}`;
}

type Usage = Omit<Transfer, 'since' | 'verified' | 'beforeFirstByte'>;

/** Starts now; the first call of the answer stops it. */
function stopwatch(pid: number, others: readonly number[]): () => Usage {
  const memory = new MemoryWatch(pid);
  const cpuBefore = cpuSeconds(pid);
  const othersBefore = cpuSecondsOf(others);
  const since = performance.now();
  let stopped: Usage | undefined;
  return () => {
    if (stopped) return stopped;
    const seconds = (performance.now() - since) / 1000;
    const cpuAfter = cpuSeconds(pid);
    const othersAfter = cpuSecondsOf(others);
    const peak = memory.stop();
    stopped = {
      seconds,
      cpuSeconds: difference(cpuBefore, cpuAfter),
      otherCpuSeconds: difference(othersBefore, othersAfter),
      peakResident: peak?.resident ?? null,
      peakAnonymous: peak?.anonymous ?? null,
    };
    return stopped;
  };
}

function cpuSecondsOf(pids: readonly number[]): number | undefined {
  const each = pids.map(cpuSeconds).filter((seconds) => seconds !== undefined);
  return each.length === pids.length ? each.reduce((sum, seconds) => sum + seconds, 0) : undefined;
}

function difference(before: number | undefined, after: number | undefined): number | null {
  return before === undefined || after === undefined ? null : after - before;
}

function pidOf({ child }: Peer): number {
  return child.pid;
}

async function endAll(peers: readonly Peer[]): Promise<void> {
  await Promise.all(peers.map(({ child }) => child.end()));
}
