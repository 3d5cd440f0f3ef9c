// What a .torrent says, checked once: whoever holds a Metainfo need not doubt it again.
import type { Endpoint, InfoHash, Layout } from '@shoal/primitives';

/** The digests a reader needs; `./node` fills them in. */
export interface Digests {
  /** 20 bytes. */
  sha1(bytes: Uint8Array): Uint8Array;
  /** 32 bytes. */
  sha256(bytes: Uint8Array): Uint8Array;
}

/** Where files are to be written. Decides which names must be changed and which only deserve a warning. */
export type Platform = 'posix' | 'macos' | 'windows';

/** One file of a torrent, padding included. */
export interface MetainfoFile {
  /** Safe components; the first is the torrent's name. Unique in the torrent, but for padding. */
  readonly path: readonly string[];
  /** Bytes. */
  readonly length: number;
  /** BEP 47: all zeros, never written, never shown. */
  readonly padding: boolean;
  /** BEP 47. */
  readonly executable: boolean;
  /** BEP 47. */
  readonly hidden: boolean;
  /** BEP 47: a symbolic link, of length 0, to this path (of the same shape as `path`): a file or folder of the torrent, no link. */
  readonly symlink?: readonly string[];
  /** BEP 52: 32 bytes, a view; not of empty files, and not in a torrent that is v1 alone. */
  readonly piecesRoot?: Uint8Array;
  /** BEP 52: a hash for each piece, a view, checked against `piecesRoot`; of files of more than one piece, where the document holds it. */
  readonly pieceLayer?: Uint8Array;
}

/** What torrents of all versions have. Views share the document's memory. */
interface MetainfoBase {
  /** Safe to use as one path component. */
  readonly name: string;
  /** BEP 27: peers come from its trackers only. */
  readonly private: boolean;
  /** The tracker that a private torrent was made for, as its maker calls it. */
  readonly source: string | null;
  /** Bytes. */
  readonly pieceLength: number;
  readonly files: readonly MetainfoFile[];
  /** Whether the torrent is a folder of files (its name is the folder's) and not a single file. */
  readonly multiFile: boolean;
  /** BEP 12: tiers of tracker URLs, http, https, udp, ws or wss. */
  readonly announce: readonly (readonly string[])[];
  /** BEP 19: http or https URLs. */
  readonly webSeeds: readonly string[];
  /** BEP 5: DHT nodes to begin with. */
  readonly nodes: readonly Endpoint[];
  readonly comment: string | null;
  readonly createdBy: string | null;
  readonly creationDate: Date | null;
  /** The raw info dictionary: what the info-hashes are of and what peers get (BEP 9). */
  readonly infoBytes: Uint8Array;
  /** What was odd but tolerated, in words. */
  readonly warnings: readonly string[];
}

/** A torrent that the v1 protocol knows (BEP 3): v1 alone, or a hybrid, whose halves say the same (BEP 52). */
export interface Metainfo extends MetainfoBase {
  readonly version: 'v1' | 'hybrid';
  /** SHA-1 of the raw info dictionary. */
  readonly infoHash: InfoHash;
  /** SHA-256 of the raw info dictionary; null in a torrent that is v1 alone. */
  readonly infoHashV2: InfoHash | null;
  /** `layout.files` is index-aligned with `files`. */
  readonly layout: Layout;
  /** The SHA-1 a piece must have, a view of 20 bytes. Throws RangeError outside [0, layout.pieceCount). */
  pieceHash(piece: number): Uint8Array;
}

/** A torrent of version 2 alone (BEP 52): every file begins a piece of its own, and there are no SHA-1 hashes and no padding files. */
export interface MetainfoV2 extends MetainfoBase {
  readonly version: 'v2';
  readonly infoHash: null;
  /** SHA-256 of the raw info dictionary. Its `wireKey` is what handshakes and trackers get. */
  readonly infoHashV2: InfoHash;
  readonly pieceCount: number;
}

/** Told apart by `version`. */
export type AnyMetainfo = Metainfo | MetainfoV2;
