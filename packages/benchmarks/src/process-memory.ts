// A figure of Linux's about a process's memory at this moment.
import { readFileSync } from 'node:fs';

/** Bytes; `VmHWM` is the peak of `VmRSS`, which counts mapped files that `RssAnon` does not. 0 elsewhere and of who is gone. */
export function memoryOf(pid: number, field: 'VmRSS' | 'VmHWM' | 'RssAnon'): number {
  try {
    const [, amount = 0] =
      new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(amount) * 1024;
  } catch {
    return 0;
  }
}
