// Who sends to us: how much, and whether they are where they claim to be. Limit and forget: nobody is punished, and what is
// known of an address is gone when it has been quiet.
// Invariants: an address's rate is one time, that at which its bucket will be full again (GCRA); both maps have a fixed size,
// beyond which the one that was quiet longest gives way.
import { payerOf } from './addresses.ts';

/** How much one address may ask of a node. */
export interface SourceLimits {
  /** Datagrams that were not asked for, a second, from one IPv4 address or one IPv6 /64, for as long as one likes. */
  readonly perSecond: number;
  /** At once, after a silence. */
  readonly burst: number;
  /** Addresses that are remembered. */
  readonly remembered: number;
}

const DEFAULT_SOURCE_LIMITS: SourceLimits = { perSecond: 10, burst: 100, remembered: 5_000 };

/** An address that has proved itself is believed for so long. */
const PROVEN_MS = 10 * 60_000;

export class Sources {
  readonly #limits: SourceLimits;
  readonly #fullAt: Map<string, number> = new Map();
  readonly #provenUntil: Map<string, number> = new Map();

  constructor(limits: Partial<SourceLimits> = {}) {
    this.#limits = { ...DEFAULT_SOURCE_LIMITS, ...limits };
  }

  get remembered(): number {
    return Math.max(this.#fullAt.size, this.#provenUntil.size);
  }

  /** Whether a datagram from there may be looked at now; if so it is counted. */
  take(host: string, now: number): boolean {
    const { perSecond, burst, remembered } = this.#limits;
    const payer = payerOf(host);
    const cost = 1_000 / perSecond;
    const fullAt = Math.max(this.#fullAt.get(payer) ?? now, now) + cost;
    if (fullAt - now > burst * cost + 1e-6) return false;
    keep(this.#fullAt, payer, fullAt, remembered);
    return true;
  }

  /** The address has shown that it receives what is sent to it. */
  prove(host: string, now: number): void {
    keep(this.#provenUntil, host, now + PROVEN_MS, this.#limits.remembered);
  }

  isProven(host: string, now: number): boolean {
    return (this.#provenUntil.get(host) ?? Number.NEGATIVE_INFINITY) > now;
  }
}

/** The map is in the order of the last change. */
function keep(map: Map<string, number>, key: string, value: number, size: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= size) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
