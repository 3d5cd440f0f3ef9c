// How a torrent's bytes fall into pieces, blocks and files. Knows geometry alone: no names, no hashes, no disk.
// Nothing may assume that only the last piece is short: ask `pieceSize` (in BEP 52 every file's last piece may be).
import { PrimitivesError } from './errors.ts';

/** Bytes in a block, the unit of a REQUEST (BEP 3). Only the last block of a piece may be shorter. */
export const BLOCK_LENGTH = 16_384;

/** One file's share of the torrent. Padding (BEP 47) reads as zeros and is never stored. */
export interface FileExtent {
  /** Bytes. */
  readonly length: number;
  readonly padding?: boolean;
}

/** A run of bytes of one file. */
export interface FileSpan {
  /** Index in `Layout.files`. */
  readonly file: number;
  /** Bytes from the start of that file. */
  readonly offset: number;
  /** Bytes; never 0. */
  readonly length: number;
  /** Bytes from the start of the asked range. */
  readonly at: number;
  readonly padding: boolean;
}

/** Pieces [first, end). */
export interface PieceRange {
  readonly first: number;
  readonly end: number;
}

/** A torrent's geometry (v1: files lie behind one another and pieces run across them, BEP 3). */
export class Layout {
  /** Bytes in every piece but the short ones. */
  readonly pieceLength: number;
  readonly pieceCount: number;
  /** Bytes of all files, padding included. */
  readonly totalLength: number;
  readonly files: readonly FileExtent[];
  /** `#starts[f]` is where file f begins in the torrent; one more entry holds the end. */
  readonly #starts: Float64Array;

  /** Throws ERR_LAYOUT where a length is not a whole number of bytes, the sum overflows, or the piece length is not positive. */
  constructor(geometry: { readonly pieceLength: number; readonly files: readonly FileExtent[] }) {
    const { pieceLength, files } = geometry;
    if (!Number.isSafeInteger(pieceLength) || pieceLength <= 0) {
      throw new PrimitivesError('ERR_LAYOUT', `a piece length is a positive whole number, not ${pieceLength}`);
    }
    this.#starts = new Float64Array(files.length + 1);
    let total = 0;
    for (const [index, file] of files.entries()) {
      if (!Number.isSafeInteger(file.length) || file.length < 0 || !Number.isSafeInteger(total + file.length)) {
        throw new PrimitivesError('ERR_LAYOUT', `file ${index}: ${file.length} bytes after ${total} cannot be`);
      }
      total += file.length;
      this.#starts[index + 1] = total;
    }
    this.pieceLength = pieceLength;
    this.files = files;
    this.totalLength = total;
    this.pieceCount = Math.ceil(total / pieceLength);
  }

  /** Bytes in a piece. */
  pieceSize(piece: number): number {
    this.#checkPiece(piece);
    return Math.min(this.pieceLength, this.totalLength - piece * this.pieceLength);
  }

  /** Blocks in a piece. */
  blockCount(piece: number): number {
    return Math.ceil(this.pieceSize(piece) / BLOCK_LENGTH);
  }

  /** Bytes in the block that begins at `block * BLOCK_LENGTH` of a piece. */
  blockSize(piece: number, block: number): number {
    const size = Math.min(BLOCK_LENGTH, this.pieceSize(piece) - block * BLOCK_LENGTH);
    if (block < 0 || size <= 0) throw new RangeError(`piece ${piece} has no block ${block}`);
    return size;
  }

  /** Whether [begin, begin + length) is a non-empty range inside a piece that exists. Never throws. */
  isRange(piece: number, begin: number, length: number): boolean {
    if (!Number.isInteger(piece) || piece < 0 || piece >= this.pieceCount) return false;
    return begin >= 0 && length > 0 && begin + length <= this.pieceSize(piece);
  }

  /** Bytes from the start of file `file` to the torrent's start. */
  fileOffset(file: number): number {
    this.#checkFile(file);
    return this.#starts[file] as number;
  }

  /** The pieces that hold bytes of a file; empty for an empty file. */
  piecesOf(file: number): PieceRange {
    this.#checkFile(file);
    const start = this.#starts[file] as number;
    const end = this.#starts[file + 1] as number;
    const first = Math.floor(start / this.pieceLength);
    return { first, end: end === start ? first : Math.ceil(end / this.pieceLength) };
  }

  /** The files under a range of a piece, in order; empty files are left out. Throws RangeError outside the piece. */
  spans(piece: number, begin = 0, length: number = this.pieceSize(piece) - begin): FileSpan[] {
    if (!this.isRange(piece, begin, length)) {
      throw new RangeError(`piece ${piece} has no bytes [${begin}, ${begin + length})`);
    }
    const spans: FileSpan[] = [];
    const start = piece * this.pieceLength + begin;
    const end = start + length;
    for (let file = this.#fileAt(start), from = start; from < end; file++) {
      const fileEnd = this.#starts[file + 1] as number;
      const to = Math.min(end, fileEnd);
      if (to > from) {
        spans.push({
          file,
          offset: from - (this.#starts[file] as number),
          length: to - from,
          at: from - start,
          padding: this.files[file]?.padding === true,
        });
        from = to;
      }
    }
    return spans;
  }

  /** The first file that ends after `offset`. */
  #fileAt(offset: number): number {
    let low = 0;
    let high = this.files.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle + 1] as number) > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #checkPiece(piece: number): void {
    if (!Number.isInteger(piece) || piece < 0 || piece >= this.pieceCount) {
      throw new RangeError(`piece ${piece} is outside [0, ${this.pieceCount})`);
    }
  }

  #checkFile(file: number): void {
    if (!Number.isInteger(file) || file < 0 || file >= this.files.length) {
      throw new RangeError(`file ${file} is outside [0, ${this.files.length})`);
    }
  }
}
