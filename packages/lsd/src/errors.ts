/** What can go wrong in local discovery. */
export type LsdErrorCode =
  /** A datagram that is no announcement (BEP 14). */
  | 'ERR_LSD_MESSAGE'
  /** No interface takes multicast, or the port is somebody else's. */
  | 'ERR_LSD_MULTICAST';

/** A neighbour's fault or the network's. A caller's misuse is a TypeError or RangeError instead. */
export class LsdError extends Error {
  override readonly name = 'LsdError';
  readonly code: LsdErrorCode;

  constructor(code: LsdErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
