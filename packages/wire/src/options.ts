// What an owner tells a Wire.
import type { ExtensionFactory, OwnExtendedHandshake } from './extension.ts';
import type { WireLimits } from './limits.ts';

/** How we present ourselves to one peer. */
export interface WireIdentity {
  /** The torrent's 20-byte wire key. */
  readonly infoHash: Uint8Array;
  /** Our 20-byte peer id in this torrent. */
  readonly peerId: Uint8Array;
  /** One `Extension` of each is made for this connection. */
  readonly extensions?: readonly ExtensionFactory[];
  readonly extendedHandshake?: OwnExtendedHandshake;
  /** Set the DHT bit (BEP 5); default false. */
  readonly dht?: boolean;
  /** Offer the Fast extension (BEP 6); default true. */
  readonly fast?: boolean;
  /** Offer the extension protocol (BEP 10); default true. */
  readonly extended?: boolean;
}

/** `dial` sends our handshake at once and needs an identity; `accept` waits for the peer's and then for `accept()`. */
export type WireOptions = {
  /** Milliseconds, any epoch, monotonic; the same clock as everywhere. */
  readonly now: number;
  readonly limits?: Partial<WireLimits>;
} & (({ readonly role: 'dial' } & WireIdentity) | { readonly role: 'accept' });

/** The number and sizes of a torrent's pieces, such as a `Layout`. */
export interface WireGeometry {
  readonly pieceCount: number;
  /** Bytes in a piece. */
  pieceSize(piece: number): number;
}

/** Bytes since the connection began, unless said otherwise. */
export interface WireCounters {
  /** Of blocks that were wanted. */
  readonly payloadIn: number;
  /** Of blocks that were queued for the peer. */
  readonly payloadOut: number;
  /** Of blocks that were not wanted, or not any more. */
  readonly wastedIn: number;
  readonly bytesIn: number;
  /** Handed out by `takeOutput`. */
  readonly bytesOut: number;
  /** Blocks that came though they were not wanted, races included. */
  readonly unrequestedBlocks: number;
  /** Requests that were refused for want of room in the queue. */
  readonly refusedRequests: number;
}
