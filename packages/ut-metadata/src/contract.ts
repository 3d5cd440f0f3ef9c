// What metadata exchange needs of those around it. Structural: a session's torrents and connections fit without either
// importing the other.
import type { InfoHash } from '@shoal/primitives';
import type { ExtensionFactory } from '@shoal/wire';

/** A torrent, as far as its metadata goes. */
export interface MetadataTorrent {
  /** What the raw info dictionary must hash to, each of them: a v1 and a v2 hash where a magnet link names both. */
  readonly hashes: readonly InfoHash[];
  /** BEP 27; known with the metadata only. */
  readonly private: boolean;
  /** The raw info dictionary, once it is known. */
  info(): Uint8Array | undefined;
  /** Is given the dictionary once, when every hash was found right. */
  offerMetadata(info: Uint8Array): void;
}

/** A peer, as far as metadata exchange needs it. */
export interface MetadataPeerInfo {
  /** What a liar is known by when it comes back. */
  readonly address: string;
}

/** Metadata exchange's part in one torrent. */
export interface AttachedMetadata {
  /** Undefined for a private torrent: the extension is not even announced then. */
  connect(peer: MetadataPeerInfo): ExtensionFactory | undefined;
  detach(): void;
}

/** Answers 20 or 32 bytes, now or later. `bytes` stay as they are meanwhile. */
export type Digest = (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>;

/** How far the fetching has come, for the user. */
export interface MetadataProgress {
  /** Bytes held of the dictionary that is nearest to being whole. */
  readonly received: number;
  /** Of that dictionary, as its peers say; null: nobody has said it yet. */
  readonly size: number | null;
  /** Peers that have the extension. */
  readonly peers: number;
}
