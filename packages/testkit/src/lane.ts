// One direction of a host's access line: everything the host sends (or receives) passes it, at the line's rate, one
// packet of each waiting stream in turn, so that a stream's short message does not wait behind another's megabyte.

import type { SimClock } from './sim-clock.ts';

/** A stretch of a stream's data on its way; `fin` ends the stream after it. */
export interface Packet {
  readonly bytes: Uint8Array;
  readonly fin: boolean;
}

export interface LaneUser {
  /** The next packet to pass, or undefined when the stream has nothing (more) to pass. */
  take(): Packet | undefined;
  /** The packet has passed. */
  passed(packet: Packet): void;
}

export class Lane {
  readonly #clock: SimClock;
  readonly #bytesPerMs: number;
  readonly #waiting = new Set<LaneUser>();
  #busy = false;

  constructor(clock: SimClock, bytesPerSecond: number) {
    if (!(bytesPerSecond > 0)) throw new RangeError(`a line's rate is above 0 bytes/s, not ${bytesPerSecond}`);
    this.#clock = clock;
    this.#bytesPerMs = bytesPerSecond / 1000;
  }

  /** Bytes of one packet: about 20 ms of the line, so that turns are short on a slow one. */
  get packetLength(): number {
    return Math.max(1_460, Math.min(65_536, Math.round(this.#bytesPerMs * 20)));
  }

  wake(user: LaneUser): void {
    this.#waiting.add(user);
    this.#pump();
  }

  #pump(): void {
    while (!this.#busy) {
      const [user] = this.#waiting;
      if (user === undefined) return;
      this.#waiting.delete(user);
      const packet = user.take();
      if (packet === undefined) continue;
      this.#waiting.add(user);
      const cost = packet.bytes.length / this.#bytesPerMs;
      if (cost === 0) {
        user.passed(packet);
        continue;
      }
      this.#busy = true;
      this.#clock.setTimer(() => {
        this.#busy = false;
        user.passed(packet);
        this.#pump();
      }, cost);
    }
  }
}
