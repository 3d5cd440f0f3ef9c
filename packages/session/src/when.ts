// Promises of a state that events lead to.
import type { EventHub } from './event-hub.ts';

/**
 * Asks `settled` now and after each event, until it answers true (resolves) or throws (rejects). Rejects with the signal's
 * reason. The hub must tell of whatever settles it.
 */
export function when<Event>(hub: EventHub<Event>, settled: () => boolean, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let stop = (): void => undefined;
    const next = (): void => {
      try {
        signal?.throwIfAborted();
        if (!settled()) return;
        resolve();
      } catch (error) {
        reject(error);
      }
      stop();
    };
    const unsubscribe = hub.subscribe(next);
    signal?.addEventListener('abort', next, { once: true });
    stop = () => {
      unsubscribe();
      signal?.removeEventListener('abort', next);
    };
    next();
  });
}
