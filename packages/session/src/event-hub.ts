// Events as listeners and as async iterables. A slow iterator is bounded: past the limit its oldest events are dropped.

const LONGEST_QUEUE = 10_000;

export class EventHub<Event> {
  readonly #listeners = new Set<(event: Event) => void>();
  #closed = false;
  readonly #endings = new Set<() => void>();

  /** Calls the listener for each event from now on; the answer ends that. */
  subscribe(listener: (event: Event) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A listener that throws is its owner's fault: the error surfaces in a turn of its own, the engine goes on. */
  emit(event: Event): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  /** Ends every iterator once it has drained. */
  close(): void {
    this.#closed = true;
    for (const end of this.#endings) end();
    this.#listeners.clear();
  }

  /** Events from the call on, until the hub closes, the signal aborts or the loop is left. */
  iterate(signal?: AbortSignal): AsyncIterableIterator<Event> {
    const queue: Event[] = [];
    let wake: (() => void) | undefined;
    let ended = this.#closed || signal?.aborted === true;
    const unsubscribe = this.subscribe((event) => {
      if (queue.length >= LONGEST_QUEUE) queue.shift();
      queue.push(event);
      wake?.();
    });
    const end = (): void => {
      ended = true;
      unsubscribe();
      this.#endings.delete(end);
      signal?.removeEventListener('abort', end);
      wake?.();
    };
    this.#endings.add(end);
    signal?.addEventListener('abort', end, { once: true });
    const iterator: AsyncIterableIterator<Event> = {
      next: async () => {
        while (queue.length === 0 && !ended) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        const value = queue.shift();
        return value === undefined ? { done: true, value: undefined } : { done: false, value };
      },
      return: async () => {
        end();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }
}
