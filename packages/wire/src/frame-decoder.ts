// Cuts a stream into frames, lazily: `next` moves through the chunk that `push` gave. A block is never gathered: it comes
// out as a header and then the parts that are there. Other messages come out as a view of the chunk when they lie whole
// in it, else they are gathered in memory that grows with what has arrived, not with what was announced.
// A length is checked as soon as the type is known; a throw is final.
import type { WireLimits } from './limits.ts';
import { checkLength, MESSAGE_ID, readUint32 } from './message.ts';

/** What `next` found. The decoder's fields hold the rest, until the next call. */
export type FrameStep =
  | 'none'
  | 'keepAlive'
  /** `id` and `payload`. */
  | 'message'
  /** `id`; the payload is skipped. */
  | 'unknown'
  /** `piece`, `begin`, `length`. */
  | 'blockBegin'
  /** `offset`, and bytes [start, end) of `chunk`. */
  | 'blockPart'
  | 'blockEnd';

const EMPTY: Uint8Array = new Uint8Array(0);
const FIRST_GATHER = 512;
/** Bytes of a PIECE before its block, its length left out: type, piece, begin. */
const PIECE_HEAD = 9;

/** The frames of one connection's incoming stream, after its handshake. */
export class FrameDecoder {
  /** Type byte of the present message. */
  id = 0;
  /** Payload of the present message: a view, valid until the next call. */
  payload: Uint8Array = EMPTY;
  /** Of the present block. */
  piece = 0;
  begin = 0;
  length = 0;
  /** Bytes of the present block before this part. */
  offset = 0;
  chunk: Uint8Array = EMPTY;
  start = 0;
  end = 0;

  /** May be made tighter between two calls, when the number of pieces becomes known. */
  limits: WireLimits;
  #at = 0;
  #state: 'frame' | 'body' | 'block' | 'blockEnd' | 'skip' = 'frame';
  /** The length and, where there is one, the type of a frame; and the rest of a PIECE's header. */
  readonly #head: Uint8Array = new Uint8Array(4 + PIECE_HEAD);
  #headFilled = 0;
  /** Bytes of the present frame that have not arrived. */
  #rest = 0;
  #gathered: Uint8Array = EMPTY;
  #gatheredLength = 0;

  constructor(limits: WireLimits) {
    this.limits = limits;
  }

  /** Whether `next` has seen all of the chunk. */
  get isDrained(): boolean {
    return this.#at === this.chunk.length && this.#state !== 'blockEnd';
  }

  /** Hands over the next bytes of the stream. The former chunk must have been drained: throws RangeError otherwise. */
  push(bytes: Uint8Array): void {
    if (!this.isDrained)
      throw new RangeError(`${this.chunk.length - this.#at} bytes of the last chunk are not read yet`);
    this.chunk = bytes;
    this.#at = 0;
  }

  /** The next step, or `none` when more bytes are needed. Throws WireError. */
  next(): FrameStep {
    for (;;) {
      switch (this.#state) {
        case 'frame': {
          const step = this.#readHead();
          if (step !== undefined) return step;
          break;
        }
        case 'body':
          return this.#readBody();
        case 'block': {
          this.offset += this.end - this.start;
          this.start = this.#at;
          this.end = this.#at += this.#consume();
          if (this.end === this.start) return 'none';
          if (this.#rest === 0) this.#state = 'blockEnd';
          return 'blockPart';
        }
        case 'blockEnd':
          this.#state = 'frame';
          return 'blockEnd';
        case 'skip':
          this.#at += this.#consume();
          if (this.#rest > 0) return 'none';
          this.#state = 'frame';
      }
    }
  }

  /** Length and type; undefined when the state moved on and there is nothing to tell yet. */
  #readHead(): FrameStep | undefined {
    if (!this.#fillHead(4)) return 'none';
    const length = readUint32(this.#head, 0);
    if (length === 0) {
      this.#headFilled = 0;
      return 'keepAlive';
    }
    if (!this.#fillHead(5)) return 'none';
    const id = this.#head[4] as number;
    checkLength(id, length, this.limits);
    if (id === MESSAGE_ID.piece) {
      if (!this.#fillHead(4 + PIECE_HEAD)) return 'none';
      this.#headFilled = 0;
      this.id = id;
      this.piece = readUint32(this.#head, 5);
      this.begin = readUint32(this.#head, 9);
      this.length = this.#rest = length - PIECE_HEAD;
      this.offset = this.start = this.end = 0;
      this.#state = 'block';
      return 'blockBegin';
    }
    this.#headFilled = 0;
    this.id = id;
    this.payload = EMPTY;
    this.#rest = length - 1;
    if (!isKnown(id)) {
      this.#state = 'skip';
      return 'unknown';
    }
    this.#gatheredLength = 0;
    this.#state = 'body';
    return undefined;
  }

  #readBody(): FrameStep {
    const from = this.#at;
    const taken = this.#consume();
    this.#at += taken;
    if (this.#gatheredLength === 0 && this.#rest === 0) {
      this.payload = this.chunk.subarray(from, this.#at);
      this.#state = 'frame';
      return 'message';
    }
    if (taken > 0) this.#gather(from, taken);
    if (this.#rest > 0) return 'none';
    this.payload = this.#gathered.subarray(0, this.#gatheredLength);
    // Kept by the view alone, so that one long message does not leave its memory with the connection.
    if (this.#gathered.length > FIRST_GATHER) this.#gathered = EMPTY;
    this.#state = 'frame';
    return 'message';
  }

  #gather(from: number, taken: number): void {
    const needed = this.#gatheredLength + taken;
    if (needed > this.#gathered.length) {
      const wanted = Math.max(needed, 2 * this.#gathered.length, FIRST_GATHER);
      const wider = new Uint8Array(wanted <= FIRST_GATHER ? wanted : Math.min(wanted, needed + this.#rest));
      wider.set(this.#gathered.subarray(0, this.#gatheredLength));
      this.#gathered = wider;
    }
    this.#gathered.set(this.chunk.subarray(from, from + taken), this.#gatheredLength);
    this.#gatheredLength = needed;
  }

  /** How many bytes of the present frame lie in the chunk; they count as arrived. */
  #consume(): number {
    const taken = Math.min(this.#rest, this.chunk.length - this.#at);
    this.#rest -= taken;
    return taken;
  }

  #fillHead(length: number): boolean {
    while (this.#headFilled < length) {
      if (this.#at === this.chunk.length) return false;
      this.#head[this.#headFilled++] = this.chunk[this.#at++] as number;
    }
    return true;
  }

  /** Throws where the fields contradict one another. For tests. */
  checkInvariants(): void {
    if (this.#at < 0 || this.#at > this.chunk.length) throw new Error(`at ${this.#at} of ${this.chunk.length}`);
    if (this.#rest < 0) throw new Error(`${this.#rest} bytes are missing`);
    if (this.#gatheredLength > this.#gathered.length && this.#gathered.length > 0) {
      throw new Error(`${this.#gatheredLength} bytes gathered in ${this.#gathered.length}`);
    }
    if (this.#state === 'block' && this.#rest === 0) throw new Error('a whole block did not end');
  }
}

function isKnown(id: number): boolean {
  return (
    id <= MESSAGE_ID.port || (id >= MESSAGE_ID.suggest && id <= MESSAGE_ID.allowedFast) || id === MESSAGE_ID.extended
  );
}
