// Write tokens (BEP 5): who presents one receives where it claims to be, and has asked about the same target. Nothing is
// remembered: a token is a keyed digest. Invariants: a secret makes tokens for five minutes and checks them for five more;
// a token is good for one address and one target.
import { bytesEqual, concatBytes } from '@shoal/primitives';

const SECRET_MS = 5 * 60_000;
const TOKEN_LENGTH = 8;
const TEXT = new TextEncoder();

export interface TokenMeans {
  readonly sha1: (bytes: Uint8Array) => Uint8Array;
  readonly random: (length: number) => Uint8Array;
}

export class Tokens {
  readonly #means: TokenMeans;
  #secret: Uint8Array;
  #former: Uint8Array;
  #since: number;

  constructor(means: TokenMeans, now: number) {
    this.#means = means;
    this.#secret = Uint8Array.from(means.random(20));
    this.#former = this.#secret;
    this.#since = now;
  }

  /** 8 bytes. The port does not matter: a NAT may change it between two datagrams. */
  make(host: string, target: Uint8Array, now: number): Uint8Array {
    this.#turn(now);
    return this.#digest(this.#secret, host, target);
  }

  /** Whether a token was made for that address and target in the last five to ten minutes. */
  check(token: Uint8Array, host: string, target: Uint8Array, now: number): boolean {
    this.#turn(now);
    // Eight bytes of a digest over a secret: comparing them byte by byte tells a distant asker nothing it can time.
    return [this.#secret, this.#former].some((secret) => bytesEqual(token, this.#digest(secret, host, target)));
  }

  #turn(now: number): void {
    const age = now - this.#since;
    if (age < SECRET_MS) return;
    this.#former = age < 2 * SECRET_MS ? this.#secret : Uint8Array.from(this.#means.random(20));
    this.#secret = Uint8Array.from(this.#means.random(20));
    this.#since = now;
  }

  #digest(secret: Uint8Array, host: string, target: Uint8Array): Uint8Array {
    return this.#means.sha1(concatBytes([secret, target, TEXT.encode(host)])).subarray(0, TOKEN_LENGTH);
  }
}
