export type { Magnet, Metainfo } from '@shoal/metainfo';
export type {
  AddressFilter,
  Peer,
  PeerSnapshot,
  PeerSource,
  Priority,
  ReadOptions,
  SessionSnapshot,
  ShareLimits,
  SourceStatus,
  Torrent,
  TorrentEvent,
  TorrentSnapshot,
} from '@shoal/session';
export { type AddOptions, Client, type ContentOptions, createClient, pathOf } from './client.ts';
export { DHT_ROUTERS, type DhtOptions } from './dht-options.ts';
export { type FetchOptions, fetchTorrent } from './fetch-torrent.ts';
export { CLIENT_DEFAULTS, type ClientOptions } from './options.ts';
export { createReadStream } from './read-stream.ts';
export { createTcpTransport, type TcpOptions } from './tcp.ts';
export type { TorrentSource } from './torrent-source.ts';
