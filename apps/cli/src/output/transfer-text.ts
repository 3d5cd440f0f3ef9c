// The sentences about a transfer that a terminal and a log have in common.
import { etaOfSnapshot, pathOf, secondsOf, type Transfer, wantedSizeOf } from '../transfer.ts';
import { formatBytes, formatCount, formatDuration, formatPercent, formatRate } from './format.ts';
import { printable } from './printable.ts';
import { describeSource, isTracker, whyNothing } from './why-nothing.ts';

/** Seconds without a peer after which the user is told why. */
const PATIENCE_S = 5;

export function nameOf({ torrent }: Pick<Transfer, 'torrent'>): string {
  return printable(torrent.name);
}

/** `downloading`, and its like. */
export function phaseOf({ torrent }: Transfer): string {
  const { state, error } = torrent.snapshot();
  if (error !== null) return 'stopped';
  return state === 'metadata' ? 'fetching metadata' : state;
}

/** From 0 to 1: of what is to be checked, or of what is to be had. */
export function shareOf({ torrent }: Transfer): number {
  const { state, bytesTotal, bytesWanted, bytesWantedDone, bytesChecked } = torrent.snapshot();
  if (state === 'metadata') return 0;
  if (bytesWanted === 0) return 1;
  return state === 'checking' ? bytesChecked / bytesTotal : bytesWantedDone / bytesWanted;
}

/** Everything but the name and the bar. */
export function figuresOf(transfer: Transfer): string {
  const snapshot = transfer.torrent.snapshot();
  const { state, bytesTotal, bytesWanted, bytesWantedDone, bytesChecked, downRate, upRate, peers, uploaded } = snapshot;
  if (state === 'metadata') return formatCount(peers, 'peer');
  const total = formatBytes(state === 'checking' ? bytesTotal : bytesWanted);
  if (state === 'checking') return `${formatBytes(bytesChecked)} of ${total} checked`;
  const people = formatCount(peers, 'peer');
  if (state === 'seeding') return `${total}  ↑ ${formatRate(upRate)}  ${formatBytes(uploaded)} sent  ${people}`;
  const eta = etaOfSnapshot(snapshot);
  const rates = upRate >= 1 ? `↓ ${formatRate(downRate)} ↑ ${formatRate(upRate)}` : `↓ ${formatRate(downRate)}`;
  const rest = eta === null ? '' : `  ${formatDuration(eta)} left`;
  return `${formatBytes(bytesWantedDone)} of ${total}  ${rates}  ${people}${rest}`;
}

/** Why it stands still, where it has for a while. */
export function troubleOf(transfer: Transfer): string | null {
  const snapshot = transfer.torrent.snapshot();
  const isWaiting = snapshot.state === 'downloading' || snapshot.state === 'metadata';
  if (!isWaiting || snapshot.downRate >= 1 || secondsOf(transfer) < PATIENCE_S) return null;
  return whyNothing(snapshot);
}

/** What trackers refused, a line each. */
export function trackerTroubles(transfer: Transfer): string[] {
  const failed = transfer.torrent.snapshot().sources.filter((source) => isTracker(source) && source.state === 'failed');
  return failed.map((source) => `${nameOf(transfer)}: ${describeSource(source)}`);
}

/** The line that stays: what came, how fast, and where it lies. */
export function summaryOf(transfer: Transfer): string {
  const { downloaded } = transfer.torrent.snapshot();
  const bytes = wantedSizeOf(transfer);
  const place = printable(pathOf(transfer));
  const size = `${nameOf(transfer)}: ${formatBytes(bytes)}`;
  if (downloaded === 0) return `${size}, all there already, in ${place}`;
  const seconds = secondsOf(transfer);
  const pace = `in ${formatDuration(seconds)} (${formatRate(downloaded / Math.max(seconds, 0.001))})`;
  // Less than the whole came in this run where another run, or another program, brought the rest.
  const share = downloaded < bytes ? `, the last ${formatBytes(downloaded)} ${pace}` : ` ${pace}`;
  return `${size}${share}, in ${place}`;
}

export function seedingLine(transfer: Transfer, port: number): string {
  const { infoHash } = transfer.torrent;
  return `${nameOf(transfer)}: seeding on port ${port}, info-hash ${infoHash.hex}`;
}

/** One line of a log. */
export function logLineOf(transfer: Transfer): string {
  const share = transfer.torrent.metainfo ? ` ${formatPercent(shareOf(transfer), 1)}` : '';
  return `${nameOf(transfer)}: ${phaseOf(transfer)}${share}, ${figuresOf(transfer).replaceAll('  ', ', ')}`;
}
