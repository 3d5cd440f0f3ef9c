// How all small measurements are made: the candidates in turn, round after round, in one process, so that whatever slows the machine
// slows all of them. The first round warms up and does not count.
import { setImmediate as turn } from 'node:timers/promises';
import { alignColumns, median } from '../statistics.ts';

/** One piece of work, done by several. The first candidate is ours; the others are measured against it. */
export interface Contest {
  readonly name: string;
  /** What `amount` counts, a second. */
  readonly unit: string;
  /** Units of work in one run. */
  readonly amount: number;
  readonly candidates: readonly Candidate[];
}

export interface Candidate {
  readonly name: string;
  readonly run: () => void;
}

/** Units a second, of every round that counts. */
export interface Rates {
  readonly name: string;
  readonly rates: readonly number[];
  readonly median: number;
}

export interface Comparison {
  readonly name: string;
  readonly unit: string;
  readonly candidates: readonly Rates[];
}

/** Rejects with the signal's reason when it is aborted between two runs. */
export async function compare(contest: Contest, rounds: number, signal: AbortSignal): Promise<Comparison> {
  const rates = contest.candidates.map((): number[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [index, { run }] of contest.candidates.entries()) {
      signal.throwIfAborted();
      const start = performance.now();
      run();
      const seconds = (performance.now() - start) / 1_000;
      if (round > 0) rates[index]?.push(contest.amount / seconds);
      // Streams of other packages tell things by and by: between two runs, not in one.
      await turn();
    }
  }
  const candidates = contest.candidates.map(({ name }, index) => {
    const own = rates[index] as number[];
    return { name, rates: own, median: median(own) };
  });
  return { name: contest.name, unit: contest.unit, candidates };
}

/** A row for each candidate: its rate, and how many times as fast the first one is. */
export function formatComparisons(comparisons: readonly Comparison[]): string {
  const rows = comparisons.flatMap(({ name, unit, candidates }) => {
    const ours = candidates[0]?.median ?? 0;
    return candidates.map((candidate, index) => {
      const ratio = index === 0 ? '' : (ours / candidate.median).toFixed(1);
      return [index === 0 ? name : '', candidate.name, `${figure(candidate.median)} ${unit}/s`, ratio];
    });
  });
  return alignColumns([['', 'by', 'rate', 'ours/theirs'], ...rows]).join('\n');
}

/** Three digits, in thousands where there are more. */
function figure(value: number): string {
  return value >= 100_000 ? `${Math.round(value / 1_000)}k` : value.toPrecision(value >= 1_000 ? 4 : 3);
}
