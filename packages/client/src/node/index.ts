export type { Metainfo } from '@shoal/metainfo';
export type { Peer, PeerSource, SourceStatus, Torrent, TorrentEvent, TorrentSnapshot } from '@shoal/session';
export { type AddOptions, Client, type ClientOptions, createClient, pathOf } from './client.ts';
export { createTcpTransport, type TcpOptions } from './tcp.ts';
