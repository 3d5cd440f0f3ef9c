import { randomBytes } from 'node:crypto';
import type { Metainfo } from '@shoal/metainfo';
import { formatEndpoint, PeerId } from '@shoal/primitives';
import type { AnnounceRequest } from '@shoal/tracker';
import { askTrackers } from '../ask-trackers.ts';
import type { ExitStatus } from '../exit.ts';
import type { Io } from '../io.ts';
import { formatCount, formatDuration } from '../output/format.ts';
import { printable } from '../output/printable.ts';
import { loadTorrent } from '../source.ts';
import { sizeOf } from '../transfer.ts';

export interface AnnounceOptions {
  readonly json?: boolean;
}

/** What one tracker said. Times in seconds. */
interface Answer {
  readonly interval: number;
  readonly seeders: number | null;
  readonly leechers: number | null;
  readonly peers: readonly string[];
  readonly warning: string | null;
}

/** Where most clients listen. Nobody listens here: the goodbye takes the address back at once. */
const PORT = 6_881;
const GOODBYE_MS = 2_000;

/** Asks every tracker of a torrent, tiers or not, as somebody who has none of it. */
export async function announce(source: string, options: AnnounceOptions, io: Io): Promise<ExitStatus> {
  const metainfo = await loadTorrent(source, io);
  const request = requestFor(metainfo);
  return askTrackers<Answer>(
    metainfo,
    {
      ask: async (client, url, signal) => {
        const response = await client.announce(url, { ...request, event: 'started' }, signal);
        const goodbye = client.announce(url, { ...request, event: 'stopped' }, AbortSignal.timeout(GOODBYE_MS));
        await goodbye.catch(() => undefined);
        const { interval, seeders, leechers, warning } = response;
        return {
          interval,
          seeders: seeders ?? null,
          leechers: leechers ?? null,
          peers: response.peers.map(formatEndpoint),
          warning: warning ?? null,
        };
      },
      nothing: { interval: null, seeders: null, leechers: null, peers: [], warning: null },
      describe,
    },
    options,
    io,
  );
}

function requestFor(metainfo: Metainfo): AnnounceRequest {
  return {
    infoHash: metainfo.infoHash.wireKey,
    peerId: PeerId.create('-SH0100-', (length) => new Uint8Array(randomBytes(length))).bytes,
    port: PORT,
    uploaded: 0,
    downloaded: 0,
    left: sizeOf(metainfo),
    key: randomBytes(4).readUInt32BE(),
  };
}

function describe({ warning, seeders, leechers, peers, interval }: Answer): string {
  const counts = [
    seeders === null ? null : formatCount(seeders, 'seeder'),
    leechers === null ? null : formatCount(leechers, 'leecher'),
    `${formatCount(peers.length, 'address', 'addresses')} given`,
    `next announce in ${formatDuration(interval)}`,
    warning === null ? null : `it says: ${printable(warning)}`,
  ];
  return counts.filter((text) => text !== null).join(', ');
}
