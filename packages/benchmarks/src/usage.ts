// What Linux knows of a process's time and memory. Elsewhere, and for a process that is gone: undefined.
import { readFileSync, writeFileSync } from 'node:fs';

/** Linux counts in hundredths whatever the kernel's own clock. */
const TICKS_PER_SECOND = 100;
const SAMPLE_MS = 50;

/** User and system seconds of all threads so far, the ended ones too. */
export function cpuSeconds(pid: number): number | undefined {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The second field is the program's name in parentheses, with whatever that contains.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

export interface PeakMemory {
  /** Bytes resident at the peak, mapped files among them. */
  readonly resident: number;
  /** Bytes at the peak that are no file's, as sampled. */
  readonly anonymous: number;
}

/** Watches a process's memory from now on. */
export class MemoryWatch {
  readonly #pid: number;
  readonly #timer: NodeJS.Timeout;
  #resident = 0;
  #anonymous = 0;

  constructor(pid: number) {
    this.#pid = pid;
    try {
      // Forgets the peak of what came before, such as a seed's check of its data.
      writeFileSync(`/proc/${pid}/clear_refs`, '5');
    } catch {
      // Not on this system: the peak is the process's whole life's.
    }
    this.#sample();
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS);
  }

  stop(): PeakMemory | undefined {
    clearInterval(this.#timer);
    this.#sample();
    return this.#resident === 0 ? undefined : { resident: this.#resident, anonymous: this.#anonymous };
  }

  #sample(): void {
    const status = read(`/proc/${this.#pid}/status`);
    if (status === undefined) return;
    this.#resident = Math.max(this.#resident, kibibytes(status, 'VmHWM'));
    this.#anonymous = Math.max(this.#anonymous, kibibytes(status, 'RssAnon'));
  }
}

function kibibytes(status: string, field: string): number {
  const [, amount] = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status) ?? [];
  return Number(amount ?? 0) * 1024;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
