// A torrent's figures at one moment, put together from whoever keeps them. Cheap enough to ask for many times a second:
// nothing here depends on the number of pieces.
import type { Content } from './content.ts';
import type { Ledger } from './ledger.ts';
import type { Swarm } from './swarm.ts';
import type { TorrentSnapshot } from './torrent-facts.ts';

export type Rates = Pick<TorrentSnapshot, 'downRate' | 'upRate' | 'downloaded' | 'uploaded'>;

export function ratesOf({ downRate, upRate }: Swarm, now: number): Rates {
  return {
    downRate: downRate.rate(now),
    upRate: upRate.rate(now),
    downloaded: downRate.total,
    uploaded: upRate.total,
  };
}

export function figuresOf(
  swarm: Swarm,
  content: Content | undefined,
  ledger: Ledger,
): Omit<TorrentSnapshot, 'state' | 'paused' | 'queued' | 'error' | 'bytesChecked' | 'sources'> {
  const { uploaded, downloaded, seedingMs } = ledger.total;
  const bytesDone = content?.bytesDone ?? 0;
  let seeds = 0;
  for (const peer of swarm.peers) if (peer.isSeed) seeds++;
  return {
    ...ratesOf(swarm, swarm.now()),
    bytesTotal: content?.layout.totalLength ?? 0,
    bytesDone,
    bytesWanted: content?.bytesWanted ?? 0,
    bytesWantedDone: content?.bytesWantedDone ?? 0,
    pieces: content?.layout.pieceCount ?? 0,
    piecesDone: content?.have.count ?? 0,
    downloadedEver: downloaded,
    uploadedEver: uploaded,
    ratio: ledger.ratio(bytesDone),
    seedingMs,
    peers: swarm.size,
    seeds,
    addresses: swarm.addresses,
  };
}
