/** What can be wrong with a message of a peer. */
export type UtPexErrorCode =
  /** Not a dictionary, or one past the limits. */
  'ERR_UT_PEX_MESSAGE';

/** A peer's message that breaks BEP 11. A caller's misuse is a TypeError or RangeError instead. */
export class UtPexError extends Error {
  override readonly name = 'UtPexError';
  readonly code: UtPexErrorCode;

  constructor(code: UtPexErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
