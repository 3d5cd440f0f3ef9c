// An info dictionary of one claimed size, being put together from pieces (BEP 9). Invariants: a piece is held, asked of
// one peer, or neither; what is held has the length that its place asks for; while one peer alone is tried (`soleSource`), nothing is
// held or asked of another.
import { PIECE_LENGTH } from './message.ts';

interface Held<Source> {
  readonly bytes: Uint8Array;
  readonly source: Source;
}

export class Assembly<Source> {
  readonly size: number;
  readonly pieceCount: number;
  /** The bytes from several peers together hashed wrong: one of them lied, so each is tried alone. */
  isSuspect = false;
  /** Its digest is being computed: nothing is asked for meanwhile. */
  isBeingChecked = false;
  /** When whoever is tried alone has had its time; undefined: not known yet. */
  turnEndsAt: number | undefined;
  heldBytes = 0;
  readonly #held: Map<number, Held<Source>> = new Map();
  readonly #asked: Map<number, Source> = new Map();
  #sole: Source | undefined;
  /** Every piece below is held or asked for. */
  #lowest = 0;

  constructor(size: number) {
    this.size = size;
    this.pieceCount = Math.ceil(size / PIECE_LENGTH);
  }

  get soleSource(): Source | undefined {
    return this.#sole;
  }

  get isWhole(): boolean {
    return this.#held.size === this.pieceCount;
  }

  get isEmpty(): boolean {
    return this.#held.size === 0 && this.#asked.size === 0;
  }

  /** Bytes in a piece. */
  lengthOf(piece: number): number {
    return Math.min(PIECE_LENGTH, this.size - piece * PIECE_LENGTH);
  }

  holds(piece: number): boolean {
    return this.#held.has(piece);
  }

  /** Whether a source may be asked, and for which piece. Undefined: everything is held or on its way, or it is not its turn. */
  next(source: Source): number | undefined {
    if (this.isBeingChecked) return undefined;
    if (this.isSuspect && this.#sole !== undefined && this.#sole !== source) return undefined;
    while (this.#lowest < this.pieceCount && (this.#held.has(this.#lowest) || this.#asked.has(this.#lowest))) {
      this.#lowest++;
    }
    return this.#lowest < this.pieceCount ? this.#lowest : undefined;
  }

  /** The piece that `next` answered is asked of the source; of a suspect dictionary it gets all of them. */
  ask(piece: number, source: Source): void {
    if (this.isSuspect) this.#sole = source;
    this.#asked.set(piece, source);
  }

  /** The source will not deliver the piece, or not soon. */
  release(piece: number, source: Source): void {
    if (this.#asked.get(piece) !== source) return;
    this.#asked.delete(piece);
    this.#lowest = Math.min(this.#lowest, piece);
  }

  /** Keeps a copy. False where the piece is held already, or is not that source's to send. */
  store(piece: number, bytes: Uint8Array, source: Source): boolean {
    if (this.isBeingChecked || this.#held.has(piece) || (this.isSuspect && this.#sole !== source)) return false;
    this.#asked.delete(piece);
    this.#held.set(piece, { bytes: bytes.slice(), source });
    this.heldBytes += bytes.length;
    return true;
  }

  /** The whole, and whom it came from. What was held is let go piece by piece, so that it is not there twice. */
  take(): { bytes: Uint8Array; sources: Set<Source> } {
    const bytes = new Uint8Array(this.size);
    const sources = new Set<Source>();
    for (let piece = 0; piece < this.pieceCount; piece++) {
      const held = this.#held.get(piece) as Held<Source>;
      bytes.set(held.bytes, piece * PIECE_LENGTH);
      sources.add(held.source);
      this.#held.delete(piece);
    }
    this.clear();
    return { bytes, sources };
  }

  /** From the beginning, and from anybody. */
  clear(): void {
    this.#held.clear();
    this.#asked.clear();
    this.#sole = undefined;
    this.turnEndsAt = undefined;
    this.#lowest = 0;
    this.heldBytes = 0;
  }

  checkInvariants(): void {
    let bytes = 0;
    for (const [piece, held] of this.#held) {
      if (held.bytes.length !== this.lengthOf(piece)) throw new Error(`piece ${piece} has ${held.bytes.length} bytes`);
      if (this.#asked.has(piece)) throw new Error(`piece ${piece} is held and asked for`);
      if (this.isSuspect && held.source !== this.#sole) throw new Error(`piece ${piece} is of another source`);
      bytes += held.bytes.length;
    }
    if (bytes !== this.heldBytes) throw new Error(`${bytes} bytes are held, ${this.heldBytes} counted`);
    for (let piece = 0; piece < this.#lowest; piece++) {
      if (!this.#held.has(piece) && !this.#asked.has(piece)) throw new Error(`piece ${piece} is forgotten`);
    }
  }
}
