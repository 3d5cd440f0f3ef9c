// Decides who may download from us. There are `slots`; one of them is the optimistic one, which goes round at random so
// that strangers can show what they give; the others are regular:
//   - while we download, to those who give us most (tit-for-tat), never to a peer that snubs us;
//   - while we seed, as the seed strategy says, by default in turns: who has a slot keeps it for its tenure, the faster than
//     average twice as long, then goes behind everybody who waits. So nobody starves, and a slot that nobody waits for
//     stays with the fastest.
//
// Invariants after each round: at most `slots` peers are unchoked, all of them interested; the optimistic one is one of
// them and holds no regular slot; `#tenures` has exactly the regular holders, `#waits` the interested others.

/** A connected peer, as the choker needs to see it. */
export interface ChokeCandidate {
  /** Tells peers apart, and is the same in every round. */
  readonly key: string | number;
  /** The peer wants to download from us. */
  readonly interested: boolean;
  /** We do not choke it at present. */
  readonly unchoked: boolean;
  /** It unchoked us, was asked, and sent nothing for long (a minute is usual). */
  readonly snubbed: boolean;
  /** Bytes a second that it sends us; see `RateMeter`. */
  readonly downRate: number;
  /** Bytes a second that we send it. */
  readonly upRate: number;
  /** Milliseconds, of the same epoch as `now`. */
  readonly connectedAt: number;
  /** It said that it will not download (BEP 21). */
  readonly uploadOnly?: boolean;
  /** How much of the torrent it has, 0 to 1; what is not known counts as the middle. Read by 'anti-leech' alone. */
  readonly progress?: number;
}

/**
 * Who has the regular slots while we seed:
 * - 'round-robin': everybody in turns, so that the upload is shared out evenly;
 * - 'fastest-upload': those who download from us fastest, so that the most data gets out, to few; the others have the
 *   optimistic slot;
 * - 'anti-leech': those who have just begun or are almost complete, by tenths, in turns among equals. Those in between have
 *   something to trade and can do without us.
 */
export type SeedStrategy = (typeof SEED_STRATEGIES)[number];

const SEED_STRATEGIES = ['round-robin', 'fastest-upload', 'anti-leech'] as const;

/** Who may download from us now; everybody else is to be choked. */
export interface ChokeDecision {
  /** Regular and optimistic. */
  readonly unchoke: (string | number)[];
  /** The one of them that has the optimistic slot. */
  readonly optimistic: string | number | null;
}

/** How many are unchoked, and for how long. */
export interface ChokerOptions {
  /** Peers that are unchoked at the same time. */
  readonly slots: number;
  /** Answers a number in [0, 1). */
  readonly random: () => number;
  /** Milliseconds until the optimistic slot moves on; 30,000 if not given. */
  readonly optimisticIntervalMs?: number;
  /** Milliseconds that a slot is sure to last while we seed; 60,000 if not given. */
  readonly tenureMs?: number;
  /** 'round-robin' if not given. */
  readonly seedStrategy?: SeedStrategy;
}

/** Milliseconds since the connection during which a peer is new, and its weight in the optimistic draw then. */
const NEW_MS = 60_000;
const NEW_WEIGHT = 3;

/** The order of peers for regular slots: negative, if `a` goes before `b`. */
type Order = (a: ChokeCandidate, b: ChokeCandidate) => number;

/** One torrent's (or one session's) choice of peers to upload to. */
export class Choker {
  #slots = 0;
  #seedStrategy: SeedStrategy = 'round-robin';
  readonly #random: () => number;
  readonly #optimisticIntervalMs: number;
  readonly #tenureMs: number;
  #optimistic: string | number | null = null;
  #optimisticSince = Number.NEGATIVE_INFINITY;
  /** Since when each regular holder has its slot. */
  #tenures: ReadonlyMap<string | number, number> = new Map();
  /** Since when each interested peer has been without a slot. */
  #waits: ReadonlyMap<string | number, number> = new Map();

  constructor(options: ChokerOptions) {
    this.slots = options.slots;
    this.seedStrategy = options.seedStrategy ?? 'round-robin';
    this.#random = options.random;
    this.#optimisticIntervalMs = options.optimisticIntervalMs ?? 30_000;
    this.#tenureMs = options.tenureMs ?? 60_000;
  }

  /** May be changed at any time; the next round obeys. */
  get slots(): number {
    return this.#slots;
  }

  set slots(slots: number) {
    if (!Number.isInteger(slots) || slots < 0) throw new RangeError(`not a number of slots: ${slots}`);
    this.#slots = slots;
  }

  /** May be changed at any time; the next full round obeys. */
  get seedStrategy(): SeedStrategy {
    return this.#seedStrategy;
  }

  set seedStrategy(strategy: SeedStrategy) {
    if (!SEED_STRATEGIES.includes(strategy)) {
      throw new RangeError(`not a seed strategy: ${strategy}, known are ${SEED_STRATEGIES.join(', ')}`);
    }
    this.#seedStrategy = strategy;
  }

  /**
   * Decides anew. Call it every 10 s with all peers of the torrent, and with `full: false` when a peer came, left or
   * changed its interest in between: then everybody keeps a slot it has, and only free slots are given out.
   */
  round(
    peers: readonly ChokeCandidate[],
    context: { readonly now: number; readonly seeding: boolean; readonly full?: boolean },
  ): ChokeDecision {
    const { now, seeding, full = true } = context;
    const candidates = this.#shuffled(peers.filter((peer) => peer.interested && peer.uploadOnly !== true));
    const former = candidates.find((peer) => peer.key === this.#optimistic);
    const isDue = full && now - this.#optimisticSince >= this.#optimisticIntervalMs;

    const eligible = candidates.filter((peer) => (seeding ? peer !== former || isDue : !peer.snubbed));
    const order = seeding ? this.#seedOrder(eligible, now, full) : this.#titForTat(full);
    const regular = eligible.sort(order).slice(0, this.#regularSlots(eligible, seeding));

    let optimistic: ChokeCandidate | undefined;
    if (regular.length < this.#slots) {
      const others = candidates.filter((peer) => !regular.includes(peer));
      const stays = former !== undefined && !isDue && others.includes(former);
      optimistic = stays ? former : this.#draw(others, former, now);
    }
    this.#remember(candidates, regular, optimistic, now);
    if (optimistic === undefined) this.#optimisticSince = Number.NEGATIVE_INFINITY;
    else if (optimistic.key !== this.#optimistic || isDue) this.#optimisticSince = now;
    this.#optimistic = optimistic?.key ?? null;

    const unchoke = regular.map((peer) => peer.key);
    if (optimistic !== undefined) unchoke.push(optimistic.key);
    return { unchoke, optimistic: this.#optimistic };
  }

  /** Throws where the tables contradict each other. */
  checkInvariants(): void {
    const taken = this.#tenures.size + (this.#optimistic === null ? 0 : 1);
    if (taken > this.#slots) throw new Error(`${taken} peers hold ${this.#slots} slots`);
    if (this.#optimistic !== null && (this.#tenures.has(this.#optimistic) || this.#waits.has(this.#optimistic))) {
      throw new Error(`${this.#optimistic} has the optimistic slot and a regular one, or waits`);
    }
    for (const key of this.#tenures.keys()) if (this.#waits.has(key)) throw new Error(`${key} has a slot and waits`);
  }

  /** While we download: who gives most; among equals who is unchoked already, as every change costs it a round trip. */
  #titForTat(full: boolean): Order {
    return (a, b) =>
      (full ? 0 : this.#holds(b) - this.#holds(a)) ||
      b.downRate - a.downRate ||
      Number(b.unchoked) - Number(a.unchoked);
  }

  #seedOrder(peers: readonly ChokeCandidate[], now: number, full: boolean): Order {
    const inTurns = this.#inTurns(peers, now, full);
    if (!full || this.#seedStrategy === 'round-robin') return inTurns;
    if (this.#seedStrategy === 'fastest-upload') return (a, b) => b.upRate - a.upRate || inTurns(a, b);
    return (a, b) => edge(b) - edge(a) || inTurns(a, b);
  }

  /** While we seed in turns: whose tenure lasts; then who has waited longest; then who downloads fastest. */
  #inTurns(peers: readonly ChokeCandidate[], now: number, full: boolean): Order {
    const holders = peers.filter((peer) => this.#tenures.has(peer.key));
    const meanRate = holders.reduce((sum, peer) => sum + peer.upRate, 0) / holders.length;
    const stays = (peer: ChokeCandidate): number => {
      const since = this.#tenures.get(peer.key);
      if (since === undefined) return 0;
      const tenureMs = peer.upRate > meanRate ? this.#tenureMs * 2 : this.#tenureMs;
      return Number(!full || now - since < tenureMs);
    };
    const waited = (peer: ChokeCandidate): number => now - (this.#waits.get(peer.key) ?? now);
    return (a, b) => stays(b) - stays(a) || waited(b) - waited(a) || b.upRate - a.upRate;
  }

  #holds(peer: ChokeCandidate): number {
    return Number(this.#tenures.has(peer.key));
  }

  /** One slot is optimistic; a single one is as long as nobody gives us anything. */
  #regularSlots(eligible: readonly ChokeCandidate[], seeding: boolean): number {
    if (this.#slots > 1) return this.#slots - 1;
    return seeding || eligible.some((peer) => peer.downRate > 0) ? this.#slots : 0;
  }

  /** Somebody for the optimistic slot, new peers three times as likely; whoever had it only if there is nobody else. */
  #draw(peers: readonly ChokeCandidate[], former: ChokeCandidate | undefined, now: number): ChokeCandidate | undefined {
    const others = peers.filter((peer) => peer !== former);
    if (others.length === 0) return peers[0];
    const weight = (peer: ChokeCandidate): number => (now - peer.connectedAt < NEW_MS ? NEW_WEIGHT : 1);
    let ticket = this.#random() * others.reduce((sum, peer) => sum + weight(peer), 0);
    return others.find((peer) => {
      ticket -= weight(peer);
      return ticket < 0;
    });
  }

  #remember(
    candidates: readonly ChokeCandidate[],
    regular: readonly ChokeCandidate[],
    optimistic: ChokeCandidate | undefined,
    now: number,
  ): void {
    const served = new Set(regular);
    const waits = new Map<string | number, number>();
    for (const peer of candidates) {
      if (served.has(peer) || peer === optimistic) continue;
      waits.set(peer.key, this.#waits.get(peer.key) ?? now);
    }
    this.#tenures = new Map(regular.map((peer) => [peer.key, this.#tenures.get(peer.key) ?? now]));
    this.#waits = waits;
  }

  /** Equals stand in random order, so that none is favoured for having come first. */
  #shuffled(peers: ChokeCandidate[]): ChokeCandidate[] {
    for (let last = peers.length - 1; last > 0; last--) {
      const other = Math.floor(this.#random() * (last + 1));
      [peers[last], peers[other]] = [peers[other] as ChokeCandidate, peers[last] as ChokeCandidate];
    }
    return peers;
  }
}

/** How far from the middle of its download a peer is, in tenths of the whole: 0 to 5. */
function edge({ progress = 0.5 }: ChokeCandidate): number {
  return Math.round(Math.abs(progress - 0.5) * 10);
}
