/** Why a connection ended. All but the last group are the peer's doing. */
export type WireErrorCode =
  /** Not the 68 bytes of a BitTorrent handshake. */
  | 'ERR_WIRE_HANDSHAKE'
  /** The answering handshake names another torrent. */
  | 'ERR_WIRE_INFO_HASH'
  /** The other end is ourselves. */
  | 'ERR_WIRE_SELF'
  /** A message of a length its type cannot have, or past a limit. */
  | 'ERR_WIRE_LENGTH'
  /** A message that may not come now: a second bitfield, Fast messages that were not negotiated. */
  | 'ERR_WIRE_ORDER'
  /** A piece, or a range of one, that the torrent does not have. */
  | 'ERR_WIRE_RANGE'
  /** A bitfield of the wrong length or with spare bits set. */
  | 'ERR_WIRE_BITFIELD'
  /** More requests while choked, or more answers left unread, than a race explains. */
  | 'ERR_WIRE_FLOOD'
  /** Blocks or rejects that nobody asked for, past the bound. */
  | 'ERR_WIRE_UNREQUESTED'
  /** An extended handshake that cannot be read. */
  | 'ERR_WIRE_EXTENDED_HANDSHAKE'
  /** An extension reported a fault, or threw. */
  | 'ERR_WIRE_EXTENSION'
  | 'ERR_WIRE_HANDSHAKE_TIMEOUT'
  | 'ERR_WIRE_SILENCE'
  /** For the owner's `fault`: the peer's data failed verification. */
  | 'ERR_WIRE_BAD_DATA'
  /** For the owner's `fault`: nobody here knows that torrent. */
  | 'ERR_WIRE_UNKNOWN_TORRENT'
  /** For the owner's `fault`: the same peer is connected already. */
  | 'ERR_WIRE_DUPLICATE'
  /** For the owner's `fault`: too many connections, or no use for this one. */
  | 'ERR_WIRE_REFUSED'
  /** The owner closed the connection. */
  | 'ERR_WIRE_CLOSED';

/** The end of a connection; misuse by the caller is a TypeError or RangeError instead. */
export class WireError extends Error {
  override readonly name = 'WireError';
  readonly code: WireErrorCode;

  constructor(code: WireErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
