/** What can be wrong with what came from the network, from a state file, or with what is asked of the table. */
export type DhtErrorCode =
  /** A datagram that is no KRPC message (BEP 5). */
  | 'ERR_DHT_MESSAGE'
  /** Bytes that should be saved state are none. */
  | 'ERR_DHT_STATE'
  /** Nobody answered in time. */
  | 'ERR_DHT_TIMEOUT'
  /** The other node answered with an error of its own. */
  | 'ERR_DHT_REMOTE'
  /** No node took what was to be stored. */
  | 'ERR_DHT_NOT_STORED'
  /** Another value was stored meanwhile (BEP 44: codes 301 and 302). */
  | 'ERR_DHT_CONFLICT'
  /** An item that no node would take: too large, or its signature does not fit (BEP 44). */
  | 'ERR_DHT_ITEM'
  /** A host that cannot be resolved, or a family that has no socket. */
  | 'ERR_DHT_ADDRESS'
  /** The node was closed, or too much is under way. */
  | 'ERR_DHT_CLOSED'
  | 'ERR_DHT_BUSY';

/** The network's fault or a stranger's; the message is in words for the user. A caller's misuse is a TypeError or RangeError. */
export class DhtError extends Error {
  override readonly name = 'DhtError';
  readonly code: DhtErrorCode;

  constructor(code: DhtErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
