// Where the listed peers of one family lie: records of whole 32-bit words in chunks of eight, so that a swarm grows without
// copying and what it gives back fits every other. Nothing is freed to the system: a tracker's peak comes again.
// A record has an address: eight times the number of its chunk, plus its place there. A record: the address (1 word or 4), port and kind of id, 12 bytes of the id, when it expires.

/** Records in a chunk. */
export const CHUNK = 8;
/** Records of a segment: which it is stands above these bits of an address, where in it, times `stride`, below. */
export const SEGMENT_SHIFT = 15;
export const SEGMENT_MASK = 0x7fff;

export class PeerArena {
  readonly ipWords: 1 | 4;
  /** Words of a record. */
  readonly stride: number;
  readonly segments: Int32Array<ArrayBuffer>[] = [];
  readonly #free: number[] = [];
  #taken = 0;

  constructor(family: 4 | 6) {
    this.ipWords = family === 4 ? 1 : 4;
    this.stride = this.ipWords + 5;
  }

  /** A chunk that nobody uses. What stands in it is left over. */
  take(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    // Untouched pages cost nothing: the system gives them on first use.
    if (((this.#taken * CHUNK) & SEGMENT_MASK) === 0) {
      this.segments.push(new Int32Array((SEGMENT_MASK + 1) * this.stride));
    }
    return this.#taken++;
  }

  give(chunk: number): void {
    this.#free.push(chunk);
  }
}
