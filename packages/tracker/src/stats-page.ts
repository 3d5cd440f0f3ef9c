// A tracker's figures for a person: one page, no script, nothing from elsewhere.
import type { SwarmTotals } from './swarm-store.ts';
import type { TrackerCounters } from './tracker.ts';

export interface StatsPageFigures {
  readonly totals: SwarmTotals;
  readonly counters: TrackerCounters;
  /** Seconds since the start. */
  readonly uptime: number;
}

/** HTML, to be sent with a policy that lets it load nothing; it asks for itself anew every ten seconds. */
export function statsPage({ totals, counters, uptime }: StatsPageFigures): string {
  const seconds = Math.max(1, uptime);
  const announces = counters.httpAnnounces + counters.udpAnnounces;
  const rows: readonly (readonly [string, string])[] = [
    ['torrents', whole(totals.torrents)],
    ['seeds', whole(totals.seeders)],
    ['leeches', whole(totals.leechers)],
    ['announces', `${whole(announces)} (${(announces / seconds).toFixed(1)} a second)`],
    ['… over HTTP, over UDP', `${whole(counters.httpAnnounces)}, ${whole(counters.udpAnnounces)}`],
    ['scrapes over HTTP, over UDP', `${whole(counters.httpScrapes)}, ${whole(counters.udpScrapes)}`],
    ['UDP connects', whole(counters.udpConnects)],
    ['refused', whole(counters.refusals)],
    ['over an address’s rate', whole(counters.limited)],
    ['malformed, old connection id', `${whole(counters.malformed)}, ${whole(counters.staleIds)}`],
    ['up for', duration(uptime)],
  ];
  const lines = rows.map(([name, value]) => `<tr><th scope="row">${name}</th><td>${value}</td></tr>`).join('\n');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="10">
<title>Tracker</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { margin: 2rem auto; max-width: 34rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
th, td { padding: .3rem 0; border-bottom: 1px solid #8884; text-align: left; font-weight: normal }
td { text-align: right; font-variant-numeric: tabular-nums }
</style>
<h1>Tracker</h1>
<table>
${lines}
</table>
</html>
`;
}

/** With thin spaces between thousands. */
function whole(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, '\u2009');
}

function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return `${Math.floor(seconds)} s`;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}
