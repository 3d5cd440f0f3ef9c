/** The file system's queue and ours; more gain nothing on a local disk, and a network disk answers them together. */
export const AT_ONCE = 32;

/** What `work` makes of each, in their order; so many under way at a time. Rejects as the first that fails, once all have ended. */
export async function mapAtOnce<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
  atOnce: number = AT_ONCE,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  const failures: unknown[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length && failures.length === 0) {
      const index = next++;
      results[index] = await work(items[index] as T);
    }
  };
  const guarded = (): Promise<void> => lane().catch((error: unknown) => void failures.push(error));
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, guarded));
  if (failures.length > 0) throw failures[0];
  return results;
}
