// What a peer may cost. Every figure has a default that the real clients stay within.

/** Times in milliseconds, sizes in bytes. */
export interface WireLimits {
  /** From the start until the peer's handshake is whole. */
  readonly handshakeMs: number;
  /** Without a whole message, or a byte of a block, from the peer (BEP 3's two minutes, and some). */
  readonly silenceMs: number;
  /** Without a message from us, after which a keep-alive goes out. */
  readonly keepAliveMs: number;
  /** With Fast, how long after a choke the peer may take to reject or answer what it owes (BEP 6 names no time). */
  readonly rejectMs: number;
  /** Longest range a REQUEST, and longest block a PIECE, may have. */
  readonly blockLength: number;
  /** Bitfield bytes while the number of pieces is unknown; bounds early HAVEs too. */
  readonly bitfieldLength: number;
  /** Payload of an extended message. */
  readonly extendedLength: number;
  /** The extended handshake's dictionary. */
  readonly extendedHandshakeLength: number;
  /** A message of a type unknown to us, which is skipped without being stored. */
  readonly unknownLength: number;
  /** Requests of the peer that wait for us; what is over is rejected (Fast) or dropped. Announced as `reqq`. */
  readonly queuedRequests: number;
  /** Requests while we choke, counted from our choke: fewer are a race, more a fault. */
  readonly chokedRequests: number;
  /** Blocks, and rejects, that match nothing we ever asked for; more are a fault. */
  readonly unrequestedBlocks: number;
  /** Bitfields after the first message; aria2 sends some 70 in a whole download. */
  readonly laterBitfields: number;
  /** SUGGESTs that are passed on; the rest is ignored. */
  readonly suggestions: number;
  /** Allowed-fast pieces of the peer that are kept; the rest is ignored. */
  readonly allowedFast: number;
  /** Rejects the peer may cause between two drains of the output. */
  readonly unreadReplies: number;
  /** Bytes that extensions may answer while messages arrive, between two drains of the output. */
  readonly unreadReplyBytes: number;
  /** What may arrive behind a handshake that was not accepted yet. */
  readonly heldBytes: number;
}

/** What holds unless told otherwise. */
export const DEFAULT_LIMITS: WireLimits = {
  handshakeMs: 10_000,
  silenceMs: 150_000,
  keepAliveMs: 90_000,
  rejectMs: 60_000,
  blockLength: 131_072,
  bitfieldLength: 262_144,
  extendedLength: 1_048_576,
  extendedHandshakeLength: 65_536,
  unknownLength: 1_048_576,
  queuedRequests: 2_000,
  chokedRequests: 2_000,
  unrequestedBlocks: 64,
  laterBitfields: 200,
  suggestions: 1_000,
  allowedFast: 256,
  unreadReplies: 16_384,
  unreadReplyBytes: 16_777_216,
  heldBytes: 524_288,
};

/** The defaults with the given figures in their place. Throws RangeError for what is no number from 0 up. */
export function resolveLimits(given: Partial<WireLimits> = {}): WireLimits {
  const limits = { ...DEFAULT_LIMITS, ...given };
  for (const [name, value] of Object.entries(limits)) {
    if (!(value >= 0)) throw new RangeError(`limit ${name} is a number from 0 up, not ${value}`);
  }
  return limits;
}
