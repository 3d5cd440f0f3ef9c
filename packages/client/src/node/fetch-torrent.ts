// A .torrent from a web server: bounded in size, redirects and time.
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { parseUrl } from '@shoal/primitives';
import { isPrivateAddress } from '@shoal/tracker';

const MAX_BYTES = 10 * 1024 * 1024;
const MAX_REDIRECTS = 5;
const TIMEOUT_MS = 30_000;
const TORRENT_PATH = /\.torrent$/i;

/** How a .torrent is fetched from a web server. */
export interface FetchOptions {
  readonly signal?: AbortSignal;
  /**
   * Whoever chose the URL may be a stranger: into a private network only what looks like a .torrent file is asked for, and
   * no redirect leads there. Default: false.
   */
  readonly isUntrusted?: boolean;
}

/** The body behind an http or https URL. Rejects with an Error that says why in words, or the signal's reason. */
export async function fetchTorrent(url: string, options: FetchOptions = {}): Promise<Uint8Array> {
  const { signal, isUntrusted = false } = options;
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await follow(url, isUntrusted, signal ? AbortSignal.any([signal, timeout]) : timeout);
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`the server answers ${response.status} ${response.statusText}`.trim());
    }
    return await readAtMost(response, MAX_BYTES);
  } catch (error) {
    signal?.throwIfAborted();
    if (timeout.aborted) throw new Error(`no answer within ${TIMEOUT_MS / 1_000} s`, { cause: error });
    // fetch hides what happened to the socket behind "fetch failed".
    throw error instanceof TypeError && error.cause instanceof Error ? error.cause : error;
  }
}

async function follow(start: string, isUntrusted: boolean, signal: AbortSignal): Promise<Response> {
  let url = new URL(start);
  for (let redirects = 0; ; redirects++) {
    if (isUntrusted && (redirects > 0 || !TORRENT_PATH.test(url.pathname)) && (await isPrivateHost(url.hostname))) {
      throw new Error(`${url.host} is in a private network, where a link may lead to .torrent files alone`);
    }
    const response = await fetch(url, {
      signal,
      redirect: 'manual',
      headers: { accept: 'application/x-bittorrent, */*', 'user-agent': 'Shoal' },
    });
    const target = response.headers.get('location');
    if (response.status < 300 || response.status > 399 || target === null) return response;
    await response.body?.cancel();
    if (redirects === MAX_REDIRECTS) throw new Error(`more than ${MAX_REDIRECTS} redirects`);
    const next = parseUrl(target, url);
    if (next?.protocol !== 'http:' && next?.protocol !== 'https:') {
      throw new Error(`redirected to ${target}, which is no web address`);
    }
    url = next;
  }
}

async function isPrivateHost(host: string): Promise<boolean> {
  const name = host.replace(/^\[|\]$/g, '');
  const addresses = isIP(name) === 0 ? await lookup(name, { all: true }) : [{ address: name }];
  return addresses.some(({ address }) => isPrivateAddress(address));
}

async function readAtMost(response: Response, limit: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    // Leaving the loop cancels the body.
    if (length > limit) throw new Error(`more than ${limit} bytes, too large for a torrent`);
    parts.push(part);
  }
  return new Uint8Array(Buffer.concat(parts));
}
