// What the long tests share: how many mutants, from which seed, made of what, and how they are told.
import { fuzz, type SeededRandom } from '@shoal/testkit';
import fc from 'fast-check';
import { message, stream } from './streams.ts';

export const SEED: string = process.env.SHOAL_SEED ?? String(Date.now());

export const STREAMS: readonly Uint8Array[] = fc.sample(stream, { numRuns: 40, seed: 1 });
export const MESSAGES: readonly Uint8Array[] = fc.sample(message, { numRuns: 100, seed: 1 });
/** Beginnings of frames. */
export const TOKENS: readonly Uint8Array[] = [
  [0, 0, 0, 0],
  [0, 0, 0, 1],
  [0, 0, 0, 5, 4],
  [0, 0, 0, 13, 6],
  [0, 2, 0, 9, 7],
  [0, 0, 0, 2, 20, 0],
  [0, 0, 0, 6, 20, 1],
].map((bytes) => Uint8Array.from(bytes));

export interface Count {
  readonly runs: number;
  readonly accepted: number;
  readonly refused: number;
}

/** Fuzzes `target` with `runs` mutants, or SHOAL_TEST_RUNS, and prints what became of them. */
export async function count(
  what: string,
  runs: number,
  material: {
    readonly corpus: readonly Uint8Array[];
    readonly tokens?: readonly Uint8Array[];
    readonly maxLength?: number;
  },
  target: (input: Uint8Array, random: SeededRandom) => boolean,
): Promise<Count> {
  const total = Number(process.env.SHOAL_TEST_RUNS ?? runs);
  const { accepted, refused, slowestMs } = await fuzz({ seed: SEED, runs: total, ...material }, target);
  const told = `${total} inputs, ${accepted} taken, ${refused} refused, the slowest in ${slowestMs.toFixed(1)} ms`;
  process.stdout.write(`${what}, seed ${SEED}: ${told}\n`);
  return { runs: total, accepted, refused };
}

/** Some of the bytes, then the next; few or many at a time. */
export function* chunks(bytes: Uint8Array, random: SeededRandom): Generator<Uint8Array> {
  const most = [bytes.length + 1, 400, 20][random.int(3)] as number;
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + random.int(most);
    yield bytes.slice(at, at + size);
    at += size;
  }
}
