// Which local address our sockets leave from, for each family; a family without one is not used at all, so that nothing
// leaves past the network the user chose.
import { normalizeIp } from '@shoal/primitives';

export type Family = 4 | 6;

/** Any address of the family, as the system chooses. */
const ANY = undefined;

/**
 * The families that may be used, IPv4 first, with the local address of each (undefined: the system's choice). `::` alone
 * stands for every address, as it does for a socket that listens. Throws RangeError for what is no address, or two of one
 * family.
 */
export function localAddresses(
  bind: string | readonly string[] | undefined,
  family: Family | undefined,
): ReadonlyMap<Family, string | undefined> {
  const given = typeof bind === 'string' ? [bind] : (bind ?? []);
  const addresses = new Map<Family, string | undefined>();
  for (const text of given) {
    const address = normalizeIp(text);
    if (address === undefined) throw new RangeError(`bind: an IP address expected, not ${JSON.stringify(text)}`);
    const own = address.includes(':') ? 6 : 4;
    if (addresses.has(own)) throw new RangeError(`bind: one address of IPv${own} expected, not several`);
    // The zone of a link-local address is the system's to read.
    addresses.set(own, address === '0.0.0.0' || address === '::' ? ANY : text);
  }
  const isAny = given.length === 0 || (given.length === 1 && addresses.has(6) && addresses.get(6) === ANY);
  const order: Family[] = [4, 6];
  const usable = order.filter((each) => (isAny || addresses.has(each)) && (family ?? each) === each);
  return new Map(usable.map((each) => [each, addresses.get(each)]));
}
