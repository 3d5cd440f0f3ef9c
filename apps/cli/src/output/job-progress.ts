// Progress of a job that takes a while and is over then (hashing): one line on a terminal, nothing anywhere else.
import type { Output } from '../io.ts';
import { formatBytes, formatPercent } from './format.ts';

const REDRAW_MS = 100;

export interface JobProgress {
  update(bytesDone: number, bytesTotal: number): void;
  /** Takes the line away. */
  end(): void;
}

export async function createJobProgress(output: Output, verb: string): Promise<JobProgress> {
  if (output.isTTY !== true) return { update: () => {}, end: () => {} };
  const { createLogUpdate } = await import('log-update');
  const draw = createLogUpdate(output);
  let drawnAt = Number.NEGATIVE_INFINITY;
  return {
    update(bytesDone, bytesTotal) {
      if (performance.now() - drawnAt < REDRAW_MS) return;
      drawnAt = performance.now();
      draw(`${verb} ${formatPercent(bytesDone, bytesTotal)} of ${formatBytes(bytesTotal)}`);
    },
    end() {
      draw.clear();
      draw.done();
    },
  };
}
