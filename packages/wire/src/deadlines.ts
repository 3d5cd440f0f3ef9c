// When what is due on one connection. Owns no timer: it is asked.
import type { WireLimits } from './limits.ts';

const NEVER: number = Number.POSITIVE_INFINITY;

/** The times of a connection, in milliseconds. */
export class Deadlines {
  /** The latest time we were told. */
  now: number;
  handshake: number;
  keepAlive: number = NEVER;
  #silence: number = NEVER;
  #rejects: number = NEVER;
  /** Nobody reads what the peer may have sent, so it cannot be late. */
  #isPaused = false;
  readonly #limits: WireLimits;

  constructor(limits: WireLimits, now: number) {
    this.#limits = limits;
    this.now = now;
    this.handshake = now + limits.handshakeMs;
  }

  get silence(): number {
    return this.#isPaused ? NEVER : this.#silence;
  }

  /** When the peer that choked us must have rejected what it owes (BEP 6). */
  get rejects(): number {
    return this.#isPaused ? NEVER : this.#rejects;
  }

  opened(): void {
    this.handshake = NEVER;
    this.heard();
    this.sent();
  }

  /** A whole message, or bytes of a block, came: fewer bytes do not count, or dripping them would be life enough. */
  heard(): void {
    this.#silence = this.now + this.#limits.silenceMs;
  }

  sent(): void {
    this.keepAlive = this.now + this.#limits.keepAliveMs;
  }

  choked(): void {
    this.#rejects = this.now + this.#limits.rejectMs;
  }

  /** No rejects are owed any more. */
  settled(): void {
    this.#rejects = NEVER;
  }

  pause(): void {
    this.#isPaused = true;
  }

  /** Everything that waits for the peer begins anew. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (this.#silence !== NEVER) this.heard();
    if (this.#rejects !== NEVER) this.choked();
  }

  next(): number {
    return Math.min(this.handshake, this.silence, this.keepAlive, this.rejects);
  }
}
