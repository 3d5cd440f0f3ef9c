// Many pieces of one torrent checked on threads: which thread gets which, and when it is not worth it. What a thread cannot judge is
// left to whoever asked, who reads it on the main road and hears of errors there.
// Invariants: pieces are begun in the order given; when the promise settles, no job of it is under way; a job takes one turn among
// those who use the files, so that whoever wants to move them waits for a few MiB and not for the whole check.
import type { Layout } from '@shoal/primitives';
import type { Verification } from '../storage.ts';
import type { CheckAnswer, CheckJob } from './check-thread.ts';
import { mostThreads, withCheckThreads } from './check-threads.ts';

/** Bytes of one job: a message costs 50 µs, and is nothing beside them. */
const JOB = 8 * 1024 * 1024;
/** Bytes for each thread at least: it takes 40 ms to start, in which the main thread hashes as much; and from two threads' worth on. */
const FOR_A_THREAD = 48 * 1024 * 1024;
/** Bytes a second that a thread reads from a disk that has to seek between threads, or from a slow network, and some more. */
const SLOW = 100 * 1024 * 1024;
/** Jobs under way for each thread: one to do, one to go on with. */
const LANES_A_THREAD = 2;

export interface ThreadCheck extends Verification {
  readonly layout: Layout;
  readonly pieces: readonly number[];
  /** From 0 up; undefined: as many as it pays to have. */
  readonly threads: number | undefined;
  /** Where a file lies, and what it must be; undefined where it is not to be read by name: its pieces are left. */
  readonly place: (file: number) => Promise<CheckJob['files'][number] | undefined>;
  /** False: its bytes lie elsewhere, and it is left. */
  readonly isPlain: (piece: number) => boolean;
  /** Runs one job in a turn among those who use the files. */
  readonly inTurn: (work: () => Promise<CheckAnswer | undefined>) => Promise<CheckAnswer | undefined>;
}

/** Answers the pieces that were left. Rejects as `inTurn` does. */
export async function checkOnThreads(check: ThreadCheck): Promise<readonly number[]> {
  const { layout, pieces } = check;
  const useful = Math.floor((pieces.length * layout.pieceLength) / FOR_A_THREAD);
  const threads = check.threads ?? (useful > 1 ? Math.min(useful, mostThreads()) : 0);
  if (threads === 0 || pieces.length === 0) return pieces;
  return withCheckThreads(threads, async (pool) => {
    const run = Math.max(1, Math.floor(JOB / layout.pieceLength));
    const left: number[] = [];
    const failures: unknown[] = [];
    let next = 0;
    let inTrouble = false;
    let [bytesRead, readMs] = [0, 0];
    const lane = async (index: number): Promise<void> => {
      while (next < pieces.length && !inTrouble && failures.length === 0 && check.goesOn()) {
        // Two that read from a disk with heads are slower than one.
        if (index > 0 && readMs > 0 && (bytesRead * 1_000) / readMs < SLOW) return;
        const taken = pieces.slice(next, next + run);
        next += run;
        let plain: readonly number[] = [];
        const answer = await check.inTurn(async () => {
          plain = taken.filter((piece) => check.isPlain(piece));
          const job = await jobOf(plain, check);
          return job && pool.run(job);
        });
        left.push(...(plain.length < taken.length ? taken.filter((piece) => !plain.includes(piece)) : []));
        if (!answer) {
          left.push(...plain);
          continue;
        }
        readMs += answer.readMs;
        for (const [at, piece] of plain.entries()) {
          const outcome = answer.outcomes[at] as number;
          bytesRead += layout.pieceSize(piece);
          if (outcome > 1) left.push(piece);
          else if (check.goesOn()) check.onChecked(piece, outcome === 1 ? 'ok' : 'bad');
          inTrouble ||= outcome === 3;
        }
      }
    };
    const guarded = (_: unknown, index: number): Promise<void> =>
      lane(index).catch((error: unknown) => void failures.push(error));
    await Promise.all(Array.from({ length: pool.count * LANES_A_THREAD }, guarded));
    if (failures.length > 0) throw failures[0];
    return [...left, ...pieces.slice(next)];
  });
}

/** Undefined where one of the files is not to be read so. */
async function jobOf(
  pieces: readonly number[],
  { layout, place, expectation }: ThreadCheck,
): Promise<CheckJob | undefined> {
  const files: CheckJob['files'][number][] = [];
  const indices = new Map<number, number>();
  const stretches: number[] = [];
  const counts = new Uint32Array(pieces.length);
  const expected = new Uint8Array(20 * pieces.length);
  for (const [at, piece] of pieces.entries()) {
    const { sha1 } = expectation(piece);
    if (sha1 === undefined) return undefined;
    expected.set(sha1, 20 * at);
    const spans = layout.spans(piece);
    counts[at] = spans.length;
    for (const { file, offset, length, padding } of spans) {
      let index = padding ? -1 : indices.get(file);
      if (index === undefined) {
        const found = await place(file);
        if (!found) return undefined;
        index = files.push(found) - 1;
        indices.set(file, index);
      }
      stretches.push(index, offset, length);
    }
  }
  return { files, stretches: Float64Array.from(stretches), counts, expected };
}
