import { randomBytes } from 'node:crypto';
import type { Metainfo } from '@shoal/metainfo';
import { formatEndpoint, PeerId, parseUrl } from '@shoal/primitives';
import type { AnnounceRequest, AnnounceResponse } from '@shoal/tracker';
import { createTrackerClient, type TrackerClient } from '@shoal/tracker/node';
import { CliError, EXIT, type ExitStatus, failureOf } from '../exit.ts';
import type { Io } from '../io.ts';
import { formatCount, formatDuration } from '../output/format.ts';
import { printable } from '../output/printable.ts';
import { writeJson, writeLines } from '../output/write.ts';
import { loadTorrent } from '../source.ts';
import { sizeOf } from '../transfer.ts';

export interface AnnounceOptions {
  readonly json?: boolean;
}

/** What one tracker said. Times in seconds. */
interface TrackerAnswer {
  readonly url: string;
  /** From 0. */
  readonly tier: number;
  readonly ok: boolean;
  readonly seconds: number;
  readonly interval: number | null;
  readonly seeders: number | null;
  readonly leechers: number | null;
  readonly peers: readonly string[];
  readonly warning: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** Where most clients listen. Nobody listens here: the goodbye takes the address back at once. */
const PORT = 6_881;
const GOODBYE_MS = 2_000;

/** Asks every tracker of a torrent, tiers or not, as somebody who has none of it. */
export async function announce(source: string, options: AnnounceOptions, io: Io): Promise<ExitStatus> {
  const metainfo = await loadTorrent(source, io);
  if (metainfo.announce.length === 0) {
    throw new CliError('ERR_TRACKER', `${metainfo.name} names no tracker`);
  }
  const client = createTrackerClient({ udpRetransmitMs: 3_000, udpTimeoutMs: 15_000 });
  try {
    const request = requestFor(metainfo);
    const asked = metainfo.announce.flatMap((tier, index) => tier.map((url) => ask(client, url, index, request, io)));
    const trackers = await Promise.all(asked);
    io.signal.throwIfAborted();
    if (options.json) writeJson(io.stdout, { infoHash: metainfo.infoHash.hex, name: metainfo.name, trackers });
    else writeLines(io.stdout, trackers.map(describe));
    if (trackers.some(({ ok }) => ok)) return EXIT.done;
    throw new CliError('ERR_TRACKER', `no tracker of ${metainfo.name} answered`);
  } finally {
    await client.close();
  }
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

async function ask(
  client: TrackerClient,
  url: string,
  tier: number,
  request: AnnounceRequest,
  { signal }: Io,
): Promise<TrackerAnswer> {
  const startedAt = performance.now();
  const answerOf = (response: AnnounceResponse | null, error: TrackerAnswer['error']): TrackerAnswer => ({
    url,
    tier,
    ok: response !== null,
    seconds: Math.round(performance.now() - startedAt) / 1_000,
    interval: response?.interval ?? null,
    seeders: response?.seeders ?? null,
    leechers: response?.leechers ?? null,
    peers: response?.peers.map(formatEndpoint) ?? [],
    warning: response?.warning ?? null,
    error,
  });
  try {
    const answer = answerOf(await client.announce(url, { ...request, event: 'started' }, signal), null);
    const goodbye = client.announce(url, { ...request, event: 'stopped' }, AbortSignal.timeout(GOODBYE_MS));
    await goodbye.catch(() => undefined);
    return answer;
  } catch (error) {
    const { code, message } = failureOf(error);
    return answerOf(null, { code, message });
  }
}

function describe({ url, error, warning, seeders, leechers, peers, interval }: TrackerAnswer): string {
  const host = parseUrl(url)?.host ?? '';
  // What happened to the connection names the host, which stands in the URL already.
  if (error) return `${printable(url)}: ${error.message.replace(`${host}: `, '')}`;
  const counts = [
    seeders === null ? null : formatCount(seeders, 'seeder'),
    leechers === null ? null : formatCount(leechers, 'leecher'),
    `${formatCount(peers.length, 'address', 'addresses')} given`,
    interval === null ? null : `next announce in ${formatDuration(interval)}`,
    warning === null ? null : `it says: ${printable(warning)}`,
  ];
  return `${printable(url)}: ${counts.filter((text) => text !== null).join(', ')}`;
}
