// Reads along in what one peer sends another in the clear: which blocks passed whole (BEP 3). A relay has one a direction.

/** A block of `length` bytes at `begin` of a piece. */
export interface PassedBlock {
  readonly piece: number;
  readonly begin: number;
  readonly length: number;
}

const HANDSHAKE_LENGTH = 68;
const PIECE = 7;
/** Length prefix, id, piece, begin. */
const HEADER_LENGTH = 13;

export class BlockTap {
  readonly #onBlock: (block: PassedBlock) => void;
  /** Of the frame under way: its first bytes, up to the length of a piece's header. */
  readonly #head: Buffer = Buffer.alloc(HEADER_LENGTH);
  #seen = 0;
  #handshakeLeft = HANDSHAKE_LENGTH;

  constructor(onBlock: (block: PassedBlock) => void) {
    this.#onBlock = onBlock;
  }

  push(bytes: Uint8Array): void {
    let at = Math.min(this.#handshakeLeft, bytes.length);
    this.#handshakeLeft -= at;
    while (at < bytes.length) {
      const headWanted = this.#seen < 4 ? 4 : Math.min(this.#frameLength, HEADER_LENGTH);
      if (this.#seen < headWanted) {
        const taken = Math.min(headWanted - this.#seen, bytes.length - at);
        this.#head.set(bytes.subarray(at, at + taken), this.#seen);
        this.#seen += taken;
        at += taken;
      } else {
        const skipped = Math.min(this.#frameLength - this.#seen, bytes.length - at);
        this.#seen += skipped;
        at += skipped;
      }
      if (this.#seen >= 4 && this.#seen === this.#frameLength) this.#endFrame();
    }
  }

  get #frameLength(): number {
    return 4 + this.#head.readUInt32BE(0);
  }

  #endFrame(): void {
    const length = this.#frameLength - HEADER_LENGTH;
    this.#seen = 0;
    if (length <= 0 || this.#head[4] !== PIECE) return;
    this.#onBlock({ piece: this.#head.readUInt32BE(5), begin: this.#head.readUInt32BE(9), length });
  }
}
