// The contract between a connection and an extension of it (BEP 10). An extension is made per connection by a factory.
import type { BencodeDict, BencodeInput } from '@shoal/bencode';

/** One extension on one connection. What it throws becomes a fault of the connection, never the caller's. */
export interface Extension {
  /** The name in the extended handshake's `m`, such as `ut_metadata`: printable ASCII. */
  readonly name: string;
  /** What it adds to our extended handshake, beside its entry in `m`: `metadata_size` and the like. */
  handshake?(): Record<string, BencodeInput>;
  /** The peer's extended handshake arrived (again, when it changes); the peer need not know this extension. */
  onHandshake?(peer: ExtendedHandshake): void;
  /** A message for this extension. `payload` is a view, valid during the call; `now` in milliseconds. */
  onMessage(payload: Uint8Array, now: number): void;
  onTick?(now: number): void;
  /** When `onTick` should be called next, in milliseconds; Infinity or left out: no wish. */
  nextWake?(): number;
  /** Once, when the connection ends, however it ends. */
  onClose?(): void;
}

/** What an extension may do to its connection. */
export interface ExtensionContext {
  /**
   * Sends one message of this extension; `payload` is copied or queued as it is and must not change. False where the
   * peer lacks the extension, or the connection has ended. Throws RangeError for a payload past the limit.
   */
  send(payload: Uint8Array): boolean;
  /** Bytes of the whole connection that nobody has taken to send yet: who answers much waits while they are many. */
  readonly unsent: number;
  /** Whether the peer's extended handshake named this extension. */
  readonly peerSupports: boolean;
  /** The peer broke this extension's rules: the connection ends with ERR_WIRE_EXTENSION. */
  fault(message: string): void;
}

/** Makes the extension of one connection. */
export type ExtensionFactory = (context: ExtensionContext) => Extension;

/** What the extended handshake says of ourselves (BEP 10). */
export interface OwnExtendedHandshake {
  /** Client and version, `v`. */
  readonly client?: string;
  /** TCP port we listen on, `p`. */
  readonly port?: number;
  /** Requests we queue, `reqq`; left out, the limit `queuedRequests`. */
  readonly reqq?: number;
  /** The peer's address as we see it, 4 or 16 bytes, `yourip`. */
  readonly yourIp?: Uint8Array;
  /** BEP 21: we will not download any more, `upload_only`. */
  readonly uploadOnly?: boolean;
}

/** What the peer's extended handshake says (BEP 10). What was not there, or not what it should be, is undefined. */
export interface ExtendedHandshake {
  /** Names in `m` that the peer takes messages for, and its ids, 1 to 255. */
  readonly extensions: ReadonlyMap<string, number>;
  /** At most 128 characters. */
  readonly client: string | undefined;
  readonly port: number | undefined;
  readonly reqq: number | undefined;
  /** Our address as the peer sees it. */
  readonly yourIp: Uint8Array | undefined;
  readonly uploadOnly: boolean;
  /** Everything, for what extensions put there. */
  readonly dictionary: BencodeDict;
}
