// A session's world that can be taken from it at any moment, as kill -9 does: from then on it hears no timer, and what it
// asks for is never answered. What reached the disk and the state store before stays.
import type { Storage } from '@shoal/storage';
import type { Clock, StateStore, Timer, Transport } from '../src/index.ts';

export class Mortal {
  readonly #timers = new Set<Timer>();
  #dead = false;

  kill(): void {
    this.#dead = true;
    for (const timer of this.#timers) timer.cancel();
  }

  clock(inner: Clock): Clock {
    return {
      now: () => inner.now(),
      setTimer: (callback, delayMs) => {
        if (this.#dead) return { cancel: () => undefined };
        const timer = inner.setTimer(() => {
          this.#timers.delete(handle);
          callback();
        }, delayMs);
        const handle: Timer = {
          cancel: () => {
            this.#timers.delete(handle);
            timer.cancel();
          },
        };
        this.#timers.add(handle);
        return handle;
      },
    };
  }

  transport(inner: Transport): Transport {
    return {
      name: inner.name,
      canDial: (address) => inner.canDial(address),
      dial: (address, signal) =>
        this.#while(async () => {
          const stream = await inner.dial(address, signal);
          // Connected for a process that is no more: the system resets it.
          if (this.#dead) stream.destroy();
          return stream;
        }),
      listen: (onStream) => inner.listen(onStream),
    };
  }

  storage(inner: Storage): Storage {
    return {
      open: () => this.#while(() => inner.open()),
      read: (piece, begin, into) => this.#while(() => inner.read(piece, begin, into)),
      write: (piece, begin, bytes) => this.#while(() => inner.write(piece, begin, bytes)),
      stamps: () => this.#while(() => inner.stamps()),
      flush: () => this.#while(() => inner.flush()),
      // The bytes outlive the session, as on a disk.
      setWanted: (files) => this.#while(() => inner.setWanted(files)),
      move: (to) => this.#while(() => inner.move(to)),
      remove: () => this.#while(() => inner.remove()),
      close: async () => undefined,
    };
  }

  stateStore(inner: StateStore): StateStore {
    return {
      load: (key) => this.#while(() => inner.load(key)),
      save: (key, bytes) => this.#while(() => inner.save(key, bytes)),
      remove: (key) => this.#while(() => inner.remove(key)),
    };
  }

  async #while<T>(work: () => Promise<T>): Promise<T> {
    if (this.#dead) return new Promise(() => undefined);
    const result = await work();
    return this.#dead ? new Promise(() => undefined) : result;
  }
}
