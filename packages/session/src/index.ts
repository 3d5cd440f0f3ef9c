export type { TorrentContent } from './content.ts';
export type {
  AttachedExtension,
  BlockSource,
  ByteStream,
  Clock,
  DhtNode,
  ExtensionPeer,
  ExtensionTorrent,
  Listener,
  PeerSource,
  Random,
  SourceStatus,
  SourceTorrent,
  StateStore,
  StreamFilter,
  StreamHandler,
  Timer,
  TorrentExtension,
  TorrentIndex,
  Transport,
} from './contracts.ts';
export { SessionError, type SessionErrorCode } from './errors.ts';
export type { ReadOptions } from './file-reader.ts';
export type { Peer } from './peer.ts';
export type { PeerListSummary } from './peer-list.ts';
export type { Priority } from './selection.ts';
export { type AddOptions, type RemoveOptions, Session, type SessionSnapshot } from './session.ts';
export { type AddressFilter, SESSION_DEFAULTS, type SessionOptions } from './session-options.ts';
export type { ShareLimits } from './share-limits.ts';
export type { Torrent } from './torrent.ts';
export type { PeerSnapshot, TorrentEvent, TorrentSnapshot, TorrentState } from './torrent-facts.ts';
export type { TorrentOptions } from './torrent-options.ts';
