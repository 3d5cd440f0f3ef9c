import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { type Endpoint, formatEndpoint, parseEndpoint } from '@shoal/primitives';
import { CliError, reasonOf } from './exit.ts';

/** The addresses of `HOST:PORT`s: names are looked up, and may have several. Rejects ERR_PEER for a name without any. */
export async function resolvePeers(peers: readonly string[]): Promise<string[]> {
  const found = await Promise.all(peers.map((peer) => endpointsOf(peer, 'peer')));
  return [...new Set(found.flat().map(formatEndpoint))];
}

/** The addresses of one `HOST:PORT`, canonical. Rejects ERR_PEER, which says `what` has none. */
export async function endpointsOf(text: string, what: 'peer' | 'node'): Promise<Endpoint[]> {
  const { host, port } = parseEndpoint(text);
  if (isIP(host) !== 0) return [{ host, port }];
  try {
    const addresses = await lookup(host, { all: true });
    return addresses.map(({ address }) => parseEndpoint(formatEndpoint({ host: address, port })));
  } catch (error) {
    throw new CliError('ERR_PEER', `cannot find the ${what} ${text}: ${reasonOf(error)}`, { cause: error });
  }
}
