// A bound on the time that a piece of work may take.

/** Runs `work` with a signal that follows `signal`, and is aborted when the time is up. */
export async function withTimeLimit<T>(
  signal: AbortSignal,
  limitMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  // Not AbortSignal.any() over AbortSignal.timeout(): on Node 20 that may be collected before it fires.
  const bound = new AbortController();
  const follow = (): void => bound.abort(signal.reason);
  const timer = setTimeout(() => bound.abort(new Error(`time is up after ${limitMs / 1_000} s`)), limitMs);
  signal.addEventListener('abort', follow, { once: true });
  if (signal.aborted) follow();
  try {
    return await work(bound.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', follow);
  }
}
