import { askTrackers } from '../ask-trackers.ts';
import type { ExitStatus } from '../exit.ts';
import type { Io } from '../io.ts';
import { formatCount } from '../output/format.ts';
import { loadTorrent } from '../source.ts';

export interface ScrapeOptions {
  readonly json?: boolean;
}

/** What one tracker said. */
interface Answer {
  readonly seeders: number;
  readonly leechers: number;
  /** Downloads that were completed, ever. */
  readonly completed: number;
}

/** Asks every tracker of a torrent, tiers or not, how many seed and download (BEP 48). */
export async function scrape(source: string, options: ScrapeOptions, io: Io): Promise<ExitStatus> {
  const metainfo = await loadTorrent(source, io);
  return askTrackers<Answer>(
    metainfo,
    {
      ask: async (client, url, signal) => {
        const [counts] = await client.scrape(url, [metainfo.infoHash.wireKey], signal);
        if (!counts) throw new Error('the tracker does not know this torrent');
        const { seeders, leechers, completed } = counts;
        return { seeders, leechers, completed };
      },
      nothing: { seeders: null, leechers: null, completed: null },
      describe: ({ seeders, leechers, completed }) =>
        [
          formatCount(seeders, 'seeder'),
          formatCount(leechers, 'leecher'),
          `${formatCount(completed, 'download')} completed`,
        ].join(', '),
    },
    options,
    io,
  );
}
