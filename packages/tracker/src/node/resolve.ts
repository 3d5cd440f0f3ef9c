// From a host's name to its addresses, abortable.
import { lookup } from 'node:dns/promises';
import { normalizeIp } from '@shoal/primitives';
import { TrackerError } from '../errors.ts';

export interface Address {
  /** Canonical text. */
  readonly address: string;
  readonly family: 4 | 6;
}

/** Answers the addresses of a name as text, best first. */
export type Lookup = (host: string) => Promise<readonly string[]>;

/** The system's: hosts file, DNS. */
export const systemLookup: Lookup = async (host) => {
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
};

/** The host's addresses, of one family where it is given. Rejects with TrackerError ERR_TRACKER_CONNECT, or the signal's reason. */
export async function resolveHost(
  host: string,
  options: { readonly lookup: Lookup; readonly family: 4 | 6 | undefined; readonly signal: AbortSignal },
): Promise<Address[]> {
  const literal = normalizeIp(host.replace(/^\[|\]$/g, ''));
  const texts = literal === undefined ? await abortable(options.lookup(host), options.signal) : [literal];
  const addresses: Address[] = [];
  for (const text of texts) {
    const address = normalizeIp(text);
    if (address === undefined) continue;
    const family = address.includes(':') ? 6 : 4;
    if (options.family === undefined || options.family === family) addresses.push({ address, family });
  }
  if (addresses.length === 0) {
    const family = options.family === undefined ? '' : ` over IPv${options.family}`;
    throw new TrackerError('ERR_TRACKER_CONNECT', `${host}: it has no address${family}`);
  }
  return addresses;
}

/** What cannot be aborted itself is at least not waited for. */
function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
