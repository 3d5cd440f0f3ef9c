/** Registers a test, as vitest's `test` or node:test's `test` do. */
export type RegisterTest = (name: string, body: () => Promise<void>) => unknown;

/** Throws with the figures where `actual` is not `expected`. */
export function same<T>(actual: T, expected: T, what: string): void {
  if (!Object.is(actual, expected)) throw new Error(`${what}: ${String(actual)} instead of ${String(expected)}`);
}

/** Lets some time pass, so that what must not happen could; a world in which nothing more happens is as good. */
export async function someTime(until: (condition: () => boolean) => Promise<void>): Promise<void> {
  let looks = 0;
  await until(() => ++looks > 20).catch(() => undefined);
}
