// A .torrent from a web server that the user named.
import { fetchTorrent as fetchFrom } from '@shoal/client';
import { CliError, reasonOf } from './exit.ts';

/** The body behind an http or https URL. Rejects with CliError, or the signal's reason. */
export async function fetchTorrent(url: string, signal: AbortSignal): Promise<Uint8Array> {
  try {
    return await fetchFrom(url, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw new CliError('ERR_DOWNLOAD', `cannot fetch ${url}: ${reasonOf(error)}`, { cause: error });
  }
}
