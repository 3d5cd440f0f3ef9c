// One announce over each address family of a tracker (BEP 7). A family that is dead neither fails the other nor keeps it
// waiting for longer than a moment.
import type { AnnounceResponse } from '../announce.ts';
import { TrackerError } from '../errors.ts';
import type { Family } from './local-address.ts';

export interface OverFamilies {
  /**
   * What was answered until the first family had answered and `graceMs` had passed, or all were done. Rejects when all
   * have failed, with what the tracker itself said before what the network did.
   */
  readonly answers: Promise<readonly AnnounceResponse[]>;
  /** Resolves when all families are done, whatever came of them. */
  readonly over: Promise<void>;
}

/** `onLate` hears an answer that came after `answers` was settled. */
export function overFamilies(
  families: readonly Family[],
  ask: (family: Family) => Promise<AnnounceResponse>,
  graceMs: number,
  onLate: (response: AnnounceResponse) => void,
): OverFamilies {
  const answered = new Map<Family, AnnounceResponse>();
  const failures = new Map<Family, unknown>();
  let isSettled = false;
  let timer: NodeJS.Timeout | undefined;
  const asked = families.map((family) => ({ family, response: ask(family) }));
  const answers = new Promise<readonly AnnounceResponse[]>((resolve, reject) => {
    const settle = (): void => {
      isSettled = true;
      clearTimeout(timer);
      if (answered.size > 0) resolve(inOrder(families, answered));
      else reject(mostTelling(inOrder(families, failures)));
    };
    const noteEnd = (): void => {
      if (isSettled) return;
      if (answered.size + failures.size === families.length) settle();
      else if (answered.size > 0) timer ??= setTimeout(settle, graceMs);
    };
    for (const { family, response } of asked) {
      response.then(
        (answer) => {
          if (isSettled) return onLate(answer);
          answered.set(family, answer);
          noteEnd();
        },
        (error: unknown) => {
          failures.set(family, error);
          noteEnd();
        },
      );
    }
  });
  const over = Promise.allSettled(asked.map(({ response }) => response)).then(() => undefined);
  return { answers, over };
}

function inOrder<T>(families: readonly Family[], byFamily: ReadonlyMap<Family, T>): T[] {
  return families.filter((family) => byFamily.has(family)).map((family) => byFamily.get(family) as T);
}

/** The caller's own reason, then what the tracker said, then silence, then what the network said. */
function mostTelling(failures: readonly unknown[]): unknown {
  const rank = (error: unknown): number => {
    if (!(error instanceof TrackerError)) return 0;
    if (error.code === 'ERR_TRACKER_CONNECT') return 3;
    return error.code === 'ERR_TRACKER_TIMEOUT' ? 2 : 1;
  };
  return failures.toSorted((one, other) => rank(one) - rank(other))[0];
}
