// A swarm as arithmetic, for judging chokers: time goes in seconds, an upload is divided evenly among those whom its owner
// unchokes and who want something, pieces are fetched rarest first and passed on when they are whole. No wire, no disk, no
// latency; downloads are not limited. Everybody knows everybody. Same swarm and seed: same result.
import { type ChokeCandidate, type ChokeDecision, Choker, RateMeter } from '../src/index.ts';
import { sequence } from './language.ts';

export interface Swarm {
  readonly seed: number;
  readonly contributors: number;
  /** Peers that never upload. */
  readonly freeRiders: number;
  readonly seeds: number;
  /** 'random': slots are drawn from who is interested, whatever they give. */
  readonly choking: 'tit-for-tat' | 'random';
  /** What contributors do when they are done; free riders leave. */
  readonly whenDone: 'leave' | 'seed';
}

/** Seconds from joining to the last piece, in the order of joining. */
export interface Times {
  readonly contributors: number[];
  readonly freeRiders: number[];
}

const PIECES = 200;
const PIECE_LENGTH = 262_144;
const SLOTS = 5;
const ROUND_S = 10;
/** Everybody joins within this time. */
const JOINING_S = 60;
const LONGEST_S = 20_000;

type Choking = Pick<Choker, 'round'>;

class Peer {
  readonly key: number;
  readonly joinsAt: number;
  /** Bytes a second. */
  readonly upload: number;
  /** From the beginning. */
  readonly isSeed: boolean;
  readonly leaves: boolean;
  readonly choker: Choking;
  /** 1 for each piece that is there. */
  readonly has: Uint8Array = new Uint8Array(PIECES);
  count = 0;
  /** Bytes of pieces begun. */
  readonly partial: Map<number, number> = new Map();
  /** Which piece it fetches from whom. */
  readonly fetching: Map<Peer, number> = new Map();
  /** What it gets from whom, and gives to whom. */
  readonly down: Map<Peer, RateMeter> = new Map();
  readonly up: Map<Peer, RateMeter> = new Map();
  unchoked: ReadonlySet<string | number> = new Set();
  finishedAt: number | undefined;

  constructor(key: number, options: Pick<Peer, 'joinsAt' | 'upload' | 'isSeed' | 'leaves' | 'choker'>) {
    this.key = key;
    this.joinsAt = options.joinsAt;
    this.upload = options.upload;
    this.isSeed = options.isSeed;
    this.leaves = options.leaves;
    this.choker = options.choker;
    if (this.isSeed) for (let piece = 0; piece < PIECES; piece++) this.add(piece);
  }

  add(piece: number): void {
    this.has[piece] = 1;
    this.count++;
  }

  get isComplete(): boolean {
    return this.count === PIECES;
  }

  isThere(now: number): boolean {
    return this.joinsAt <= now && (this.finishedAt === undefined || !this.leaves);
  }

  wantsFrom(other: Peer): boolean {
    if (this.isComplete || other.count === 0) return false;
    for (let piece = 0; piece < PIECES; piece++) {
      if (other.has[piece] === 1 && this.has[piece] === 0) return true;
    }
    return false;
  }
}

/** Runs until everybody is done. */
export function simulate(swarm: Swarm): Times {
  const random = sequence(swarm.seed * 7_919 + 17);
  const make = (key: number, kind: 'contributor' | 'freeRider' | 'seed'): Peer =>
    new Peer(key, {
      joinsAt: kind === 'seed' ? 0 : Math.floor(random() * JOINING_S),
      upload: kind === 'freeRider' ? 0 : 50_000 + Math.floor(random() * 100_000),
      isSeed: kind === 'seed',
      leaves: kind === 'freeRider' || swarm.whenDone === 'leave',
      choker: swarm.choking === 'random' ? randomSlots(random) : new Choker({ slots: SLOTS, random }),
    });
  const kinds = (['contributor', 'freeRider', 'seed'] as const).flatMap((kind) =>
    Array.from({ length: swarm[`${kind}s`] }, () => kind),
  );
  const peers = kinds.map((kind, key) => make(key, kind));
  const availability = new Uint32Array(PIECES).fill(swarm.seeds);

  for (let now = 0; peers.some((peer) => !peer.isSeed && peer.finishedAt === undefined); now++) {
    if (now > LONGEST_S) throw new Error(`not done after ${LONGEST_S} s`);
    const there = peers.filter((peer) => peer.isThere(now));
    for (const peer of there) {
      if (peer.upload > 0 && (now + peer.key) % ROUND_S === 0) choke(peer, there, now);
    }
    for (const peer of there) if (peer.upload > 0) give(peer, there, now, availability, random);
  }
  const times = (kind: string): number[] =>
    peers.filter((peer) => kinds[peer.key] === kind).map((peer) => (peer.finishedAt as number) - peer.joinsAt);
  return { contributors: times('contributor'), freeRiders: times('freeRider') };
}

function choke(peer: Peer, there: readonly Peer[], now: number): void {
  const candidates = there
    .filter((other) => other !== peer)
    .map((other) => ({
      key: other.key,
      interested: other.wantsFrom(peer),
      unchoked: peer.unchoked.has(other.key),
      snubbed: false,
      downRate: peer.down.get(other)?.rate(now * 1_000) ?? 0,
      upRate: peer.up.get(other)?.rate(now * 1_000) ?? 0,
      connectedAt: Math.max(peer.joinsAt, other.joinsAt) * 1_000,
    }));
  const { unchoke } = peer.choker.round(candidates, { now: now * 1_000, seeding: peer.isComplete });
  peer.unchoked = new Set(unchoke);
}

/** One second of upload. */
function give(peer: Peer, there: readonly Peer[], now: number, availability: Uint32Array, random: () => number): void {
  const takers = there.filter((other) => peer.unchoked.has(other.key) && isFetching(other, peer, availability, random));
  const share = peer.upload / takers.length;
  for (const taker of takers) {
    const piece = taker.fetching.get(peer) as number;
    const bytes = (taker.partial.get(piece) ?? 0) + share;
    taker.partial.set(piece, bytes);
    meter(peer.up, taker).add(share, now * 1_000);
    meter(taker.down, peer).add(share, now * 1_000);
    if (bytes < PIECE_LENGTH || taker.has[piece] === 1) continue;
    taker.add(piece);
    taker.partial.delete(piece);
    for (const [from, fetched] of taker.fetching) if (fetched === piece) taker.fetching.delete(from);
    (availability[piece] as number)++;
    if (!taker.isComplete) continue;
    taker.finishedAt = now + 1;
    if (taker.leaves) for (let gone = 0; gone < PIECES; gone++) (availability[gone] as number)--;
  }
}

/** Whether a peer has something to fetch from another: what it began first, then the rarest, then what it gets elsewhere too. */
function isFetching(taker: Peer, from: Peer, availability: Uint32Array, random: () => number): boolean {
  if (taker.fetching.has(from)) return true;
  const elsewhere = new Set(taker.fetching.values());
  let [best, least] = [-1, Number.POSITIVE_INFINITY];
  for (let piece = 0; piece < PIECES; piece++) {
    if (from.has[piece] === 0 || taker.has[piece] === 1) continue;
    const cost =
      (elsewhere.has(piece) ? 2e6 : taker.partial.has(piece) ? 0 : 1e6) + (availability[piece] as number) + random();
    if (cost < least) [best, least] = [piece, cost];
  }
  if (best >= 0) taker.fetching.set(from, best);
  return best >= 0;
}

function meter(of: Map<Peer, RateMeter>, other: Peer): RateMeter {
  const known = of.get(other) ?? new RateMeter();
  of.set(other, known);
  return known;
}

/** No choker: as many slots, drawn anew as often as the optimistic slot moves. */
function randomSlots(random: () => number): Choking {
  let drawnAt = Number.NEGATIVE_INFINITY;
  let order = new Map<string | number, number>();
  return {
    round(peers: readonly ChokeCandidate[], { now }): ChokeDecision {
      if (now - drawnAt >= 30_000) [drawnAt, order] = [now, new Map()];
      const rank = (key: string | number): number => {
        const known = order.get(key) ?? random();
        order.set(key, known);
        return known;
      };
      const unchoke = peers
        .filter((peer) => peer.interested)
        .map(({ key }) => ({ key, rank: rank(key) }))
        .sort((a, b) => a.rank - b.rank)
        .slice(0, SLOTS)
        .map(({ key }) => key);
      return { unchoke, optimistic: null };
    },
  };
}
