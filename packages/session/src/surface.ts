/** A fault in an owner's code surfaces in a turn of its own, as if nothing stood between: the engine goes on. */
export function surface(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
