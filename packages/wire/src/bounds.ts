// What a torrent's geometry allows. The same range is a peer's fault (WireError) or a caller's (RangeError), depending on
// who names it. Until the geometry is known a peer may name any piece, and a caller none.
import { WireError } from './errors.ts';
import type { WireLimits } from './limits.ts';
import type { Request } from './message.ts';
import type { WireGeometry } from './options.ts';

/** The torrent's pieces as far as they are known. */
export class Bounds {
  readonly #limits: WireLimits;
  #geometry: WireGeometry | undefined;

  constructor(limits: WireLimits) {
    this.#limits = limits;
  }

  get isKnown(): boolean {
    return this.#geometry !== undefined;
  }

  /** How many pieces there are; undefined until that is known. */
  get pieceCount(): number | undefined {
    return this.#geometry?.pieceCount;
  }

  set(geometry: WireGeometry): void {
    if (this.#geometry !== undefined) throw new RangeError('the geometry is known already');
    this.#geometry = geometry;
  }

  /** Passes on a piece that the peer names. Throws ERR_WIRE_RANGE. */
  peerPiece(piece: number): number {
    const count = this.#geometry?.pieceCount ?? Number.POSITIVE_INFINITY;
    if (piece >= count) throw new WireError('ERR_WIRE_RANGE', `piece ${piece} is outside [0, ${count})`);
    return piece;
  }

  /** Checks a range that the peer names, where the geometry is known. Throws ERR_WIRE_RANGE. */
  peerRange({ piece, begin, length }: Request): void {
    if (this.#geometry === undefined) return;
    const size = this.#geometry.pieceSize(this.peerPiece(piece));
    const most = this.#limits.blockLength;
    if (length > 0 && length <= most && begin + length <= size) return;
    const range = `[${begin}, ${begin + length})`;
    throw new WireError(
      'ERR_WIRE_RANGE',
      `${range} of piece ${piece}, which has ${size} bytes, at most ${most} at once`,
    );
  }

  /** Passes on a piece that the owner names. Throws RangeError. */
  ownPiece(piece: number): number {
    const count = this.#geometry?.pieceCount ?? 0;
    if (!Number.isInteger(piece) || piece < 0 || piece >= count) {
      throw new RangeError(`piece ${piece} is outside [0, ${count})`);
    }
    return piece;
  }

  /** Checks a range that the owner names. Throws RangeError. */
  ownRange(piece: number, begin: number, length: number): void {
    const size = this.#geometry?.pieceSize(this.ownPiece(piece)) ?? 0;
    const isWhole = Number.isInteger(begin) && Number.isInteger(length);
    if (isWhole && begin >= 0 && length > 0 && length <= this.#limits.blockLength && begin + length <= size) return;
    throw new RangeError(`piece ${piece} of ${size} bytes has no block [${begin}, ${begin + length})`);
  }
}
