// What a torrent tells of itself: its states, its events and its figures. Sizes in bytes, times in milliseconds, rates in
// bytes per second over 20 s.
import type { Metainfo } from '@shoal/metainfo';
import type { SourceStatus } from './contracts.ts';
import type { SessionError } from './errors.ts';
import type { PeerListSummary } from './peer-list.ts';

/** `seeding`: every wanted piece is here, whether that is all of them or not. */
export type TorrentState = 'metadata' | 'checking' | 'downloading' | 'seeding';

/** What a torrent tells those who subscribed, in the order in which it happened. */
export type TorrentEvent =
  | { readonly type: 'state'; readonly state: TorrentState; readonly paused: boolean; readonly queued: boolean }
  | { readonly type: 'metadata'; readonly metainfo: Metainfo }
  | { readonly type: 'checked'; readonly piece: number }
  | { readonly type: 'piece'; readonly piece: number }
  | { readonly type: 'badPiece'; readonly piece: number; readonly from: readonly string[] }
  /** Every byte of a file (index in `metainfo.files`) is verified. */
  | { readonly type: 'file'; readonly file: number }
  /** Every wanted piece has been fetched and verified. */
  | { readonly type: 'complete' }
  | { readonly type: 'peer'; readonly address: string; readonly client: string }
  | { readonly type: 'peerClosed'; readonly address: string; readonly reason: string }
  | { readonly type: 'banned'; readonly address: string; readonly reason: string }
  | { readonly type: 'sources' }
  /** The torrent seeded as much as it was told to, and is paused. */
  | { readonly type: 'shareLimit'; readonly limit: 'ratio' | 'time' }
  /** The data lie elsewhere now. */
  | { readonly type: 'moved'; readonly to: string }
  /** The torrent stopped. After a failure of the disk it tries again by itself; the same words are not told twice in a row. */
  | { readonly type: 'error'; readonly error: SessionError }
  /** What is verified could not be remembered; the download goes on. Told again only after a save that worked. */
  | { readonly type: 'saveFailed'; readonly error: SessionError }
  | { readonly type: 'closed' };

/** The figures of a torrent, at one moment. */
export interface TorrentSnapshot {
  readonly state: TorrentState;
  readonly paused: boolean;
  /** Waits for its turn, since only so many torrents may run at once. */
  readonly queued: boolean;
  readonly error: SessionError | null;
  readonly bytesTotal: number;
  readonly bytesDone: number;
  /** Of the pieces that are wanted. */
  readonly bytesWanted: number;
  readonly bytesWantedDone: number;
  /** While checking: how much of what must be read has been. */
  readonly bytesChecked: number;
  readonly pieces: number;
  readonly piecesDone: number;
  readonly downRate: number;
  readonly upRate: number;
  /** Payload of this run, and of all runs. */
  readonly downloaded: number;
  readonly uploaded: number;
  readonly downloadedEver: number;
  readonly uploadedEver: number;
  /** Uploaded by downloaded (or by what is here, where that is more), over all runs. */
  readonly ratio: number;
  /** Over all runs. */
  readonly seedingMs: number;
  readonly peers: number;
  readonly seeds: number;
  readonly addresses: PeerListSummary;
  readonly sources: readonly SourceStatus[];
}

/** What is known of a connected peer, at one moment. */
export interface PeerSnapshot {
  readonly address: string;
  readonly client: string;
  readonly outgoing: boolean;
  /** Where its address was heard of. */
  readonly sources: readonly string[];
  /** How much of the torrent it has, 0 to 1. */
  readonly progress: number;
  readonly downRate: number;
  readonly upRate: number;
  /** Payload of this connection. */
  readonly downloaded: number;
  readonly uploaded: number;
  readonly amChoking: boolean;
  readonly amInterested: boolean;
  readonly peerChoking: boolean;
  readonly peerInterested: boolean;
  readonly snubbed: boolean;
  readonly uploadOnly: boolean;
  /** Our requests that wait for the peer, and its requests that wait for us. */
  readonly requests: number;
  readonly peerRequests: number;
}
