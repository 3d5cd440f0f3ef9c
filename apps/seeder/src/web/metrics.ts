// What Prometheus is told of the seeder, in the form the tracker's own metrics have.
import { performance } from 'node:perf_hooks';
import type { Metric, Sample } from '@shoal/tracker';
import type { Shelf } from '../folder/shelf.ts';
import type { Feed } from './feed.ts';

export interface MetricsOptions {
  readonly feed: Feed;
  readonly shelf: Shelf;
  /** Payload bytes of this run. */
  readonly uploaded: number;
}

/** One series a torrent and figure, by info-hash alone: names may hold anything, and change. */
export function seederMetrics({ feed, shelf, uploaded }: MetricsOptions): Metric[] {
  const summary = feed.summary();
  const rows = feed.rows();
  const pending = shelf.pending();
  const each = (figure: (row: (typeof rows)[number]) => number): Sample[] =>
    rows.map((row) => ({ labels: { infohash: row.infoHash }, value: figure(row) }));
  const failed = rows.filter(({ state }) => state === 'error').length;
  const inState = (state: string, value: number): Sample => ({ labels: { state }, value });
  const states = ['waiting', 'queued', 'hashing', 'checking', 'failed'] as const;
  const { rss } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return [
    gauge('shoal_seeder_ready', 'Whether the whole folder was looked at.', [{ value: shelf.isReady ? 1 : 0 }]),
    gauge('shoal_seeder_folder_readable', 'Whether the folder could be read the last time.', [
      { value: shelf.fault === null ? 1 : 0 },
    ]),
    gauge('shoal_seeder_entries', 'Entries of the folder by state; error: seeded, but cannot be read now.', [
      inState('seeding', rows.length - failed),
      inState('error', failed),
      ...states.map((state) => inState(state, pending.filter((slot) => slot.state === state).length)),
    ]),
    gauge('shoal_seeder_size_bytes', 'Data that are seeded.', [{ value: summary.size }]),
    gauge('shoal_seeder_peers', 'Peers connected to the seed.', [{ value: summary.peers }]),
    gauge('shoal_seeder_upload_rate_bytes', 'Payload a second, over the last 20 s.', [{ value: summary.upRate }]),
    counter('shoal_seeder_uploaded_bytes_total', 'Payload sent in this run.', [{ value: uploaded }]),
    gauge('shoal_seeder_hashing_bytes', 'What is being hashed or checked, and how much of it is left.', [
      { labels: { part: 'total' }, value: pending.reduce((sum, { bytesTotal }) => sum + bytesTotal, 0) },
      { labels: { part: 'left' }, value: pending.reduce((sum, slot) => sum + slot.bytesTotal - slot.bytesDone, 0) },
    ]),
    counter('shoal_seeder_scans_total', 'Looks at the whole folder.', [{ value: shelf.rounds }]),
    gauge(
      'shoal_seeder_torrent_peers',
      'Peers connected to the seed, by torrent.',
      each(({ peers }) => peers),
    ),
    counter(
      'shoal_seeder_torrent_uploaded_bytes_total',
      'Payload sent over all runs, by torrent.',
      each((row) => row.uploaded),
    ),
    gauge('process_resident_memory_bytes', 'Resident memory.', [{ value: rss }]),
    counter('process_cpu_seconds_total', 'Processor time.', [{ value: (user + system) / 1e6 }]),
    gauge('process_start_time_seconds', 'Start, Unix time.', [{ value: Math.floor(performance.timeOrigin / 1_000) }]),
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, type: 'gauge', help, samples };
}

function counter(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, type: 'counter', help, samples };
}
