// Long fuzzing of decoders: bytes that were valid, changed at random; what a decoder took is changed further, so that
// the mutants go deeper than the first field. The seed decides everything but the time it takes.
import { setImmediate } from 'node:timers/promises';
import { type SeededRandom, seededRandom } from './random.ts';

export interface FuzzOptions {
  readonly seed: number | string;
  readonly runs: number;
  /** Valid inputs, at least one. */
  readonly corpus: readonly Uint8Array[];
  /** Byte strings that mean something to the decoder. */
  readonly tokens?: readonly Uint8Array[];
  /** Default 4,096; the corpus may go past it. */
  readonly maxLength?: number;
}

export interface FuzzReport {
  readonly accepted: number;
  readonly refused: number;
  /** Of the slowest single input. */
  readonly slowestMs: number;
}

/** Mutants that were taken and are kept beside the corpus. */
const MAX_KEPT = 512;
/** Past this an input counts as one that hangs the decoder; far above what a busy machine can make of a run. */
const HANGS_MS = 5_000;
/** The runner must hear of its worker now and then. */
const RUNS_PER_TURN = 1_000;

/**
 * Hands `runs` mutants to `target`, which answers whether they were accepted and throws where they were mistreated.
 * Rejects with an error that holds seed, run and input in hex; its cause is what `target` threw.
 */
export async function fuzz(
  options: FuzzOptions,
  target: (input: Uint8Array, random: SeededRandom) => boolean | Promise<boolean>,
): Promise<FuzzReport> {
  const { seed, runs, corpus, tokens = [], maxLength = 4_096 } = options;
  if (corpus.length === 0) throw new RangeError('a corpus of at least one input is needed');
  const random = seededRandom(seed);
  const kept: Uint8Array[] = [];
  let [accepted, slowestMs] = [0, 0];
  for (let run = 0; run < runs; run++) {
    const input = mutant(random, pick(random, random.int(2) === 0 && kept.length > 0 ? kept : corpus), {
      others: corpus,
      tokens,
      maxLength,
    });
    const before = performance.now();
    try {
      // The target may keep or change what it is given.
      const answer = target(input.slice(), random);
      if (typeof answer === 'boolean' ? answer : await answer) {
        accepted++;
        if (kept.length < MAX_KEPT) kept.push(input);
        else kept[random.int(MAX_KEPT)] = input;
      }
      const took = performance.now() - before;
      slowestMs = Math.max(slowestMs, took);
      if (took > HANGS_MS) throw new Error(`it took ${Math.round(took)} ms`);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new Error(`seed ${seed}, run ${run}, input ${toHex(input)}: ${message}`, { cause: error });
    }
    if (run % RUNS_PER_TURN === RUNS_PER_TURN - 1) await setImmediate();
  }
  return { accepted, refused: runs - accepted, slowestMs };
}

interface Material {
  readonly others: readonly Uint8Array[];
  readonly tokens: readonly Uint8Array[];
  readonly maxLength: number;
}

/** Figures at which sizes and signs turn over. */
const EDGES = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x4000, 0x2_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

/** One to four changes. */
function mutant(random: SeededRandom, from: Uint8Array, { others, tokens, maxLength }: Material): Uint8Array {
  const room = Math.max(maxLength, from.length);
  let bytes = from;
  for (let left = 1 + random.int(4); left > 0; left--) {
    const at = random.int(bytes.length + 1);
    const length = random.int(Math.min(32, bytes.length - at) + 1);
    switch (random.int(9)) {
      case 0:
        bytes = splice(bytes, Math.max(0, at - 1), 1, random.bytes(1));
        break;
      case 1:
        bytes = splice(bytes, at, 0, random.bytes(1 + random.int(4)));
        break;
      case 2:
        bytes = splice(bytes, at, length);
        break;
      case 3:
        bytes = splice(bytes, at, 0, bytes.subarray(at, at + length));
        break;
      case 4:
        bytes = bytes.slice(0, at);
        break;
      case 5: {
        const edge = new Uint8Array(4);
        new DataView(edge.buffer).setUint32(0, EDGES[random.int(EDGES.length)] as number);
        const width = [1, 2, 4][random.int(3)] as number;
        bytes = splice(bytes, at, width, edge.subarray(4 - width));
        break;
      }
      case 6: {
        const other = pick(random, others);
        const start = random.int(other.length + 1);
        bytes = splice(bytes, at, length, other.subarray(start, start + random.int(65)));
        break;
      }
      case 7:
        // Elsewhere in the same input: fields change places.
        bytes = splice(bytes, random.int(bytes.length + 1), 0, bytes.subarray(at, at + length));
        break;
      default:
        bytes = splice(bytes, at, random.int(2) * length, tokens.length > 0 ? pick(random, tokens) : random.bytes(1));
    }
    if (bytes.length > room) bytes = bytes.slice(0, room);
  }
  return bytes;
}

/** A copy with `removed` bytes at `at` replaced by `put`. */
function splice(bytes: Uint8Array, at: number, removed: number, put: Uint8Array = new Uint8Array(0)): Uint8Array {
  const rest = bytes.subarray(at + removed);
  const spliced = new Uint8Array(at + put.length + rest.length);
  spliced.set(bytes.subarray(0, at));
  spliced.set(put, at);
  spliced.set(rest, at + put.length);
  return spliced;
}

function pick<T>(random: SeededRandom, from: readonly T[]): T {
  return from[random.int(from.length)] as T;
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
