/** Registers a test, as vitest's `test` or node:test's `test` do. */
export type RegisterTest = (name: string, body: () => Promise<void>) => unknown;

/** Throws with the figures where `actual` is not `expected`. */
export function same<T>(actual: T, expected: T, what: string): void {
  if (!Object.is(actual, expected)) throw new Error(`${what}: ${String(actual)} instead of ${String(expected)}`);
}
