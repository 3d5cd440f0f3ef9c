import type { Torrent } from '@shoal/client';
import type { LibraryEntry } from './library.ts';

/** A torrent that is seeded. */
export interface SeededTorrent {
  readonly entry: LibraryEntry;
  readonly torrent: Torrent;
  /** Paths with `/`, lengths in bytes. */
  readonly files: readonly { readonly path: string; readonly length: number }[];
  /** Bytes. */
  readonly size: number;
}

/** What the page shows. */
export interface Catalog {
  /** In the order of their names. */
  readonly torrents: readonly SeededTorrent[];
  /** What is being hashed now; bytes. */
  readonly hashing: { readonly name: string; readonly bytesDone: number; readonly bytesTotal: number } | null;
  /** Everything in the folder was looked at. */
  readonly isReady: boolean;
  /** By the info-hash's 40 digits in lower case. */
  find(infoHash: string): SeededTorrent | undefined;
  /** The tracker's URL for somebody who asked under that `Host`, which must have been checked. */
  announceUrl(hostHeader: string | undefined): string;
}
