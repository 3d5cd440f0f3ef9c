// The connection ids of a UDP tracker (BEP 15): who sends one back receives where it claims to be. Nothing is remembered:
// an id is the second it was made in (15 bits), which of two keys made it (1 bit), and 48 bits of a keyed hash over both
// and the address and port it was sent to.
// Invariants: a key makes ids for an hour and checks them for another at most; an id is taken for two minutes, as the BEP
// wants, and nobody can make one without a key.
import type { HostWords } from './host-words.ts';
import { putWord, wordAt } from './host-words.ts';
import { type SipKey, sipHash, sipKey } from './sip-hash.ts';

const LIFE_SECONDS = 120;
const KEY_SECONDS = 3_600;
const SECONDS_MASK = 0x7fff;

export class ConnectionIds {
  readonly #randomBytes: (length: number) => Uint8Array;
  /** By the lowest bit of their generation. */
  readonly #keys: [SipKey, SipKey];
  #generation: number;
  readonly #message = new Uint8Array(20);
  readonly #hash = new Int32Array(2);

  /** `randomBytes` must be fit for keys; `now` is milliseconds of the epoch that `make` and `check` are told. */
  constructor(randomBytes: (length: number) => Uint8Array, now: number) {
    this.#randomBytes = randomBytes;
    this.#keys = [sipKey(randomBytes(16)), sipKey(randomBytes(16))];
    this.#generation = generationAt(now);
  }

  /** Writes an id for that address to `into` from `at` on, 8 bytes. */
  make(family: 4 | 6, host: HostWords, port: number, now: number, into: Uint8Array, at: number): void {
    this.#turn(now);
    const stamp = ((Math.floor(now / 1_000) & SECONDS_MASK) << 1) | (this.#generation & 1);
    this.#mac(stamp, family, host, port);
    into[at] = stamp >>> 8;
    into[at + 1] = stamp;
    into[at + 2] = (this.#hash[1] as number) >>> 8;
    into[at + 3] = this.#hash[1] as number;
    putWord(into, at + 4, this.#hash[0] as number);
  }

  /** Whether the 8 bytes at `at` are an id made for that address in the last two minutes. */
  check(family: 4 | 6, host: HostWords, port: number, now: number, bytes: Uint8Array, at: number): boolean {
    this.#turn(now);
    const stamp = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
    const age = (Math.floor(now / 1_000) - (stamp >>> 1)) & SECONDS_MASK;
    if (age > LIFE_SECONDS) return false;
    this.#mac(stamp, family, host, port);
    const high = (wordAt(bytes, at) ^ (this.#hash[1] as number)) & 0xffff;
    return (high | (wordAt(bytes, at + 4) ^ (this.#hash[0] as number))) === 0;
  }

  #turn(now: number): void {
    const generation = generationAt(now);
    if (generation === this.#generation) return;
    this.#keys[generation & 1] = sipKey(this.#randomBytes(16));
    // Both are old after an hour in which nobody asked.
    if (generation !== this.#generation + 1) this.#keys[(generation & 1) ^ 1] = sipKey(this.#randomBytes(16));
    this.#generation = generation;
  }

  #mac(stamp: number, family: 4 | 6, host: HostWords, port: number): void {
    const message = this.#message;
    putWord(message, 0, (stamp << 16) | port);
    const words = family === 4 ? 1 : 4;
    for (let word = 0; word < words; word++) putWord(message, 4 + 4 * word, host[word] as number);
    sipHash(this.#keys[stamp & 1] as SipKey, message, 4 + 4 * words, this.#hash);
  }
}

function generationAt(now: number): number {
  return Math.floor(now / 1_000 / KEY_SECONDS);
}
