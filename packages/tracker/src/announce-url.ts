// The URLs of HTTP trackers. A tracker's URL is kept as its owner wrote it, but for parameters that are ours to give.
import { keyBytes } from '@shoal/bencode';
import { parseUrl } from '@shoal/primitives';
import { type AnnounceRequest, checkAnnounceRequest, checkTwenty } from './announce.ts';
import { TrackerError } from './errors.ts';
import { percentEncode } from './percent.ts';

/** Characters of a tracker's URL: what proxies and servers commonly take, and more than any tracker uses. */
const MAX_URL_LENGTH = 4_096;

/**
 * The URL of an announce (BEP 3): the tracker's own query is kept, a baked-in `info_hash` is dropped, the raw bytes are
 * percent-encoded byte by byte. Throws TrackerError ERR_TRACKER_URL, RangeError for a request that cannot be sent.
 */
export function announceUrl(url: string, request: AnnounceRequest): string {
  checkAnnounceRequest(request);
  const parameters = [
    `info_hash=${percentEncode(request.infoHash)}`,
    `peer_id=${percentEncode(request.peerId)}`,
    `port=${request.port}`,
    `uploaded=${request.uploaded}`,
    `downloaded=${request.downloaded}`,
    `left=${request.left}`,
  ];
  if (request.key !== undefined) {
    parameters.push(`key=${request.key.toString(16).toUpperCase().padStart(8, '0')}`);
  }
  if (request.event !== undefined) parameters.push(`event=${request.event}`);
  if (request.numwant !== undefined) parameters.push(`numwant=${request.numwant}`);
  parameters.push(`compact=${request.compact === false ? 0 : 1}`);
  if (request.trackerId !== undefined) parameters.push(`trackerid=${percentEncode(keyBytes(request.trackerId))}`);
  return withParameters(url, parameters);
}

/**
 * The URL that scrapes these torrents (BEP 48): `announce`, with which the last component of the path must begin, becomes
 * `scrape`. Throws TrackerError ERR_TRACKER_NO_SCRAPE where it does not, ERR_TRACKER_URL.
 */
export function scrapeUrl(url: string, infoHashes: readonly Uint8Array[]): string {
  for (const infoHash of infoHashes) checkTwenty(infoHash, 'info-hash');
  const { head, query } = split(url);
  const component = head.lastIndexOf('/') + 1;
  const isInPath = component > head.indexOf('//') + 2;
  if (!isInPath || !head.startsWith('announce', component)) {
    throw new TrackerError('ERR_TRACKER_NO_SCRAPE', 'this tracker cannot be scraped: its address is not .../announce');
  }
  const scrape = `${head.slice(0, component)}scrape${head.slice(component + 'announce'.length)}`;
  return withParameters(
    query === '' ? scrape : `${scrape}?${query}`,
    infoHashes.map((infoHash) => `info_hash=${percentEncode(infoHash)}`),
  );
}

function withParameters(url: string, parameters: readonly string[]): string {
  const { head, query } = split(url);
  const kept = query.split('&').filter((pair) => pair !== '' && !isInfoHash(pair));
  return `${head}?${[...kept, ...parameters].join('&')}`;
}

/** The URL without its fragment, cut at the question mark. */
function split(url: string): { head: string; query: string } {
  if (url.length > MAX_URL_LENGTH) {
    throw new TrackerError(
      'ERR_TRACKER_URL',
      `a tracker's address of ${url.length} characters, at most ${MAX_URL_LENGTH} are taken`,
    );
  }
  const bare = withoutEnd((url.split('#', 1)[0] as string).trim());
  if (!/^https?:\/\/[^/?]/i.test(bare) || !parseUrl(bare)) {
    throw new TrackerError(
      'ERR_TRACKER_URL',
      `not the address of an HTTP tracker: ${JSON.stringify(url.slice(0, 80))}`,
    );
  }
  const mark = bare.indexOf('?');
  return mark < 0 ? { head: bare, query: '' } : { head: bare.slice(0, mark), query: bare.slice(mark + 1) };
}

/** URL overlooks control characters at the end of an address; with a query behind them they would make it invalid. */
function withoutEnd(text: string): string {
  let end = text.length;
  while (text.charCodeAt(end - 1) <= 0x20) end--;
  return text.slice(0, end);
}

function isInfoHash(pair: string): boolean {
  const name = pair.split('=', 1)[0] as string;
  return name.replaceAll(/%5f/gi, '_').toLowerCase() === 'info_hash';
}
