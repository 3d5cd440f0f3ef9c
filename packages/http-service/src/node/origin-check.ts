// Which requests come from a page of our own, or from no page at all. Browsers tell: `Origin` (RFC 6454) where a script of
// another origin asks, `Sec-Fetch-Site` and `Sec-Fetch-Mode` with everything they send to a secure origin or localhost.
import type { IncomingHttpHeaders } from 'node:http';

/**
 * Answers whether a request may be served as regards who made a browser send it. A link on a stranger's page may be followed;
 * scripts, forms and embedded elements of strangers are refused, and nobody is given leave to read across origins (CORS).
 */
export function createOriginCheck(publicUrl: string | undefined): (headers: IncomingHttpHeaders) => boolean {
  const publicHost = publicUrl === undefined ? undefined : new URL(publicUrl).host;
  return (headers) => {
    const { origin, host } = headers;
    if (origin !== undefined) {
      const from = hostOf(origin);
      // A proxy before us may have taken another Host for its own: the public name counts as ours.
      if (from === undefined || (from !== host?.toLowerCase() && from !== publicHost)) return false;
    }
    const site = headers['sec-fetch-site'];
    const isStrange = site === 'cross-site' || site === 'same-site';
    // A frame of a stranger's navigates too; its destination tells it from a link.
    return !isStrange || (headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document');
  };
}

/** Undefined for `null`, which sandboxed frames and local files send, and for what is no origin. */
function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host || undefined : undefined;
}
