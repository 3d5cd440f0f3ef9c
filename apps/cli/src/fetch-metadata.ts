// The metadata of links before anything is downloaded: for a list of the files, or a choice among them.
import { createClient, type Metainfo, type Torrent } from '@shoal/client';
import { clientOptions, type PeerOptions } from './client-options.ts';
import { CliError } from './exit.ts';
import type { Io } from './io.ts';
import { formatCount } from './output/format.ts';
import { createJobProgress } from './output/job-progress.ts';
import { printable } from './output/printable.ts';
import { whyNothing } from './output/why-nothing.ts';
import { resolvePeers } from './resolve-peers.ts';
import type { NamedByHash } from './source.ts';

const REDRAW_MS = 250;

/**
 * One for each link, in their order; they are remembered, so that a download goes on from there. Touches no data. Rejects with
 * the signal's reason, and CliError where the metadata cannot be used.
 */
export async function fetchMetadata(
  links: readonly NamedByHash[],
  options: PeerOptions & { readonly peer?: readonly string[] },
  io: Io,
  signal: AbortSignal = io.signal,
): Promise<Metainfo[]> {
  if (links.length === 0) return [];
  const peers = await resolvePeers(options.peer ?? []);
  const client = await createClient(await clientOptions(options, io));
  const progress = await createJobProgress(io);
  const torrents: Torrent[] = [];
  const draw = (): void => {
    const count = torrents.reduce((sum, torrent) => sum + torrent.snapshot().peers, 0);
    progress.show(`fetching metadata, ${formatCount(count, 'peer')}`);
  };
  const timer = setInterval(draw, REDRAW_MS);
  try {
    return await Promise.all(links.map((link) => fetchOne(link)));
  } finally {
    clearInterval(timer);
    progress.end();
    await client.close();
  }

  async function fetchOne(link: NamedByHash): Promise<Metainfo> {
    let metainfo: Metainfo | undefined;
    // Nobody chooses here: the torrent stops before it looks at a file.
    const priorities = (known: Metainfo): never => {
      metainfo = known;
      throw new Error('the metadata alone are wanted');
    };
    let torrent: Torrent | undefined;
    try {
      torrent = await client.add(link, { dir: io.cwd, peers, priorities });
      torrents.push(torrent);
      await torrent.whenChecked(signal);
    } catch (error) {
      if (metainfo) return metainfo;
      if (!signal.aborted || io.signal.aborted || !torrent) throw error;
      throw new CliError('ERR_TIMEOUT', `${printable(torrent.name)}: no metadata: ${whyNothing(torrent.snapshot())}`);
    }
    return torrent.metainfo as Metainfo;
  }
}
