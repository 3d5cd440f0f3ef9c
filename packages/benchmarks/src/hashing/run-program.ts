// One program from its start to its end: how long that took, and what it used.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { memoryOf } from '../process-memory.ts';

export interface ProgramRun {
  readonly seconds: number;
  /** User and system, of the program and all it started; null where the system does not tell. */
  readonly cpuSeconds: number | null;
  /** Bytes, files that it maps among them and without them. */
  readonly peakResident: number | null;
  readonly peakAnonymous: number | null;
}

const TICKS_PER_SECOND = 100;
const SAMPLE_MS = 20;

/** Rejects where it cannot be started or does not end with 0. */
export async function runProgram([file = '', ...args]: readonly string[], signal: AbortSignal): Promise<ProgramRun> {
  signal.throwIfAborted();
  const cpuBefore = cpuOfEnded();
  const since = performance.now();
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'], signal, killSignal: 'SIGKILL' });
  let [peakResident, peakAnonymous, said] = [0, 0, ''];
  child.stderr.on('data', (bytes: Buffer) => {
    said = `${said}${bytes}`.slice(-500);
  });
  const timer = setInterval(() => {
    peakResident = Math.max(peakResident, memoryOf(child.pid ?? 0, 'VmHWM'));
    peakAnonymous = Math.max(peakAnonymous, memoryOf(child.pid ?? 0, 'RssAnon'));
  }, SAMPLE_MS);
  let seconds = 0;
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', () => {
        seconds = (performance.now() - since) / 1_000;
      });
      child.once('close', (status, by) => {
        if (status === 0) resolve();
        else reject(new Error(`${file} ended with ${status ?? by}: ${said.trim()}`));
      });
    });
  } finally {
    clearInterval(timer);
  }
  const cpuAfter = cpuOfEnded();
  return {
    seconds,
    cpuSeconds: cpuBefore === undefined || cpuAfter === undefined ? null : cpuAfter - cpuBefore,
    peakResident: peakResident || null,
    peakAnonymous: peakAnonymous || null,
  };
}

/** Of all children of this process that have ended: exact, where a look at a program just before its end is not. */
function cpuOfEnded(): number | undefined {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND;
  } catch {
    return undefined;
  }
}
