// Progress of a job that takes a while and is over then (hashing, asking peers): one line on a terminal, nothing anywhere else.
import type { Io } from '../io.ts';
import { formatBytes, formatPercent } from './format.ts';

const REDRAW_MS = 100;

/** `hashing 12 % of 3.4 GiB`. */
export function shareText(verb: string, bytesDone: number, bytesTotal: number): string {
  return `${verb} ${formatPercent(bytesDone, bytesTotal)} of ${formatBytes(bytesTotal)}`;
}

export interface JobProgress {
  show(text: string): void;
  /** Takes the line away. */
  end(): void;
}

export async function createJobProgress({ stderr, env }: Pick<Io, 'stderr' | 'env'>): Promise<JobProgress> {
  if (stderr.isTTY !== true) return { show: () => {}, end: () => {} };
  const { isScreen, LiveRegion } = await import('./live-region.ts');
  if (!isScreen(stderr, env)) return { show: () => {}, end: () => {} };
  let line = '';
  const region = new LiveRegion({
    output: stderr,
    env,
    render: ({ columns }) => (line === '' ? [] : [line.slice(0, columns)]),
  });
  let drawnAt = Number.NEGATIVE_INFINITY;
  return {
    show(text) {
      if (performance.now() - drawnAt < REDRAW_MS) return;
      drawnAt = performance.now();
      line = text;
      region.draw();
    },
    end: () => region.close(),
  };
}
