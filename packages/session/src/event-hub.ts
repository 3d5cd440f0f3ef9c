// Events as listeners and as async iterables. A slow iterator is bounded: past the limit its oldest events are dropped.
import { surface } from './surface.ts';

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
        surface(error);
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
    /** Calls of `next` that found the queue empty: a caller may have several under way. */
    const waiting: ((result: IteratorResult<Event, undefined>) => void)[] = [];
    let ended = false;
    const unsubscribe = this.subscribe((event) => {
      const next = waiting.shift();
      if (next) {
        next({ done: false, value: event });
        return;
      }
      if (queue.length >= LONGEST_QUEUE) queue.shift();
      queue.push(event);
    });
    const end = (): void => {
      ended = true;
      unsubscribe();
      this.#endings.delete(end);
      signal?.removeEventListener('abort', end);
      for (const next of waiting.splice(0)) next({ done: true, value: undefined });
    };
    if (this.#closed || signal?.aborted) {
      end();
    } else {
      this.#endings.add(end);
      signal?.addEventListener('abort', end, { once: true });
    }
    const iterator: AsyncIterableIterator<Event> = {
      next: () =>
        new Promise((resolve) => {
          if (queue.length > 0) resolve({ done: false, value: queue.shift() as Event });
          else if (ended) resolve({ done: true, value: undefined });
          else waiting.push(resolve);
        }),
      return: async () => {
        queue.length = 0;
        end();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }
}
