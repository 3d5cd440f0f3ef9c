/** What can go wrong between a client and a tracker. */
export type TrackerErrorCode =
  /** The URL cannot be read, or its scheme is not one of ours. */
  | 'ERR_TRACKER_URL'
  /** The tracker answered with a reason of its own why it will not serve. */
  | 'ERR_TRACKER_FAILURE'
  /** The answer is not what a tracker sends. */
  | 'ERR_TRACKER_MALFORMED'
  /** The answer is larger than the limit. */
  | 'ERR_TRACKER_SIZE'
  /** An HTTP status other than 200, without a reason in the body. */
  | 'ERR_TRACKER_STATUS'
  /** A redirect that is not followed. */
  | 'ERR_TRACKER_REDIRECT'
  /** No host of that name, connection refused, reset, unreachable. */
  | 'ERR_TRACKER_CONNECT'
  | 'ERR_TRACKER_TIMEOUT'
  /** The tracker's URL has no scrape counterpart (BEP 48). */
  | 'ERR_TRACKER_NO_SCRAPE'
  /** A store takes no further swarm or peer. */
  | 'ERR_TRACKER_FULL'
  /** Bytes that should be a snapshot of a store are none, or not whole. */
  | 'ERR_TRACKER_SNAPSHOT';

/** A tracker's fault or the network's. The message is in words for the user. A caller's misuse is a TypeError or RangeError. */
export class TrackerError extends Error {
  override readonly name = 'TrackerError';
  readonly code: TrackerErrorCode;
  /**
   * Seconds after which the tracker wants to be asked again (BEP 31 `retry in`, HTTP Retry-After); Infinity: never;
   * null: it did not say.
   */
  readonly retryAfter: number | null;

  constructor(
    code: TrackerErrorCode,
    message: string,
    options: { readonly retryAfter?: number | null; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryAfter = options.retryAfter ?? null;
  }
}
