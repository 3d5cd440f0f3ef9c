/** Why there is no filter. */
export type IpFilterErrorCode =
  /** Not one line of it names addresses: it is no list, or an empty one. */
  | 'ERR_IP_FILTER_EMPTY'
  /** It is larger than the limits. */
  | 'ERR_IP_FILTER_SIZE'
  /** A kind of file that is not read: an archive, a binary list, gzip that is broken. */
  | 'ERR_IP_FILTER_FORMAT'
  /** The system would not let it be read. */
  | 'ERR_IP_FILTER_READ';

/** A list that cannot be used. Single bad lines are none: they are skipped and reported. */
export class IpFilterError extends Error {
  override readonly name = 'IpFilterError';
  readonly code: IpFilterErrorCode;

  constructor(code: IpFilterErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
  }
}
