// A tracker's figures for Prometheus (text exposition format 0.0.4). A dozen lines by hand: a library for them would be
// the package's only dependency from outside.

import type { SwarmTotals } from './swarm-store.ts';
import type { TrackerCounters } from './tracker.ts';

/** What `/metrics` shows; the content type is `text/plain; version=0.0.4`. */
export function metricsText(totals: SwarmTotals, counters: TrackerCounters, extra: readonly Metric[] = []): string {
  const { torrents, seeders, leechers } = totals;
  const asked = (protocol: string, kind: string, value: number): Sample => ({ labels: { protocol, kind }, value });
  const metrics: Metric[] = [
    gauge('shoal_tracker_torrents', 'Torrents that somebody is in.', [{ value: torrents }]),
    gauge('shoal_tracker_peers', 'Peers listed; partial seeds are leeches.', [
      { labels: { role: 'seed' }, value: seeders },
      { labels: { role: 'leech' }, value: leechers },
    ]),
    counter('shoal_tracker_requests_total', 'Questions, those refused included.', [
      asked('http', 'announce', counters.httpAnnounces),
      asked('http', 'scrape', counters.httpScrapes),
      asked('udp', 'connect', counters.udpConnects),
      asked('udp', 'announce', counters.udpAnnounces),
      asked('udp', 'scrape', counters.udpScrapes),
    ]),
    counter('shoal_tracker_refusals_total', 'Questions answered with a reason why not.', [
      { value: counters.refusals },
    ]),
    counter('shoal_tracker_dropped_total', 'Questions not answered, or told to connect again.', [
      { labels: { reason: 'rate' }, value: counters.limited },
      { labels: { reason: 'malformed' }, value: counters.malformed },
      { labels: { reason: 'connection_id' }, value: counters.staleIds },
    ]),
    ...extra,
  ];
  return metrics.map(textOf).join('');
}

/** One figure of a metric. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric of its host's, beside the tracker's own. */
export interface Metric {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  /** One line. */
  readonly help: string;
  readonly samples: readonly Sample[];
}

function gauge(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, type: 'gauge', help, samples };
}

function counter(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, type: 'counter', help, samples };
}

function textOf({ name, type, help, samples }: Metric): string {
  const lines = samples.map(({ labels, value }) => {
    const inside = Object.entries(labels ?? {}).map(([label, text]) => `${label}=${JSON.stringify(text)}`);
    return `${name}${inside.length > 0 ? `{${inside.join(',')}}` : ''} ${value}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}
