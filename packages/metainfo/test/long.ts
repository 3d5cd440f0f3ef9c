// What the long tests share: how many mutants, from which seed, and how they are told.
import type { FuzzReport } from '@shoal/testkit';
import { expect } from 'vitest';
import { MetainfoError } from '../src/index.ts';

export const RUNS: number = Number(process.env.SHOAL_TEST_RUNS ?? 1_000_000);
export const SEED: string = process.env.SHOAL_SEED ?? String(Date.now());

/** Prints what became of the inputs: a fuzzer that tries nothing is quiet as well. */
export function tell(what: string, { accepted, refused, slowestMs }: FuzzReport): void {
  const told = `${RUNS} inputs, ${accepted} taken, ${refused} refused, the slowest in ${slowestMs.toFixed(1)} ms`;
  process.stdout.write(`${what}, seed ${SEED}: ${told}\n`);
  expect(accepted).toBeGreaterThan(RUNS / 100);
  expect(refused).toBeGreaterThan(RUNS / 50);
}

export function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof MetainfoError) return undefined;
    throw error;
  }
}
