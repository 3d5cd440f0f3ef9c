// The queries that wait for an answer. An answer counts only when it comes from the address that was asked and bears the
// transaction id it was asked with: 4 random bytes.
// Invariants: no more than the limit wait; each ends in exactly one of `take`, `expired` or `forget`.
import { type Endpoint, formatEndpoint, toHex } from '@shoal/primitives';
import { RoundTrips } from './round-trips.ts';

export interface Question<Purpose> {
  readonly to: Endpoint;
  /** `host:port`. */
  readonly name: string;
  readonly transactionId: Uint8Array;
  readonly purpose: Purpose;
  readonly sentAt: number;
  readonly lateAt: number;
  readonly failsAt: number;
  isLate: boolean;
}

export class Questions<Purpose> {
  readonly #random: (length: number) => Uint8Array;
  readonly #limit: number;
  readonly #waiting: Map<string, Question<Purpose>> = new Map();
  /** How many wait for an answer from there. */
  readonly #perName: Map<string, number> = new Map();
  readonly trips: RoundTrips = new RoundTrips();

  constructor(random: (length: number) => Uint8Array, limit: number) {
    this.#random = random;
    this.#limit = limit;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** A question that now waits, or undefined where too many do. */
  ask(to: Endpoint, purpose: Purpose, now: number): Question<Purpose> | undefined {
    if (this.#waiting.size >= this.#limit) return undefined;
    let transactionId: Uint8Array;
    do transactionId = Uint8Array.from(this.#random(4));
    while (this.#waiting.has(toHex(transactionId)));
    const { short, long } = this.trips;
    const name = formatEndpoint(to);
    const question = {
      to,
      name,
      transactionId,
      purpose,
      sentAt: now,
      lateAt: now + short,
      failsAt: now + long,
      isLate: false,
    };
    this.#waiting.set(toHex(transactionId), question);
    this.#perName.set(name, (this.#perName.get(name) ?? 0) + 1);
    return question;
  }

  /** Whether an answer from there is waited for. */
  isAwaited(name: string): boolean {
    return this.#perName.has(name);
  }

  /** The question which an answer from `name` is to, which then waits no more. */
  take(transactionId: Uint8Array, name: string, now: number): Question<Purpose> | undefined {
    const question = this.#waiting.get(toHex(transactionId));
    if (question?.name !== name) return undefined;
    this.#remove(question);
    this.trips.measure(now - question.sentAt);
    return question;
  }

  /** Those that have become late; each is answered once. */
  late(now: number): Question<Purpose>[] {
    const late = [...this.#waiting.values()].filter((question) => !question.isLate && question.lateAt <= now);
    for (const question of late) question.isLate = true;
    return late;
  }

  /** Those that are not waited for any more. */
  expired(now: number): Question<Purpose>[] {
    const expired = [...this.#waiting.values()].filter((question) => question.failsAt <= now);
    for (const question of expired) this.#remove(question);
    return expired;
  }

  forget(isForgotten: (purpose: Purpose) => boolean): void {
    for (const question of [...this.#waiting.values()]) if (isForgotten(question.purpose)) this.#remove(question);
  }

  /** When the next becomes late or fails; Infinity: none waits. */
  nextWake(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { isLate, lateAt, failsAt } of this.#waiting.values()) next = Math.min(next, isLate ? failsAt : lateAt);
    return next;
  }

  #remove({ transactionId, name }: Question<Purpose>): void {
    this.#waiting.delete(toHex(transactionId));
    const others = (this.#perName.get(name) ?? 1) - 1;
    if (others > 0) this.#perName.set(name, others);
    else this.#perName.delete(name);
  }
}
