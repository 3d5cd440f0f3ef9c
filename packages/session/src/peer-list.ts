// The addresses a torrent knows, whom to dial next and whom never again. Invariants: an address stands here once; a connected
// one is not offered; what is known by hearsay alone is a bounded part of the list.

/** What became of an address. */
interface Candidate {
  readonly address: string;
  readonly sources: Set<string>;
  /** Told by other peers alone, who may make up what they like. */
  isHearsay: boolean;
  /** The higher is dialled first among equals (BEP 40). */
  rank: number;
  failures: number;
  /** Not dialled before this time. */
  notBefore: number;
  lastError: string | null;
}

const FIRST_RETRY_MS = 15_000;
const LONGEST_RETRY_MS = 15 * 60_000;
/** The part of the list that hearsay may fill. */
const HEARSAY_SHARE = 1 / 4;

/** Counts for the user's "no peers yet" line. */
export interface PeerListSummary {
  readonly known: number;
  readonly tried: number;
  readonly failed: number;
  readonly barred: number;
  /** The newest dial's failure, in words. */
  readonly lastError: string | null;
}

export class PeerList {
  readonly #limit: number;
  readonly #rank: (address: string) => number;
  readonly #candidates = new Map<string, Candidate>();
  /** Being dialled, or connected; bounded by the session's limit on connections. */
  readonly #connected = new Set<string>();
  /** Addresses that are never dialled again: our own, and banned ones. The oldest give way. */
  readonly #barred = new Set<string>();
  /** Hosts that are not let in when they dial: what they say of their own port proves nothing. The oldest give way. */
  readonly #barredHosts = new Set<string>();
  /** Candidates that are hearsay. */
  #hearsay = 0;
  #tried = 0;
  #failed = 0;
  #lastError: string | null = null;

  /** `rank` orders addresses that nothing else tells apart, the higher first. */
  constructor(options: { limit?: number; rank?: (address: string) => number } = {}) {
    this.#limit = options.limit ?? 2_000;
    this.#rank = options.rank ?? (() => 0);
  }

  /** The ranks changed: our own address became known, or is another. */
  rerank(): void {
    for (const candidate of this.#candidates.values()) candidate.rank = this.#rank(candidate.address);
  }

  /** Forgets every address that is not to be kept; one that is connected is not dialled again when that ends. */
  retain(isKept: (address: string) => boolean): void {
    for (const candidate of [...this.#candidates.values()]) if (!isKept(candidate.address)) this.#delete(candidate);
  }

  /** Where an address was heard of. */
  sourcesOf(address: string): readonly string[] {
    return [...(this.#candidates.get(address)?.sources ?? [])];
  }

  /**
   * Adds an address or another source of a known one; answers whether it was new. A full list takes no more. What peers tell of
   * others (`isHearsay`) has a part of the list, and gives way to what anybody else knows.
   */
  add(address: string, source: string, isHearsay = false): boolean {
    const known = this.#candidates.get(address);
    if (known) {
      known.sources.add(source);
      if (known.isHearsay && !isHearsay) {
        known.isHearsay = false;
        this.#hearsay--;
      }
      return false;
    }
    if (this.#barred.has(address) || !this.#makeRoom(isHearsay)) return false;
    if (isHearsay) this.#hearsay++;
    this.#candidates.set(address, {
      address,
      sources: new Set([source]),
      isHearsay,
      rank: this.#rank(address),
      failures: 0,
      notBefore: 0,
      lastError: null,
    });
    return true;
  }

  /** The address to dial now: fewest failures first, hearsay after the rest, then the highest rank, then the one waiting longest. */
  next(now: number): string | undefined {
    let best: Candidate | undefined;
    for (const candidate of this.#candidates.values()) {
      const { address, notBefore } = candidate;
      if (notBefore > now || this.#connected.has(address) || this.#barred.has(address)) continue;
      if (!best || isBetter(candidate, best)) best = candidate;
    }
    return best?.address;
  }

  dialling(address: string): void {
    this.#tried++;
    this.#connected.add(address);
  }

  connected(address: string): void {
    this.#connected.add(address);
  }

  /**
   * The connection ended, or, with an error, never came to be: back off, twice as long each time in a row, and at least
   * `waitMs`.
   */
  ended(address: string, now: number, error: string | null, waitMs = 0): void {
    const candidate = this.#candidates.get(address);
    this.#connected.delete(address);
    if (error !== null) {
      this.#failed++;
      this.#lastError = `${address}: ${error}`;
    }
    if (!candidate) return;
    candidate.lastError = error;
    candidate.failures = error === null ? 0 : candidate.failures + 1;
    const wait = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.max(0, candidate.failures - 1));
    candidate.notBefore = now + Math.max(wait, waitMs);
  }

  /** The torrent starts anew: whoever was left through no fault of theirs need not wait. */
  wake(): void {
    for (const candidate of this.#candidates.values()) if (candidate.failures === 0) candidate.notBefore = 0;
  }

  /** Never again, and never handed in anew. Remembered beside the list, which may be full. */
  bar(address: string): void {
    this.#addBounded(this.#barred, address);
  }

  isBarred(address: string): boolean {
    return this.#barred.has(address);
  }

  /** Whoever dials from this host is turned away; others there, behind the same router, can still be dialled. */
  barHost(host: string): void {
    this.#addBounded(this.#barredHosts, host);
  }

  isHostBarred(host: string): boolean {
    return this.#barredHosts.has(host);
  }

  summary(): PeerListSummary {
    return {
      known: this.#candidates.size,
      tried: this.#tried,
      failed: this.#failed,
      barred: this.#barred.size,
      lastError: this.#lastError,
    };
  }

  #addBounded(set: Set<string>, value: string): void {
    const [oldest] = set;
    if (oldest !== undefined && set.size >= this.#limit) set.delete(oldest);
    set.add(value);
  }

  #makeRoom(forHearsay: boolean): boolean {
    if (forHearsay && this.#hearsay >= this.#limit * HEARSAY_SHARE) return this.#evict(true);
    return this.#candidates.size < this.#limit || this.#evict(forHearsay);
  }

  /**
   * Gives up the address that failed most often; a list of good ones keeps them. Hearsay takes hearsay's place alone, and
   * makes room for others whether it failed or not.
   */
  #evict(forHearsay: boolean): boolean {
    let worst: Candidate | undefined;
    for (const candidate of this.#candidates.values()) {
      const mayGo = forHearsay
        ? candidate.isHearsay && candidate.failures > 0
        : candidate.isHearsay || candidate.failures > 0;
      if (!mayGo || this.#connected.has(candidate.address)) continue;
      if (!worst || candidate.failures > worst.failures) worst = candidate;
    }
    if (worst) this.#delete(worst);
    return worst !== undefined;
  }

  #delete(candidate: Candidate): void {
    this.#candidates.delete(candidate.address);
    if (candidate.isHearsay) this.#hearsay--;
  }
}

function isBetter(a: Candidate, b: Candidate): boolean {
  if (a.failures !== b.failures) return a.failures < b.failures;
  if (a.isHearsay !== b.isHearsay) return b.isHearsay;
  if (a.rank !== b.rank) return a.rank > b.rank;
  return a.notBefore < b.notBefore;
}
