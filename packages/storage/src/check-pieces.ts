// Reads and verifies many pieces, a few at a time. Invariant: when the promise settles, no check is under way.
import type { Verdict } from './hasher.ts';

/** A PieceStore, as far as checking goes. */
export interface Checker {
  check(piece: number): Promise<Verdict>;
}

/** How pieces are checked, and who is told. */
export interface CheckPiecesOptions {
  /** Reads and hashes under way at a time; 4 unless told. */
  readonly concurrency?: number;
  /** Asked before each piece; once it says no, no further piece is begun. */
  readonly goesOn?: () => boolean;
  /** Called for every piece that was checked, in the order the verdicts come. */
  readonly onChecked: (piece: number, verdict: Verdict) => void;
}

const CHECKS_AT_ONCE = 4;

/** Checks `pieces` in about their order. Rejects with the first failure, once those under way have ended. */
export async function checkPieces(
  store: Checker,
  pieces: Iterable<number>,
  options: CheckPiecesOptions,
): Promise<void> {
  const { concurrency = CHECKS_AT_ONCE, goesOn = () => true, onChecked } = options;
  if (!(concurrency >= 1)) throw new RangeError(`at least one piece is checked at a time, not ${concurrency}`);
  const rest = pieces[Symbol.iterator]();
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    try {
      while (failures.length === 0 && goesOn()) {
        const next = rest.next();
        if (next.done) return;
        onChecked(next.value, await store.check(next.value));
      }
    } catch (error) {
      failures.push(error);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  if (failures.length > 0) throw failures[0];
}
