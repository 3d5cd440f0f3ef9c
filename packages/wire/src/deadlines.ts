// When what is due on one connection. Owns no timer: it is asked.
import type { WireLimits } from './limits.ts';

const NEVER: number = Number.POSITIVE_INFINITY;

/** The times of a connection, in milliseconds. */
export class Deadlines {
  /** The latest time we were told. */
  now: number;
  handshake: number;
  silence: number = NEVER;
  keepAlive: number = NEVER;
  /** When the peer that choked us must have rejected what it owes (BEP 6). */
  rejects: number = NEVER;
  readonly #limits: WireLimits;

  constructor(limits: WireLimits, now: number) {
    this.#limits = limits;
    this.now = now;
    this.handshake = now + limits.handshakeMs;
  }

  opened(): void {
    this.handshake = NEVER;
    this.heard();
    this.sent();
  }

  /** A whole message, or bytes of a block, came: fewer bytes do not count, or dripping them would be life enough. */
  heard(): void {
    this.silence = this.now + this.#limits.silenceMs;
  }

  sent(): void {
    this.keepAlive = this.now + this.#limits.keepAliveMs;
  }

  choked(): void {
    this.rejects = this.now + this.#limits.rejectMs;
  }

  next(): number {
    return Math.min(this.handshake, this.silence, this.keepAlive, this.rejects);
  }
}
