// What waits to be written. Small messages are laid behind one another into shared memory, so that a hundred requests
// are one buffer; blocks are queued as they are. Memory that was handed out is never written again.
import { encodePort, writeFixed, writePieceHeader, writeUint32 } from './message.ts';

const ARENA_LENGTH = 4_096;
/** Above this, bytes are queued as they are; below, copying is cheaper than one more buffer in the write. */
const COPY_LIMIT = 512;

/** The output of one connection, drained by `take`. */
export class OutputQueue {
  #buffers: Uint8Array[] = [];
  #arena: Uint8Array = new Uint8Array(0);
  /** [#from, #to) of the arena is queued but not yet among the buffers. */
  #from = 0;
  #to = 0;
  #length = 0;

  /** Bytes that wait. */
  get length(): number {
    return this.#length;
  }

  /** A message of up to three numbers. */
  fixed(id: number, words: number, first = 0, second = 0, third = 0): void {
    this.#reserve(17);
    this.#advance(writeFixed(this.#arena, this.#to, id, words, first, second, third));
  }

  keepAlive(): void {
    this.#reserve(4);
    writeUint32(this.#arena, this.#to, 0);
    this.#advance(4);
  }

  /** A block under its header; `block` is not copied and belongs to the queue until it is written. */
  piece(piece: number, begin: number, block: Uint8Array): void {
    this.#reserve(13);
    writePieceHeader(this.#arena, this.#to, piece, begin, block.length);
    this.#advance(13);
    this.#seal();
    this.#buffers.push(block);
    this.#length += block.length;
  }

  /** PORT is the one message with a short number. */
  port(port: number): void {
    this.bytes(encodePort(port));
  }

  /** A whole encoded message. */
  bytes(bytes: Uint8Array): void {
    if (bytes.length <= COPY_LIMIT) {
      this.#reserve(bytes.length);
      this.#arena.set(bytes, this.#to);
      this.#advance(bytes.length);
      return;
    }
    this.#seal();
    this.#buffers.push(bytes);
    this.#length += bytes.length;
  }

  /** Everything that waits, in order; the queue is empty afterwards. */
  take(): Uint8Array[] {
    this.#seal();
    const buffers = this.#buffers;
    this.#buffers = [];
    this.#length = 0;
    return buffers;
  }

  #reserve(length: number): void {
    if (this.#to + length <= this.#arena.length) return;
    this.#seal();
    this.#arena = new Uint8Array(ARENA_LENGTH);
    this.#from = this.#to = 0;
  }

  #advance(length: number): void {
    this.#to += length;
    this.#length += length;
  }

  #seal(): void {
    if (this.#to === this.#from) return;
    this.#buffers.push(this.#arena.subarray(this.#from, this.#to));
    this.#from = this.#to;
  }
}
