// The beginning of a connection: gathers the peer's 68 bytes however they are cut up, and holds what arrives behind them
// until the owner has answered. What is no handshake is refused by its first wrong byte.
import { concatBytes } from '@shoal/primitives';
import { WireError } from './errors.ts';
import { checkProtocol, decodeHandshake, HANDSHAKE_LENGTH, type Handshake } from './handshake.ts';

const EMPTY: Uint8Array = new Uint8Array(0);

/** Reads one handshake and keeps the rest. */
export class Opening {
  readonly #bytes: Uint8Array = new Uint8Array(HANDSHAKE_LENGTH);
  readonly #mostHeld: number;
  #filled = 0;
  /** What was not read of the last chunk: its memory is the caller's. */
  #view: Uint8Array = EMPTY;
  /** What came before it, in our own memory. */
  #held: Uint8Array = EMPTY;

  constructor(mostHeld: number) {
    this.#mostHeld = mostHeld;
  }

  push(bytes: Uint8Array): void {
    if (this.#view.length > 0) throw new RangeError(`${this.#view.length} bytes of the last chunk are not read yet`);
    this.#view = bytes;
  }

  /** The handshake, once, when it is whole. Throws ERR_WIRE_HANDSHAKE. */
  read(): Handshake | undefined {
    const taken = Math.min(HANDSHAKE_LENGTH - this.#filled, this.#view.length);
    this.#bytes.set(this.#view.subarray(0, taken), this.#filled);
    checkProtocol(this.#bytes, this.#filled, this.#filled + taken);
    this.#filled += taken;
    this.#view = this.#view.subarray(taken);
    return this.#filled === HANDSHAKE_LENGTH ? decodeHandshake(this.#bytes) : undefined;
  }

  /** Takes the chunk's rest into own memory, because nobody can read it yet. Throws ERR_WIRE_FLOOD past the limit. */
  hold(): void {
    if (this.#view.length === 0) return;
    const length = this.#held.length + this.#view.length;
    if (length > this.#mostHeld) {
      throw new WireError(
        'ERR_WIRE_FLOOD',
        `${length} bytes behind a handshake not answered yet, of ${this.#mostHeld}`,
      );
    }
    this.#held = concatBytes([this.#held, this.#view]);
    this.#view = EMPTY;
  }

  /** Everything behind the handshake. */
  takeRest(): Uint8Array {
    const rest = this.#held.length === 0 ? this.#view : concatBytes([this.#held, this.#view]);
    this.#held = this.#view = EMPTY;
    return rest;
  }
}
