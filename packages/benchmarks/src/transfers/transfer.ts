// One transfer between two clients, the measured and the reference, and what it took the measured one.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Payload, sha256Of } from '../payload.ts';
import { cpuSeconds, MemoryWatch } from '../usage.ts';
import type { Client, Peer, Role } from './client.ts';

export interface TransferTask {
  readonly measured: Client;
  /** The measured client's. */
  readonly role: Role;
  readonly reference: Client;
  readonly torrent: string;
  readonly payload: Payload;
  /** Where the folder of the transfer is made and removed. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** Everything but `verified` is of the time from `since` to the moment the leech says that all is verified. */
export interface Transfer {
  /** `launch` of the leech where the reference cannot tell when the first byte came. */
  readonly since: 'first byte' | 'launch';
  readonly seconds: number;
  /** User and system seconds of the measured process; null where the system does not tell. */
  readonly cpuSeconds: number | null;
  /** Bytes. */
  readonly peakResident: number | null;
  readonly peakAnonymous: number | null;
  /** Bytes whose SHA-256 is the original's: all, or the transfer would have failed. */
  readonly verified: number;
}

export async function transfer(task: TransferTask): Promise<Transfer> {
  const { measured, role, reference, payload, signal } = task;
  const folder = await mkdtemp(join(task.folder, 'transfer-'));
  const peers: Peer[] = [];
  const start = async (which: Role, dial?: number): Promise<Peer> => {
    const dir = which === 'seed' ? payload.dir : join(folder, 'arrived');
    const stateDir = join(folder, `${which}-state`);
    await mkdir(dir, { recursive: true });
    await mkdir(stateDir);
    const common = { role: which, torrent: task.torrent, dir, stateDir, signal };
    const peer = (which === role ? measured : reference).start(dial === undefined ? common : { ...common, dial });
    peers.push(peer);
    return peer;
  };
  try {
    const seed = await start('seed');
    const port = await seed.listening();
    const leech = await start('leech', port);
    const [watched, other] = role === 'seed' ? [seed, leech] : [leech, seed];
    // Where one of them dies the other would wait until time is up.
    const failure = Promise.race(peers.map(({ child }) => child.untilEnd()));
    await Promise.race([other.firstByte?.(), failure]);
    const finish = stopwatch(watched.child.pid);
    const usage = await Promise.race([leech.complete(), failure]).finally(finish).then(finish);
    await Promise.all(peers.map(({ child }) => child.end()));
    await checkBytes(join(folder, 'arrived', basename(payload.path)), payload, leech.child.name);
    return { since: other.firstByte ? 'first byte' : 'launch', ...usage, verified: payload.size };
  } finally {
    await Promise.all(peers.map(({ child }) => child.end()));
    await rm(folder, { recursive: true, force: true });
  }
}

/** Starts now; the first call of the answer stops it. */
function stopwatch(pid: number): () => Omit<Transfer, 'since' | 'verified'> {
  const memory = new MemoryWatch(pid);
  const cpuBefore = cpuSeconds(pid);
  const since = performance.now();
  let stopped: Omit<Transfer, 'since' | 'verified'> | undefined;
  return () => {
    if (stopped) return stopped;
    const seconds = (performance.now() - since) / 1000;
    const cpuAfter = cpuSeconds(pid);
    const peak = memory.stop();
    stopped = {
      seconds,
      cpuSeconds: cpuBefore === undefined || cpuAfter === undefined ? null : cpuAfter - cpuBefore,
      peakResident: peak?.resident ?? null,
      peakAnonymous: peak?.anonymous ?? null,
    };
    return stopped;
  };
}

async function checkBytes(path: string, payload: Payload, who: string): Promise<void> {
  const sha256 = await sha256Of(path);
  if (sha256 !== payload.sha256) throw new Error(`${who} wrote other bytes: SHA-256 ${sha256}, not ${payload.sha256}`);
}
