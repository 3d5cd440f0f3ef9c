import type { SeededTorrent } from './catalog.ts';
import type { OwnTracker } from './own-tracker.ts';

/** What is told of a torrent, on the page and as JSON. Sizes in bytes, rates in bytes per second. */
export interface LiveFacts {
  readonly name: string;
  readonly infoHash: string;
  readonly size: number;
  readonly files: number;
  readonly pieceLength: number;
  readonly pieces: number;
  readonly private: boolean;
  /** `error` where the data can no longer be read. */
  readonly state: 'seeding' | 'error';
  readonly error: string | null;
  /** Connected to the seed. */
  readonly peers: number;
  readonly upRate: number;
  /** Payload over all runs. */
  readonly uploaded: number;
  /** What announces to the tracker here, the seed itself left out. */
  readonly seeders: number;
  readonly leechers: number;
  /** Downloads that ended, as far as the tracker heard. */
  readonly completed: number;
  /** Relative to the page. */
  readonly torrent: string;
}

export async function liveFactsOf(seeded: SeededTorrent, tracker: OwnTracker): Promise<LiveFacts> {
  const { metainfo, name } = seeded.entry;
  const snapshot = seeded.torrent.snapshot();
  const { seeders, leechers, completed } = await tracker.counts(metainfo.infoHash.wireKey);
  return {
    name,
    infoHash: metainfo.infoHash.hex,
    size: seeded.size,
    files: seeded.files.length,
    pieceLength: metainfo.pieceLength,
    pieces: metainfo.layout.pieceCount,
    private: metainfo.private,
    state: snapshot.error === null ? 'seeding' : 'error',
    error: snapshot.error?.message ?? null,
    peers: snapshot.peers,
    upRate: Math.round(snapshot.upRate),
    uploaded: snapshot.uploadedEver,
    seeders,
    leechers,
    completed,
    torrent: `torrents/${metainfo.infoHash.hex}.torrent`,
  };
}
