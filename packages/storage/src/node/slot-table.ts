// Which slot of a parts file holds which piece, and of which files under it the bytes are there: one bit a span of the
// piece. In the file each slot begins with this, its head, so that the index survives a crash with its slots.
// Invariants: a piece has at most one slot; a slot in use has a bit set; slots [0, end) are in use or free, never both.
import type { Layout } from '@shoal/primitives';

export interface Slot {
  readonly index: number;
  readonly piece: number;
  /** One bit for each of the layout's spans of the piece. */
  readonly bits: Uint8Array;
  /** Settles when the head is written as it is; undefined where that is still to be tried. */
  saved: Promise<void> | undefined;
}

export class SlotTable {
  readonly #layout: Layout;
  readonly #slots = new Map<number, Slot>();
  #free: number[] = [];
  #end = 0;
  /** Bytes of a head: the piece's number plus one (4 bytes, big-endian; 0 in a free slot), and the bits. */
  readonly headLength: number;

  constructor(layout: Layout) {
    this.#layout = layout;
    this.headLength = 4 + Math.ceil(mostSpans(layout) / 8);
  }

  get isEmpty(): boolean {
    return this.#slots.size === 0;
  }

  /** Slots there are, free ones included. */
  get end(): number {
    return this.#end;
  }

  get(piece: number): Slot | undefined {
    return this.#slots.get(piece);
  }

  has(piece: number, file: number): boolean {
    const slot = this.#slots.get(piece);
    return slot !== undefined && getBit(slot.bits, this.#spanOf(piece, file));
  }

  /** The slots with bytes of a file. */
  slotsOf(file: number): Slot[] {
    const { first, end } = this.#layout.piecesOf(file);
    const found: Slot[] = [];
    const look = (slot: Slot | undefined): void => {
      if (slot !== undefined && this.has(slot.piece, file)) found.push(slot);
    };
    // Whichever is less to go through: a small file's pieces, or a big one's slots.
    if (end - first <= this.#slots.size) for (let piece = first; piece < end; piece++) look(this.#slots.get(piece));
    else for (const slot of this.#slots.values()) if (slot.piece >= first && slot.piece < end) look(slot);
    return found;
  }

  /** All files with bytes in a slot. */
  files(): Set<number> {
    const files = new Set<number>();
    for (const { piece, bits } of this.#slots.values()) {
      for (const [span, { file }] of this.#layout.spans(piece).entries()) if (getBit(bits, span)) files.add(file);
    }
    return files;
  }

  /** The slot for bytes of a file under a piece. Where that is news, `saved` is undefined. */
  take(piece: number, file: number): Slot {
    let slot = this.#slots.get(piece);
    if (slot === undefined) {
      const index = this.#free.pop() ?? this.#end++;
      slot = { index, piece, bits: new Uint8Array(this.headLength - 4), saved: undefined };
      this.#slots.set(piece, slot);
    }
    const span = this.#spanOf(piece, file);
    if (!getBit(slot.bits, span)) {
      setBit(slot.bits, span, true);
      slot.saved = undefined;
    }
    return slot;
  }

  /** Forgets a file's bytes in its slots; those that hold nothing any more are free. */
  clear(file: number): void {
    for (const slot of this.slotsOf(file)) {
      setBit(slot.bits, this.#spanOf(slot.piece, file), false);
      slot.saved = undefined;
      if (!isBlank(slot.bits)) continue;
      this.#slots.delete(slot.piece);
      this.#free.push(slot.index);
    }
  }

  reset(): void {
    this.#slots.clear();
    this.#free = [];
    this.#end = 0;
  }

  /** Adds the next slot as it lies in the file. */
  register(head: Uint8Array): void {
    const index = this.#end++;
    const piece = new DataView(head.buffer, head.byteOffset).getUint32(0) - 1;
    const bits = head.slice(4);
    const isUsable = piece >= 0 && piece < this.#layout.pieceCount && !this.#slots.has(piece) && !isBlank(bits);
    if (isUsable) this.#slots.set(piece, { index, piece, bits, saved: Promise.resolve() });
    else this.#free.push(index);
  }

  headOf({ piece, bits }: Slot): Uint8Array {
    const head = new Uint8Array(this.headLength);
    head.set(bits, 4);
    if (!isBlank(bits)) new DataView(head.buffer).setUint32(0, piece + 1);
    return head;
  }

  checkInvariants(): void {
    const seen = new Set(this.#free);
    if (seen.size !== this.#free.length) throw new Error('a slot is free twice');
    for (const [piece, slot] of this.#slots) {
      if (slot.piece !== piece) throw new Error(`piece ${piece} has the slot of piece ${slot.piece}`);
      if (seen.has(slot.index) || slot.index >= this.#end) throw new Error(`slot ${slot.index} is taken twice`);
      if (isBlank(slot.bits)) throw new Error(`slot ${slot.index} holds nothing`);
      seen.add(slot.index);
    }
    if (seen.size !== this.#end) throw new Error(`${seen.size} slots of ${this.#end} are accounted for`);
  }

  #spanOf(piece: number, file: number): number {
    return this.#layout.spans(piece).findIndex((span) => span.file === file);
  }
}

function isBlank(bits: Uint8Array): boolean {
  return bits.every((byte) => byte === 0);
}

function getBit(bits: Uint8Array, index: number): boolean {
  return index >= 0 && (((bits[index >> 3] as number) >> (index & 7)) & 1) === 1;
}

function setBit(bits: Uint8Array, index: number, on: boolean): void {
  const mask = 1 << (index & 7);
  if (on) (bits[index >> 3] as number) |= mask;
  else (bits[index >> 3] as number) &= ~mask;
}

/** The most files under one piece. */
function mostSpans(layout: Layout): number {
  let most = 1;
  let last = -1;
  let spans = 0;
  for (const [index, { length }] of layout.files.entries()) {
    if (length === 0) continue;
    const { first, end } = layout.piecesOf(index);
    spans = first === last ? spans + 1 : 1;
    most = Math.max(most, spans);
    if (end - 1 !== first) spans = 1;
    last = end - 1;
  }
  return most;
}
