// A random choice without repetition.

/** At most `count` of the items; all of them, in their order, where there are no more. `random` is in [0, 1). */
export function sample<T>(items: readonly T[], count: number, random: () => number): T[] {
  if (items.length <= count) return [...items];
  const rest = [...items];
  for (let at = 0; at < count; at++) {
    const other = at + Math.floor(random() * (rest.length - at));
    [rest[at], rest[other]] = [rest[other] as T, rest[at] as T];
  }
  return rest.slice(0, count);
}
