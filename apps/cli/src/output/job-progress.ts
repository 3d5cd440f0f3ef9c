// Progress of a job that takes a while and is over then (hashing): one line on a terminal, nothing anywhere else.
import type { Io } from '../io.ts';
import { formatBytes, formatPercent } from './format.ts';

const REDRAW_MS = 100;

export interface JobProgress {
  update(bytesDone: number, bytesTotal: number): void;
  /** Takes the line away. */
  end(): void;
}

export async function createJobProgress(
  { stderr, env }: Pick<Io, 'stderr' | 'env'>,
  verb: string,
): Promise<JobProgress> {
  if (stderr.isTTY !== true) return { update: () => {}, end: () => {} };
  const { isScreen, LiveRegion } = await import('./live-region.ts');
  if (!isScreen(stderr, env)) return { update: () => {}, end: () => {} };
  let line = '';
  const region = new LiveRegion({
    output: stderr,
    env,
    render: ({ columns }) => (line === '' ? [] : [line.slice(0, columns)]),
  });
  let drawnAt = Number.NEGATIVE_INFINITY;
  return {
    update(bytesDone, bytesTotal) {
      if (performance.now() - drawnAt < REDRAW_MS) return;
      drawnAt = performance.now();
      line = `${verb} ${formatPercent(bytesDone, bytesTotal)} of ${formatBytes(bytesTotal)}`;
      region.draw();
    },
    end: () => region.close(),
  };
}
