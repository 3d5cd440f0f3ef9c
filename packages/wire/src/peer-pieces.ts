// Which pieces the peer says it has. Before the number of pieces is known, what arrives is kept unvalidated in capped
// memory; `setGeometry` validates it. `field` is there from then on and only ever holds pieces that exist.
import { Bitfield, PrimitivesError } from '@shoal/primitives';
import { WireError } from './errors.ts';
import type { WireLimits } from './limits.ts';
import { MESSAGE_ID } from './message.ts';

/** One peer's have-map. */
export class PeerPieces {
  field: Bitfield | undefined;
  readonly #limits: WireLimits;
  /** Bits that differ from `#earlyAll`, as long as that had to be. */
  #early: Uint8Array = new Uint8Array(0);
  /** What a piece that is not among them is: there after a have-all, else not. */
  #earlyAll = false;
  /** Length of the early bitfield in bytes, where one came. */
  #earlyLength: number | undefined;
  #earlyHighest = -1;
  #later = 0;

  constructor(limits: WireLimits) {
    this.#limits = limits;
  }

  /**
   * BEP 3 wants have-messages first or never, but aria2 sends a bitfield in place of many HAVEs: that, and so often, is
   * let in after the first message. Throws WireError for everything else.
   */
  admitLater(id: number): void {
    if (id !== MESSAGE_ID.bitfield) throw new WireError('ERR_WIRE_ORDER', `message ${id} is not the first one`);
    const { laterBitfields } = this.#limits;
    if (++this.#later > laterBitfields) {
      throw new WireError('ERR_WIRE_FLOOD', `more than ${laterBitfields} bitfields after the first message`);
    }
  }

  /** Throws WireError when what came early does not fit. */
  setGeometry(pieceCount: number): void {
    if (this.#earlyHighest >= pieceCount) throw outside(this.#earlyHighest, pieceCount);
    const field =
      this.#earlyLength === undefined
        ? new Bitfield(pieceCount)
        : parseBitfield(this.#early.subarray(0, this.#earlyLength), pieceCount);
    if (this.#earlyAll) field.fill();
    for (let piece = 0; piece <= this.#earlyHighest; piece++) {
      if (((this.#early[piece >> 3] as number) & (0x80 >> (piece & 7))) === 0) continue;
      if (this.#earlyAll) field.clear(piece);
      else field.set(piece);
    }
    this.field = field;
    this.#early = new Uint8Array(0);
  }

  /** Answers whether the piece is new. */
  addHave(piece: number): boolean {
    if (this.field !== undefined) {
      if (piece >= this.field.length) throw outside(piece, this.field.length);
      return this.field.set(piece);
    }
    this.#note(piece, true);
    return true;
  }

  /** Answers whether the peer had the piece. */
  dropHave(piece: number): boolean {
    if (this.field !== undefined) {
      if (piece >= this.field.length) throw outside(piece, this.field.length);
      return this.field.clear(piece);
    }
    this.#note(piece, false);
    return true;
  }

  /** `bytes` is copied. */
  setBitfield(bytes: Uint8Array): void {
    if (this.field !== undefined) {
      this.field = parseBitfield(bytes, this.field.length);
      return;
    }
    this.#widen(bytes.length);
    this.#early.fill(0);
    this.#early.set(bytes);
    this.#earlyLength = bytes.length;
    this.#earlyAll = false;
  }

  setAll(): void {
    if (this.field !== undefined) this.field.fill();
    else this.#earlyAll = true;
  }

  /** Keeps an early word about one piece. */
  #note(piece: number, has: boolean): void {
    const most = 8 * this.#limits.bitfieldLength;
    if (piece >= most) throw outside(piece, most);
    this.#widen((piece >> 3) + 1);
    const bit = 0x80 >> (piece & 7);
    if (has === this.#earlyAll) (this.#early[piece >> 3] as number) &= ~bit;
    else (this.#early[piece >> 3] as number) |= bit;
    this.#earlyHighest = Math.max(this.#earlyHighest, piece);
  }

  #widen(length: number): void {
    if (length <= this.#early.length) return;
    const wider = new Uint8Array(Math.min(Math.max(length, 2 * this.#early.length), this.#limits.bitfieldLength));
    wider.set(this.#early);
    this.#early = wider;
  }
}

function parseBitfield(bytes: Uint8Array, pieceCount: number): Bitfield {
  try {
    return Bitfield.fromBytes(bytes, pieceCount);
  } catch (error) {
    if (!(error instanceof PrimitivesError)) throw error;
    throw new WireError('ERR_WIRE_BITFIELD', error.message, { cause: error });
  }
}

function outside(piece: number, pieceCount: number): WireError {
  return new WireError('ERR_WIRE_RANGE', `piece ${piece} is outside [0, ${pieceCount})`);
}
