// Local discovery on this machine's interfaces.
import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { LsdClock } from '../contract.ts';
import { LocalDiscovery } from '../local-discovery.ts';
import { Multicast, type MulticastOptions } from './multicast.ts';

/** Where datagrams go, and whose clock it is. */
export interface NodeLocalDiscoveryOptions extends MulticastOptions {
  /** The session's, so that it can tell when the next announcement is. Default: one of its own. */
  readonly clock?: LsdClock;
}

const CLOCK: LsdClock = {
  now: () => performance.now(),
  setTimer: (callback, delayMs) => {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** One for each client; nothing is opened before a torrent is started. Throws RangeError for a ttl that is none. */
export function createLocalDiscovery(options: NodeLocalDiscoveryOptions = {}): LocalDiscovery {
  const { clock = CLOCK, ...multicast } = options;
  return new LocalDiscovery({ clock, network: new Multicast(multicast), cookie: randomBytes(8).toString('hex') });
}
