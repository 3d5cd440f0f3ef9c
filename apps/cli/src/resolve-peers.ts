import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { formatEndpoint, parseEndpoint } from '@shoal/primitives';
import { CliError, reasonOf } from './exit.ts';

/** The addresses of `HOST:PORT`s: names are looked up, and may have several. Rejects ERR_PEER for a name without any. */
export async function resolvePeers(peers: readonly string[]): Promise<string[]> {
  const found = await Promise.all(peers.map(addressesOf));
  return [...new Set(found.flat())];
}

async function addressesOf(peer: string): Promise<string[]> {
  const { host, port } = parseEndpoint(peer);
  if (isIP(host) !== 0) return [formatEndpoint({ host, port })];
  try {
    const addresses = await lookup(host, { all: true });
    return addresses.map(({ address }) => formatEndpoint(parseEndpoint(formatEndpoint({ host: address, port }))));
  } catch (error) {
    throw new CliError('ERR_PEER', `cannot find the peer ${peer}: ${reasonOf(error)}`, { cause: error });
  }
}
