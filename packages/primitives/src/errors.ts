/** What can be wrong with bytes or text that should become one of this package's values. */
export type PrimitivesErrorCode =
  | 'ERR_INFO_HASH'
  | 'ERR_PEER_ID'
  | 'ERR_BITFIELD_LENGTH'
  | 'ERR_BITFIELD_SPARE_BITS'
  | 'ERR_LAYOUT'
  | 'ERR_COMPACT_LENGTH'
  | 'ERR_ENDPOINT';

/** Bad input: the message holds the offending and the expected figure. Misuse by the caller is a RangeError instead. */
export class PrimitivesError extends Error {
  override readonly name = 'PrimitivesError';
  readonly code: PrimitivesErrorCode;

  constructor(code: PrimitivesErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
