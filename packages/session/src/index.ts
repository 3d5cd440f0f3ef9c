export type { TorrentContent } from './content.ts';
export type {
  AttachedExtension,
  BlockSource,
  ByteStream,
  Clock,
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
export type { Peer } from './peer.ts';
export type { PeerListSummary } from './peer-list.ts';
export { type AddOptions, Session, type SessionOptions } from './session.ts';
export type {
  Torrent,
  TorrentEvent,
  TorrentOptions,
  TorrentSnapshot,
  TorrentState,
} from './torrent.ts';
