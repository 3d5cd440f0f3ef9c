// What the page knows of a torrent, and how it says it. Shared by the server, which writes the first page, and by the script
// in the browser, which keeps it fresh: neither may say it differently.
import { formatCount, formatRate, formatSize } from '../format.ts';

/** What `/api/torrents` tells of a torrent. Sizes in bytes, rates in bytes per second. */
export interface TorrentRow {
  readonly name: string;
  readonly infoHash: string;
  readonly infoHashV2: string | null;
  readonly size: number;
  readonly files: number;
  readonly pieceLength: number;
  readonly pieces: number;
  readonly private: boolean;
  /** `error` where the data cannot be read now. */
  readonly state: 'seeding' | 'error';
  readonly error: string | null;
  /** Connected to the seed. */
  readonly peers: number;
  readonly upRate: number;
  /** Payload over all runs. */
  readonly uploaded: number;
  /** Uploaded by size. */
  readonly ratio: number;
  /** What announces to the tracker here, the seed itself left out. */
  readonly seeders: number;
  readonly leechers: number;
  /** Downloads that ended, as far as the tracker heard. */
  readonly completed: number;
  readonly trackers: readonly TrackerRow[];
  /** Relative to the page. */
  readonly torrent: string;
  readonly magnet: string;
}

/** What one tracker said. */
export interface TrackerRow {
  /** Its URL, or `own tracker`. */
  readonly name: string;
  readonly state: 'idle' | 'working' | 'ok' | 'failed';
  readonly message: string | null;
  readonly seeders: number | null;
  readonly leechers: number | null;
  /** When it is asked again, Unix time in seconds; null where that is not planned. */
  readonly nextAt: number | null;
}

/** An entry that is not seeded, or not yet. */
export interface PendingRow {
  readonly name: string;
  readonly state: 'waiting' | 'queued' | 'hashing' | 'checking' | 'failed';
  readonly reason: string | null;
  readonly bytesDone: number;
  readonly bytesTotal: number;
}

export interface Summary {
  readonly torrents: number;
  readonly size: number;
  readonly peers: number;
  readonly upRate: number;
  readonly uploaded: number;
}

/** What `/api/torrents` answers. */
export interface TorrentsAnswer {
  /** To be given back as `since`. */
  readonly revision: string;
  /** Whether `torrents` holds all; otherwise those that changed since. */
  readonly full: boolean;
  readonly ready: boolean;
  /** Why the folder cannot be read. */
  readonly fault: string | null;
  readonly summary: Summary;
  readonly pending: readonly PendingRow[];
  readonly torrents: readonly TorrentRow[];
  /** Info-hashes that are gone since. */
  readonly removed: readonly string[];
}

/** The texts of a row's places, by `data-field`. */
export function fieldsOf(row: TorrentRow): Readonly<Record<string, string>> {
  return {
    name: row.name,
    state: row.state === 'error' ? 'error' : row.upRate > 0 ? 'sending' : 'seeding',
    error: row.error ?? '',
    size: formatSize(row.size),
    peers: String(row.peers),
    leechers: String(row.leechers),
    rate: formatRate(row.upRate),
    uploaded: formatSize(row.uploaded),
    ratio: row.ratio.toFixed(2),
    completed: String(row.completed),
    pieces: `${row.pieces.toLocaleString('en')} × ${formatSize(row.pieceLength)}`,
    files: formatCount(row.files, 'file'),
    hash: row.infoHash,
  };
}

export function summaryFields(summary: Summary): Readonly<Record<string, string>> {
  return {
    torrents: summary.torrents.toLocaleString('en'),
    size: formatSize(summary.size),
    peers: summary.peers.toLocaleString('en'),
    rate: formatRate(summary.upRate),
    uploaded: formatSize(summary.uploaded),
  };
}

/** `http://…: ok, 3 seeders, 2 leechers`. */
export function trackerText({ name, state, message, seeders, leechers }: TrackerRow): string {
  const words = { idle: 'not asked yet', working: 'being asked', ok: 'ok', failed: 'failed' }[state];
  const counts = [
    seeders === null ? '' : formatCount(seeders, 'seeder'),
    leechers === null ? '' : formatCount(leechers, 'leecher'),
  ].filter((text) => text !== '');
  return `${name}: ${[words, ...(message === null ? [] : [message]), ...counts].join(', ')}`;
}

export function pendingText({ state, reason, bytesDone, bytesTotal }: PendingRow): string {
  const share = bytesTotal > 0 ? `${Math.floor((100 * bytesDone) / bytesTotal)} % of ${formatSize(bytesTotal)}` : '';
  switch (state) {
    case 'waiting':
      return 'waiting until it is written';
    case 'queued':
      return 'waits for its turn';
    case 'hashing':
      return `hashing ${share}`.trim();
    case 'checking':
      return `checking ${share}`.trim();
    case 'failed':
      return `not seeded: ${reason ?? 'unknown'}`;
  }
}
