// What a torrent is made with, and what it needs of its session.
import type { InfoHash } from '@shoal/primitives';
import type { ByteBudget, Hasher } from '@shoal/storage';
import type { TorrentContent } from './content.ts';
import type { PeerSource, StateStore, TorrentExtension } from './contracts.ts';
import type { Priority } from './selection.ts';
import type { ShareLimits } from './share-limits.ts';
import type { SwarmHost } from './swarm.ts';
import type { Torrent } from './torrent.ts';
import type { Turnstile } from './turnstile.ts';

export interface TorrentHost extends SwarmHost {
  readonly hasher: Hasher;
  readonly budget: ByteBudget;
  readonly stateStore: StateStore | undefined;
  readonly allocate: ((bytes: number) => Uint8Array) | undefined;
  /** Bounds how many torrents are checked at once. */
  readonly checks: Turnstile;
  /** Bounds how many read at once what was saved of them. */
  readonly recalls: Turnstile;
  /** It was checked, completed, paused or stopped: the queue may have to be gone through again. */
  torrentChanged(torrent: Torrent): void;
}

/** What a torrent is added with. */
export interface TorrentOptions {
  readonly infoHash: InfoHash;
  /** Absent while only the hash is known; `provide` brings it later. */
  readonly content?: TorrentContent;
  /** What to call it while its content is unknown. Default: the info-hash. */
  readonly name?: string;
  readonly private?: boolean;
  readonly sources?: readonly PeerSource[];
  readonly extensions?: readonly TorrentExtension[];
  /** Where resume data is kept; default: the info-hash. */
  readonly stateKey?: string;
  readonly peerIdPrefix: string;
  /** Added, and not started before `resume`. Default: false. */
  readonly paused?: boolean;
  /** Runs whatever the queue's limits. Default: false. */
  readonly forced?: boolean;
  /** One a file, 0 (not wanted) to 7. Default: what was chosen in a former run, else every file alike. */
  readonly priorities?: readonly Priority[];
  /** Default: rarest. */
  readonly order?: 'rarest' | 'sequential';
  /** Default: none. */
  readonly shareLimits?: ShareLimits;
  /** Bytes a second of this torrent. Default: none. */
  readonly downLimit?: number;
  readonly upLimit?: number;
  /**
   * A verified info dictionary came from an extension: parses it and says where its data lie, as `provide` does. Where it rejects,
   * the torrent stops on that error; it is asked again after `resume`. Default: what extensions bring is not used.
   */
  readonly onMetadata?: (info: Uint8Array) => Promise<TorrentContent>;
}
