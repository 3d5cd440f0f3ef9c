// From a host's name to its addresses, abortable.
import { lookup } from 'node:dns/promises';
import { normalizeIp } from '@shoal/primitives';
import { TrackerError } from '../errors.ts';
import { connectError } from './connect-error.ts';
import type { Family } from './local-address.ts';

export interface Address {
  /** Canonical text. */
  readonly address: string;
  readonly family: Family;
}

/** Answers the addresses of a name as text, best first. */
export type Lookup = (host: string) => Promise<readonly string[]>;

/** The system's: hosts file, DNS. */
export const systemLookup: Lookup = async (host) => {
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
};

/** The same, but each name is looked up once. */
export function rememberingLookup(lookup: Lookup): Lookup {
  const known = new Map<string, Promise<readonly string[]>>();
  return (host) => {
    let found = known.get(host);
    if (!found) {
      found = lookup(host);
      known.set(host, found);
    }
    return found;
  };
}

/** The host's addresses of these families. Rejects with TrackerError ERR_TRACKER_CONNECT, or the signal's reason. */
export async function resolveHost(
  host: string,
  options: { readonly lookup: Lookup; readonly families: readonly Family[]; readonly signal: AbortSignal },
): Promise<Address[]> {
  const literal = normalizeIp(host.replace(/^\[|\]$/g, ''));
  let texts: readonly string[];
  try {
    texts = literal === undefined ? await abortable(options.lookup(host), options.signal) : [literal];
  } catch (error) {
    throw options.signal.aborted ? error : connectError(error, host);
  }
  const addresses: Address[] = [];
  for (const text of texts) {
    const address = normalizeIp(text);
    if (address === undefined) continue;
    const family = address.includes(':') ? 6 : 4;
    if (options.families.includes(family)) addresses.push({ address, family });
  }
  if (addresses.length === 0) {
    const family = options.families.length === 1 ? ` over IPv${options.families[0]}` : '';
    throw new TrackerError('ERR_TRACKER_CONNECT', `${host}: it has no address${family}`);
  }
  return addresses;
}

/** What cannot be aborted itself is at least not waited for. */
function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    // Somebody else may wait for it too; here it must not count as unheard.
    promise.catch(() => undefined);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
