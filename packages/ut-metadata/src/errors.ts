/** What can be wrong with a message of a peer. */
export type UtMetadataErrorCode =
  /** Not a dictionary with `msg_type` and `piece`, or one past the limits. */
  | 'ERR_UT_METADATA_MESSAGE'
  /** The figures of a data message cannot be: an empty or overlong piece, a size of nothing. */
  | 'ERR_UT_METADATA_DATA';

/** A peer's message that breaks BEP 9. A caller's misuse is a TypeError or RangeError instead. */
export class UtMetadataError extends Error {
  override readonly name = 'UtMetadataError';
  readonly code: UtMetadataErrorCode;

  constructor(code: UtMetadataErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
