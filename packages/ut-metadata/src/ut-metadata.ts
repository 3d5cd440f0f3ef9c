// The extension as a torrent gets it.
import type { AttachedMetadata, Digest, MetadataProgress, MetadataTorrent } from './contract.ts';
import { MetadataExchange } from './metadata-exchange.ts';

/** Of an info dictionary: a torrent of two million v1 pieces has one of 40 MB, of a million files about as much; few have more than 4 MB. */
const MAX_SIZE = 32 * 1024 * 1024;

/** Digests, and the limit on what is fetched. */
export interface UtMetadataOptions {
  /** SHA-1 of a whole dictionary, for torrents with a v1 hash. */
  readonly sha1: Digest;
  /** SHA-256 of a whole dictionary, for torrents with a v2 hash. */
  readonly sha256: Digest;
  /** Bytes of the largest dictionary that is fetched. Default 32 MiB. */
  readonly maxSize?: number;
  /** Told while the dictionary is fetched, of each piece and peer. */
  readonly onProgress?: (progress: MetadataProgress) => void;
}

/** Metadata exchange (BEP 9) for a session's torrents. One object serves any number of them. */
export class UtMetadata {
  readonly name = 'ut_metadata';
  readonly #options: UtMetadataOptions;

  /** Throws RangeError for a size that is none. */
  constructor(options: UtMetadataOptions) {
    const { maxSize = MAX_SIZE } = options;
    if (!Number.isSafeInteger(maxSize) || maxSize < 1)
      throw new RangeError(`maxSize is a number from 1, not ${maxSize}`);
    this.#options = options;
  }

  /** Throws TypeError for a torrent without a hash. */
  attach(torrent: MetadataTorrent): AttachedMetadata {
    if (torrent.hashes.length === 0) throw new TypeError('a torrent has at least one info-hash');
    const { sha1, sha256, maxSize = MAX_SIZE, onProgress } = this.#options;
    return new MetadataExchange(torrent, { sha1, sha256, maxSize, onProgress });
  }
}
