// What others see us as: each voter (a peer's `yourip`, a tracker's `external ip`) has one vote a family, the newest
// votes count, and the address that most of them name is believed. Invariant: what is believed changes only where another
// address has more votes than it, so that two that are named as often do not take turns.

/** Voters that are remembered; older ones give way. */
const MOST_VOTERS = 64;

type Family = 4 | 6;

export class ExternalAddress {
  readonly #votes = new Map<string, string>();
  readonly #believed = new Map<Family, string>();
  readonly #changed: () => void;

  /** `changed`: another address is believed than before. */
  constructor(changed: () => void = () => undefined) {
    this.#changed = changed;
  }

  /** `voter` tells those who say it apart: an address without its port. `ip` is canonical text. */
  vote(voter: string, ip: string): void {
    const family = familyOf(ip);
    const key = `${family} ${voter}`;
    this.#votes.delete(key);
    this.#votes.set(key, ip);
    const [oldest] = this.#votes.keys();
    if (this.#votes.size > MOST_VOTERS && oldest !== undefined) this.#votes.delete(oldest);
    const before = this.#believed.get(family);
    const now = this.#count(family, before);
    if (now === undefined || now === before) return;
    this.#believed.set(family, now);
    this.#changed();
  }

  /** Canonical text, or undefined while nobody said. */
  of(family: Family): string | undefined {
    return this.#believed.get(family);
  }

  /** The address with most votes; `before` among equals. */
  #count(family: Family, before: string | undefined): string | undefined {
    const counts = new Map<string, number>();
    for (const ip of this.#votes.values()) if (familyOf(ip) === family) counts.set(ip, (counts.get(ip) ?? 0) + 1);
    let best = before;
    for (const [ip, count] of counts) if (count > (counts.get(best ?? '') ?? 0)) best = ip;
    return best;
  }
}

function familyOf(ip: string): Family {
  return ip.includes(':') ? 6 : 4;
}
