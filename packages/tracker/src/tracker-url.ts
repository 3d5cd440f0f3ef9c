// What a tracker's URL says: which protocol, which host. Hosts come out in their ASCII form, so that a look-alike of
// another name shows as `xn--...`.
import { normalizeIp, parseUrl } from '@shoal/primitives';
import { TrackerError } from './errors.ts';

/** A tracker's address, parsed. */
export type TrackerUrl =
  | { readonly protocol: 'http' | 'https'; readonly href: string; readonly host: string }
  | {
      readonly protocol: 'udp';
      readonly host: string;
      readonly port: number;
      /** Path and query as BEP 41 sends them; empty where there are none. */
      readonly urlData: string;
    };

/** Reads a tracker's URL. Throws TrackerError ERR_TRACKER_URL for anything but http, https and udp. */
export function parseTrackerUrl(text: string): TrackerUrl {
  const [, scheme, rest] = /^\s*([a-z][a-z0-9+.-]*):(\/\/[^/?#\\].*)$/is.exec(text) ?? [];
  const protocol = scheme?.toLowerCase();
  if (protocol !== undefined && protocol !== 'http' && protocol !== 'https' && protocol !== 'udp') {
    throw new TrackerError('ERR_TRACKER_URL', `a tracker at ${protocol}: is not supported (http, https and udp are)`);
  }
  // A scheme that is unknown to URL keeps its host as it stands, so udp is read as http.
  const url = rest === undefined || protocol === undefined ? undefined : parseUrl(`http:${rest}`);
  if (!url || url.hostname === '') {
    throw new TrackerError('ERR_TRACKER_URL', `not a tracker's address: ${JSON.stringify(text.slice(0, 80))}`);
  }
  const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
  if (protocol !== 'udp') return { protocol: protocol as 'http' | 'https', href: text.trim(), host };
  // An explicit :80 is http's own and vanishes; without any port 80 is what trackers' lists mean too.
  const port = url.port === '' ? 80 : Number(url.port);
  if (port === 0) throw new TrackerError('ERR_TRACKER_URL', 'a UDP tracker at port 0');
  const urlData = `${url.pathname}${url.search}`;
  return { protocol: 'udp', host: normalizeIp(host) ?? host, port, urlData: urlData === '/' ? '' : urlData };
}

/**
 * A tracker's URL to show: as it stands where it is plain ASCII, else with an ASCII host (a look-alike of another name shows
 * as `xn--...`) and everything else outside of ASCII percent-encoded or, where it is no address, as question marks.
 */
export function printableUrl(text: string): string {
  if (/^[\x21-\x7e]*$/.test(text)) return text;
  const [, scheme = '', rest = ''] = /^\s*([a-z][a-z0-9+.-]*):(\/\/.*)$/is.exec(text) ?? [];
  const url = parseUrl(`http:${rest}`);
  return url ? `${scheme}:${url.href.slice('http:'.length)}` : text.trim().replaceAll(/[^\x20-\x7e]+/g, '?');
}
