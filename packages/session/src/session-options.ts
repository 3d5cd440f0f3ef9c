// What a session is made with.
import type { SeedStrategy } from '@shoal/choker';
import type { Hasher } from '@shoal/storage';
import type { Clock, DhtNode, Random, StateStore, StreamFilter, Transport } from './contracts.ts';
import type { ShareLimits } from './share-limits.ts';

/** What a session is made of, and its limits. */
export interface SessionOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly hasher: Hasher;
  readonly transports: readonly Transport[];
  /** Asked in order for accepted streams. Default: none. */
  readonly filters?: readonly StreamFilter[];
  readonly stateStore?: StateStore;
  /** Told to peers (BEP 10 `v`). Default: Shoal. */
  readonly client?: string;
  /** Eight characters before the random part (BEP 20). Default: -SH0100-. */
  readonly peerIdPrefix?: string;
  /** Connections of all torrents. Default: 200. */
  readonly maxConnections?: number;
  /** Accepted connections from one address. Default: 20. */
  readonly maxConnectionsPerAddress?: number;
  /** Peers of one torrent. Default: 50. */
  readonly maxPeers?: number;
  /** Dials under way at once. Default: 20. */
  readonly maxHalfOpen?: number;
  /** Unchoked peers of one torrent, the optimistic one included. Default: 8. */
  readonly uploadSlots?: number;
  /** Whom a seed serves. Default: round-robin. */
  readonly seedStrategy?: SeedStrategy;
  /** Bytes a second of all torrents, everything that goes over peer connections counted. Default: none. */
  readonly downLimit?: number;
  readonly upLimit?: number;
  /** Torrents that download, and that seed, at once; the others wait in the order they were added. Default: no limit. */
  readonly maxDownloads?: number;
  readonly maxSeeds?: number;
  /** Of every torrent that has none of its own. Default: none. */
  readonly shareLimits?: ShareLimits;
  /** Asked about every address that dials, is dialled or is offered; see `setAddressFilter`. */
  readonly addressFilter?: AddressFilter;
  /** SHA-1, for the allowed-fast sets (BEP 6). Absent: none are given. */
  readonly sha1?: (bytes: Uint8Array) => Uint8Array;
  /** Bytes of blocks and read-ahead in memory, of all torrents. Default: 64 MiB. */
  readonly memory?: number;
  /** Makes big buffers that are overwritten before they are read. Default: zeroed memory. */
  readonly allocate?: (bytes: number) => Uint8Array;
  /** Told to peers of torrents that are not private, and told of theirs. Default: none. */
  readonly dht?: DhtNode;
  /** What a dialled stream goes through. Default: it stays plain. */
  readonly dialFilter?: StreamFilter;
}

/** Which addresses may be peers: an IP filter list, for one. */
export interface AddressFilter {
  /** `ip`: canonical text. */
  blocks(ip: string): boolean;
}

/** What holds where an option is left out; the others have no figure: no limit, no filter. */
export const SESSION_DEFAULTS: Required<
  Pick<
    SessionOptions,
    | 'memory'
    | 'maxConnections'
    | 'maxConnectionsPerAddress'
    | 'maxHalfOpen'
    | 'maxPeers'
    | 'uploadSlots'
    | 'seedStrategy'
  >
> = {
  memory: 64 * 1024 * 1024,
  maxConnections: 200,
  maxConnectionsPerAddress: 20,
  maxHalfOpen: 20,
  maxPeers: 50,
  uploadSlots: 8,
  seedStrategy: 'round-robin',
};
