// Why nothing arrives, in words: what each tracker said and what became of the addresses.

import type { SourceStatus, TorrentSnapshot } from '@shoal/client';
import { parseUrl } from '@shoal/primitives';
import { formatCount } from './format.ts';
import { printable } from './printable.ts';

type Circumstances = Pick<TorrentSnapshot, 'state' | 'peers' | 'seeds' | 'addresses' | 'sources'>;

/** "no peers yet: tracker X says …; 3 addresses tried, all refused". */
export function whyNothing({ state, peers, seeds, addresses, sources }: Circumstances): string {
  if (peers > 0) {
    const who = `${formatCount(peers, 'peer')} connected${seeds > 0 ? `, ${formatCount(seeds, 'seed')} among them` : ''}`;
    return `${who}, but none sends ${state === 'metadata' ? 'the metadata' : 'what is missing'}`;
  }
  const parts = sources.map(describeSource);
  if (sources.length === 0 && addresses.known === 0)
    parts.push('the torrent names no tracker, and no --peer was given');
  if (addresses.known > 0 || addresses.tried > 0) parts.push(describeAddresses(addresses));
  return `no peers yet: ${parts.join('; ')}`;
}

/** Of the sources of peers, those that are named by a URL. */
export function isTracker({ name }: Pick<SourceStatus, 'name'>): boolean {
  return name.includes('://');
}

/** `tracker X says: …`. */
export function describeSource(source: SourceStatus): string {
  const { name, state, message, peers } = source;
  if (!isTracker(source)) return describeFinder(source);
  const host = hostOf(name);
  const tracker = `tracker ${host}`;
  const words = message === null ? null : printable(message);
  if (state === 'failed') {
    // What happened to the connection names the host itself, and is not the tracker's word.
    return words?.startsWith(`${host}: `) ? `tracker ${words}` : `${tracker} says: ${words ?? 'nothing'}`;
  }
  if (state === 'ok')
    return `${tracker} knows ${peers === 0 ? 'nobody else' : formatCount(peers, 'peer')}${words === null ? '' : ` and says: ${words}`}`;
  return `${tracker} ${state === 'idle' ? 'is not asked yet' : 'has not answered yet'}${words === null ? '' : ` (${words})`}`;
}

/** The DHT, the local network. */
function describeFinder({ name, state, message, peers }: SourceStatus): string {
  const finder = name === 'lsd' ? 'the local network' : `the ${name}`;
  if (state === 'failed') return `${finder} fails: ${printable(message ?? 'no reason given')}`;
  if (state === 'ok') return `${finder} knows ${peers === 0 ? 'nobody' : formatCount(peers, 'peer')}`;
  return `${finder} ${state === 'idle' ? 'is not asked' : 'is being asked'}`;
}

function describeAddresses({ known, tried, failed, lastError }: TorrentSnapshot['addresses']): string {
  if (tried === 0) return `${formatCount(known, 'address', 'addresses')} to try`;
  const asked = formatCount(Math.min(tried, known), 'address', 'addresses');
  const last = lastError === null ? '' : printable(lastError);
  if (failed < tried) return `${asked} tried${last === '' ? '' : `, the last failure: ${last}`}`;
  if (last.endsWith(': refused')) return `${asked} tried, ${known === 1 ? '' : 'all '}refused`;
  return known === 1 ? `1 address tried: ${last}` : `${asked} tried, all failed, the last: ${last}`;
}

/** A tracker's URL may hold the user's passkey: the host is enough. */
function hostOf(url: string): string {
  return parseUrl(url)?.host || printable(url);
}
