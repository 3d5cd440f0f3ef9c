// A .torrent from a web server: bounded in size, redirects and time.
import { parseUrl } from '@shoal/primitives';
import { CliError, EXIT, reasonOf } from './exit.ts';

const MAX_BYTES = 10 * 1024 * 1024;
const MAX_REDIRECTS = 5;
const TIMEOUT_MS = 30_000;

/** The body behind an http or https URL. Rejects with CliError, or the signal's reason. */
export async function fetchTorrent(url: string, signal: AbortSignal): Promise<Uint8Array> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await follow(url, AbortSignal.any([signal, timeout]));
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`the server answers ${response.status} ${response.statusText}`.trim());
    }
    return await readAtMost(response, MAX_BYTES);
  } catch (error) {
    signal.throwIfAborted();
    const reason = timeout.aborted ? `no answer within ${TIMEOUT_MS / 1_000} s` : wordsFor(error);
    throw new CliError('ERR_DOWNLOAD', `cannot fetch ${url}: ${reason}`, { cause: error });
  }
}

async function follow(start: string, signal: AbortSignal): Promise<Response> {
  let url = start;
  for (let redirects = 0; ; redirects++) {
    const response = await fetch(url, {
      signal,
      redirect: 'manual',
      headers: { accept: 'application/x-bittorrent, */*', 'user-agent': 'Shoal' },
    });
    const target = response.headers.get('location');
    if (response.status < 300 || response.status > 399 || target === null) return response;
    await response.body?.cancel();
    if (redirects === MAX_REDIRECTS) throw new Error(`more than ${MAX_REDIRECTS} redirects`);
    const next = parseUrl(target, new URL(url));
    if (next?.protocol !== 'http:' && next?.protocol !== 'https:') {
      throw new CliError('ERR_DOWNLOAD', `redirected to ${target}, which is no web address`, { status: EXIT.failed });
    }
    url = next.href;
  }
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
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** fetch hides what happened to the socket behind "fetch failed". */
function wordsFor(error: unknown): string {
  const cause = error instanceof TypeError ? error.cause : undefined;
  return reasonOf(cause ?? error);
}
