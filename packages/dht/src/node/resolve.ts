// From what people and torrents write to addresses that a datagram can go to.
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { type Endpoint, formatEndpoint, normalizeIp, PrimitivesError, parseEndpoint } from '@shoal/primitives';
import { type Family, familyOf } from '../addresses.ts';
import { DhtError } from '../errors.ts';

/** The addresses of a name; its shape is that of dns/promises' `lookup` with `all`. */
export type ResolveName = (name: string) => Promise<readonly { readonly address: string }[]>;

export const resolveName: ResolveName = (name) => lookup(name, { all: true });

/** `HOST:PORT` or an endpoint; rejects with DhtError ERR_DHT_ADDRESS where nothing in these families comes out. */
export async function resolveNode(
  node: string | Endpoint,
  families: readonly Family[],
  resolve: ResolveName,
): Promise<Endpoint[]> {
  const { host, port } = typeof node === 'string' ? endpointIn(node) : node;
  const addresses = isIP(host) !== 0 ? [host] : await addressesOf(host, resolve);
  const found = addresses
    .flatMap((address) => normalizeIp(address) ?? [])
    .filter((address) => families.includes(familyOf(address)))
    .map((address) => ({ host: address, port }));
  if (found.length > 0) return found;
  const wanted = families.map((family) => `IPv${family}`).join(' or ');
  throw new DhtError('ERR_DHT_ADDRESS', `${formatEndpoint({ host, port })} has no ${wanted} address`);
}

function endpointIn(text: string): Endpoint {
  try {
    return parseEndpoint(text);
  } catch (error) {
    if (error instanceof PrimitivesError) throw new DhtError('ERR_DHT_ADDRESS', error.message);
    throw error;
  }
}

async function addressesOf(name: string, resolve: ResolveName): Promise<string[]> {
  try {
    return (await resolve(name)).map(({ address }) => address);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new DhtError('ERR_DHT_ADDRESS', `${name} cannot be resolved (${code ?? String(error)})`);
  }
}
