export type { Family } from './addresses.ts';
export type { Contact } from './contacts.ts';
export { DEFAULT_KRPC_LIMITS, decodeKrpc, type KrpcLimits } from './decode-krpc.ts';
export { Dht, type DhtOptions, type DhtOutput } from './dht.ts';
export { encodeKrpc } from './encode-krpc.ts';
export { DhtError, type DhtErrorCode } from './errors.ts';
export type { DhtEvent, LookupReport, Refusal } from './events.ts';
export { type ImmutableItem, type Item, type MutableItem, mutableTarget, signedBytes, targetOf } from './item.ts';
export type { ItemStoreLimits } from './item-store.ts';
export {
  KRPC_ERROR,
  type KrpcCall,
  type KrpcError,
  type KrpcMessage,
  type KrpcQuery,
  type KrpcResponse,
  type SignedPart,
} from './krpc.ts';
export { isNodeIdFor, nodeIdFor } from './node-id.ts';
export { DEFAULT_DHT_SETTINGS, type DhtMeans, type DhtSettings } from './node-options.ts';
export {
  type DhtClock,
  DhtPeerSource,
  type DhtPeerSourceOptions,
  type DhtSourceStatus,
  type DhtTorrent,
  type PeerFinder,
} from './peer-source.ts';
export type { PeerStoreLimits } from './peer-store.ts';
export type { SourceLimits } from './sources.ts';
export { type DhtState, decodeState, encodeState } from './state.ts';
export type { DhtStatus } from './status.ts';
export type { Announcement } from './task.ts';
