// What a tracker decides, whatever protocol asks: whom it serves, who is listed where, who is told of whom (BEPs 3, 7, 21,
// 24, 31, 48). An asker is listed under the address it comes from: `ip=` is ignored unless the operator says otherwise,
// because anybody could send a swarm at somebody else with it.
import { keyFromBytes } from '@shoal/bencode';
import { bytesEqual, encodeCompact } from '@shoal/primitives';
import { AddressLimiter, type RateLimit } from './address-limiter.ts';
import type { AnnounceEvent, ScrapeCounts } from './announce.ts';
import type { ListedPeer } from './encode-answer.ts';
import { TrackerError } from './errors.ts';
import { canonicalHost, type HostWords, newHostWords, readHost } from './host-words.ts';
import { isPromise, type MaybePromise, whenKnown } from './maybe-promise.ts';
import type { CompactSwarmAnswer, PeerRole, SwarmAnnounce, SwarmPeer, SwarmStore, SwarmTotals } from './swarm-store.ts';

/** Whom a tracker serves, how often, and how much. */
export interface TrackerOptions {
  readonly store: SwarmStore;
  /** In [0, 1). */
  readonly random: () => number;
  /** Seconds; up to a tenth is added, so that a swarm does not come back at once. Default 1,800. */
  readonly interval?: number;
  /** Seconds. Default 300, never above the interval. */
  readonly minInterval?: number;
  /** Peers handed to somebody who names no number. Default 50. */
  readonly numwant?: number;
  /** Peers handed to anybody. Default 200. */
  readonly maxNumwant?: number;
  /** Whether a torrent is served. Default: all are. */
  readonly allow?: ((infoHash: Uint8Array) => boolean | Promise<boolean>) | undefined;
  /** Whether a torrent will never be served, `allow` or not: clients are told not to ask again (BEP 31). */
  readonly deny?: ((infoHash: Uint8Array) => boolean | Promise<boolean>) | undefined;
  /** Who may ask: those who know one of these. Default: everybody. */
  readonly passkeys?: ReadonlySet<string> | ((passkey: string) => boolean | Promise<boolean>) | undefined;
  /** Announces, scrapes and connects of one IPv4 address or IPv6 /64; loopback is free. Default: no limit. */
  readonly rateLimit?: (RateLimit & { readonly loopback?: boolean }) | undefined;
  /** Lists an asker under the address it names itself. Safe only where every asker is known. Default false. */
  readonly trustIpParameter?: boolean | undefined;
  /** Answers all torrents to a scrape that names none. Default false. */
  readonly fullScrape?: boolean | undefined;
  /** Is told of errors that the asker only sees as "cannot answer now". */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** Who asks. */
export interface Asker {
  /** The remote address, IPv4 or IPv6 text, mapped or not. */
  readonly address: string;
  /** Our address as the asker reached it: where local peers are for it. */
  readonly reachedAt?: string | undefined;
  /** What stood before `/announce` in the path. */
  readonly passkey?: string | undefined;
}

/** A peer in this process. It need not announce: each asker gets it under the address at which it reached the tracker. */
export interface LocalPeer {
  readonly infoHash: Uint8Array;
  readonly peerId: Uint8Array;
  /** Where it listens, on every address at which the tracker can be reached. */
  readonly port: number;
  readonly role: PeerRole;
}

/** What was asked since the start. */
export interface TrackerCounters {
  httpAnnounces: number;
  httpScrapes: number;
  udpConnects: number;
  udpAnnounces: number;
  udpScrapes: number;
  /** Announces and scrapes that were answered with a reason why not. */
  refusals: number;
  /** Questions over an address's rate. */
  limited: number;
  /** Datagrams that are no tracker's, dropped without a word. */
  malformed: number;
  /** Datagrams with a connection id that is too old or another's. */
  staleIds: number;
}

/** Figures since the tracker began, and of its swarms now. */
export interface TrackerTotals extends SwarmTotals {
  readonly announces: number;
  readonly scrapes: number;
  /** Announces and scrapes that were answered with a reason why not. */
  readonly refusals: number;
}

/** An announce, whatever protocol it came by. */
export interface Announcing {
  readonly infoHash: Uint8Array;
  readonly peerId: Uint8Array;
  readonly port: number;
  /** Undefined where the asker does not say: taken for a leech, which gets more peers than it may need, not fewer. */
  readonly left: number | undefined;
  readonly event: AnnounceEvent | undefined;
  readonly numwant: number | undefined;
  /** What the asker says its address is. */
  readonly ip: string | undefined;
  /** Peers as dictionaries (BEP 3) instead of the compact form. */
  readonly dictionaries: boolean;
  /** Peers of the asker's own family alone, at most so many as a datagram holds. */
  readonly datagramPeers?: number;
}

/** A reason for the asker; BEP 31's minutes. */
export interface Refused {
  readonly ok: false;
  readonly reason: string;
  readonly retryInMinutes: number | 'never' | undefined;
}

/** The answer to an announce. */
export interface Announced {
  readonly ok: true;
  /** Seconds. */
  readonly interval: number;
  readonly minInterval: number;
  readonly seeders: number;
  readonly leechers: number;
  /** Peers of this process, before the others. */
  readonly near: readonly ListedPeer[];
  /** Where dictionaries were wanted. */
  readonly peers: readonly SwarmPeer[];
  /** Otherwise: 6 bytes a peer, 18 bytes a peer. */
  readonly peers4: Uint8Array;
  readonly peers6: Uint8Array;
  /** The asker's address, canonical. */
  readonly host: string;
}

/** The answer to a scrape. */
export interface Scraped {
  readonly ok: true;
  /** Null for torrents that nobody announced or that are not served. */
  readonly torrents: readonly (readonly [Uint8Array, ScrapeCounts | null])[];
}

const NOBODY: ScrapeCounts = { seeders: 0, leechers: 0, completed: 0, downloaders: 0 };
const NO_PEERS = new Uint8Array(0);
const NOT_SERVED = refusal('this tracker does not serve this torrent');
const NEVER_SERVED = refusal('this tracker does not serve this torrent, and will not', 'never');
const NO_PASSKEY = refusal('this tracker wants a passkey in its address: .../PASSKEY/announce', 'never');
const BAD_PASSKEY = refusal('this passkey is not known', 'never');
const NO_ADDRESS = refusal('your address is not known');

/** Decides what a tracker answers, for all protocols that share it. */
export class Tracker {
  readonly counters: TrackerCounters = {
    httpAnnounces: 0,
    httpScrapes: 0,
    udpConnects: 0,
    udpAnnounces: 0,
    udpScrapes: 0,
    refusals: 0,
    limited: 0,
    malformed: 0,
    staleIds: 0,
  };
  readonly #options: TrackerOptions;
  readonly #store: SwarmStore;
  readonly #interval: number;
  readonly #minInterval: number;
  readonly #numwant: number;
  readonly #maxNumwant: number;
  /** Nobody and nothing is refused. */
  readonly #isOpen: boolean;
  readonly #limiter: AddressLimiter | undefined;
  /** By info-hash, one character a byte. */
  readonly #locals: Map<string, LocalPeer[]> = new Map();
  readonly #host: HostWords = newHostWords();

  /** Throws RangeError for an interval that is no positive whole number of seconds, or a limit that lets nobody through. */
  constructor(options: TrackerOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#interval = options.interval ?? 1_800;
    this.#minInterval = Math.min(options.minInterval ?? 300, this.#interval);
    this.#maxNumwant = options.maxNumwant ?? 200;
    this.#numwant = Math.min(options.numwant ?? 50, this.#maxNumwant);
    for (const seconds of [this.#interval, this.#minInterval]) {
      if (!Number.isSafeInteger(seconds) || seconds < 1) throw new RangeError(`${seconds} is no number of seconds`);
    }
    this.#isOpen = options.allow === undefined && options.deny === undefined && options.passkeys === undefined;
    this.#limiter = options.rateLimit && new AddressLimiter(options.rateLimit, options.random);
  }

  get fullScrape(): boolean {
    return this.#options.fullScrape === true && this.#store.scrapeAll !== undefined;
  }

  /** Milliseconds after which a peer that is silent is forgotten. */
  get lifeMs(): number {
    return this.#interval * 2_500;
  }

  /** Whether an address may ask a further question now; where it may not, that is counted. */
  admits(family: 4 | 6, host: HostWords, now: number): boolean {
    if (!this.#limiter || (this.#options.rateLimit?.loopback !== true && isLoopback(family, host))) return true;
    if (this.#limiter.take(family, host, now)) return true;
    this.counters.limited++;
    return false;
  }

  /** As `admits`, of text. What is no address is admitted, and refused later. */
  admitsText(address: string, now: number): boolean {
    if (!this.#limiter) return true;
    const family = readHost(address, this.#host);
    return family === 0 || this.admits(family, this.#host, now);
  }

  /** `now` is milliseconds of any epoch. Never throws nor rejects. */
  announce(question: Announcing, asker: Asker, now: number): MaybePromise<Announced | Refused> {
    const named = this.#options.trustIpParameter === true && question.ip !== undefined ? question.ip : asker.address;
    const host = canonicalHost(named);
    if (host === undefined) return this.refuse(NO_ADDRESS);
    // Where everybody may ask for everything there is nothing to wait for: an open tracker's datagrams are many.
    if (this.#isOpen) return this.#guard(() => this.#enter(question, asker, host, now));
    return this.#guard(() =>
      whenKnown(this.#objection(question.infoHash, asker), (objection) =>
        objection ? this.refuse(objection) : this.#enter(question, asker, host, now),
      ),
    );
  }

  /** As `announce`. */
  scrape(infoHashes: readonly Uint8Array[], asker: Asker, now: number): MaybePromise<Scraped | Refused> {
    return this.#guard(() =>
      whenKnown(this.#passkeyObjection(asker), (objection): MaybePromise<Scraped | Refused> => {
        if (objection) return this.refuse(objection);
        const counts = infoHashes.map((infoHash) => this.#countsOf(infoHash, now));
        const named = (known: readonly (ScrapeCounts | null)[]): Scraped => ({
          ok: true,
          torrents: infoHashes.map((infoHash, index) => [infoHash, known[index] as ScrapeCounts | null]),
        });
        return counts.some(isPromise) ? Promise.all(counts).then(named) : named(counts as (ScrapeCounts | null)[]);
      }),
    );
  }

  /** Every torrent that is served, if full scrapes are. */
  async scrapeAll(asker: Asker, now: number): Promise<Scraped | Refused> {
    return this.#guard(async () => {
      const objection = await this.#passkeyObjection(asker);
      if (objection) return this.refuse(objection);
      const torrents: [Uint8Array, ScrapeCounts][] = [];
      for await (const [infoHash, counts] of this.#store.scrapeAll?.(now) ?? []) {
        if (await this.#isDenied(infoHash)) continue;
        torrents.push([infoHash, this.#withLocals(counts, this.#localsOf(infoHash))]);
      }
      return { ok: true, torrents };
    });
  }

  async totals(now: number): Promise<TrackerTotals> {
    const { torrents, seeders, leechers } = await this.#store.totals(now);
    const { httpAnnounces, httpScrapes, udpAnnounces, udpScrapes, refusals } = this.counters;
    const [announces, scrapes] = [httpAnnounces + udpAnnounces, httpScrapes + udpScrapes];
    return { torrents, seeders, leechers, announces, scrapes, refusals };
  }

  /** Lists a peer of this process until the answer is called; one of the same torrent and id takes the other's place. */
  enterLocal(peer: LocalPeer): () => void {
    const key = keyFromBytes(peer.infoHash);
    const withoutId = (): LocalPeer[] =>
      (this.#locals.get(key) ?? []).filter((other) => !bytesEqual(other.peerId, peer.peerId));
    this.#locals.set(key, [...withoutId(), peer]);
    return () => {
      const rest = (this.#locals.get(key) ?? []).filter((other) => other !== peer);
      if (rest.length > 0) this.#locals.set(key, rest);
      else this.#locals.delete(key);
    };
  }

  /** Counts a refusal. */
  refuse(refused: Refused): Refused {
    this.counters.refusals++;
    return refused;
  }

  #guard<T>(answer: () => MaybePromise<T | Refused>): MaybePromise<T | Refused> {
    try {
      const value = answer();
      return isPromise(value) ? value.catch((error: unknown) => this.#failed(error)) : value;
    } catch (error) {
      return this.#failed(error);
    }
  }

  #failed(error: unknown): Refused {
    if (error instanceof TrackerError && error.code === 'ERR_TRACKER_FULL') {
      return this.refuse(refusal(error.message, 30));
    }
    this.#options.onError?.(error);
    return this.refuse(refusal('the tracker cannot answer now', 5));
  }

  #enter(question: Announcing, asker: Asker, host: string, now: number): MaybePromise<Announced> {
    const { infoHash, peerId, port, event, dictionaries, datagramPeers } = question;
    const role = question.left === 0 ? 'seed' : event === 'paused' ? 'partial' : 'leech';
    const locals = this.#localsOf(infoHash);
    const isLocal = locals.some((local) => bytesEqual(local.peerId, peerId));
    const numwant = Math.min(this.#clampNumwant(question.numwant), datagramPeers ?? this.#maxNumwant);
    const near = locals.length > 0 ? this.#near(locals, asker, role, peerId).slice(0, numwant) : NOBODY_NEAR;
    const announce: SwarmAnnounce = {
      infoHash,
      // Port 0 cannot be dialled; a peer of this process is listed already.
      peer: port === 0 || isLocal ? null : { host, port, peerId, role },
      peerId,
      role,
      event: event === undefined || event === 'paused' ? null : event,
      numwant: numwant - near.length,
      family: host.includes(':') ? 6 : 4,
      onlyFamily: datagramPeers !== undefined,
      now,
      expiresAt: now + this.lifeMs,
    };
    if (!dictionaries && this.#store.announceCompact) {
      const compact = this.#store.announceCompact(announce);
      if (!isPromise(compact)) return this.#compact(compact, locals, near, host);
      return compact.then((answer) => this.#compact(answer, locals, near, host));
    }
    return whenKnown(this.#store.announce(announce), (answer) =>
      dictionaries
        ? this.#answered(answer, locals, near, host, answer.peers, NO_PEERS, NO_PEERS)
        : this.#answered(
            answer,
            locals,
            near,
            host,
            [],
            encodeCompact(answer.peers, 4),
            encodeCompact(answer.peers, 6),
          ),
    );
  }

  #compact(
    answer: CompactSwarmAnswer,
    locals: readonly LocalPeer[],
    near: readonly ListedPeer[],
    host: string,
  ): Announced {
    return this.#answered(answer, locals, near, host, NOBODY_LISTED, answer.peers4, answer.peers6);
  }

  #answered(
    counts: ScrapeCounts,
    locals: readonly LocalPeer[],
    near: readonly ListedPeer[],
    host: string,
    peers: readonly SwarmPeer[],
    peers4: Uint8Array,
    peers6: Uint8Array,
  ): Announced {
    const { seeders, leechers } = this.#withLocals(counts, locals);
    const interval = this.#interval + Math.floor((this.#options.random() * this.#interval) / 10);
    return { ok: true, interval, minInterval: this.#minInterval, seeders, leechers, near, peers, peers4, peers6, host };
  }

  /** The peers of this process that the asker may want, where it can reach them. */
  #near(locals: readonly LocalPeer[], asker: Asker, role: PeerRole, peerId: Uint8Array): ListedPeer[] {
    const host = asker.reachedAt === undefined ? undefined : canonicalHost(asker.reachedAt);
    if (host === undefined) return [];
    return locals
      .filter((local) => role === 'leech' || local.role === 'leech')
      .filter((local) => local.port > 0 && !bytesEqual(local.peerId, peerId))
      .map((local) => ({ host, port: local.port, peerId: local.peerId }));
  }

  #countsOf(infoHash: Uint8Array, now: number): MaybePromise<ScrapeCounts | null> {
    return whenKnown(this.#isDenied(infoHash), (denied) => {
      if (denied) return null;
      return whenKnown(this.#store.scrape(infoHash, now), (counts) => {
        const locals = this.#localsOf(infoHash);
        return locals.length > 0 ? this.#withLocals(counts ?? NOBODY, locals) : counts;
      });
    });
  }

  #localsOf(infoHash: Uint8Array): readonly LocalPeer[] {
    return this.#locals.size === 0 ? NO_LOCALS : (this.#locals.get(keyFromBytes(infoHash)) ?? NO_LOCALS);
  }

  #withLocals(counts: ScrapeCounts, locals: readonly LocalPeer[]): ScrapeCounts {
    if (locals.length === 0) return counts;
    const count = (role: PeerRole): number => locals.filter((local) => local.role === role).length;
    const downloaders = count('leech');
    return {
      seeders: counts.seeders + count('seed'),
      leechers: counts.leechers + downloaders + count('partial'),
      completed: counts.completed,
      downloaders: counts.downloaders === null ? null : counts.downloaders + downloaders,
    };
  }

  /** Why nobody, or this asker, gets this torrent here. */
  #objection(infoHash: Uint8Array, asker: Asker): MaybePromise<Refused | undefined> {
    return whenKnown(this.#passkeyObjection(asker), (objection) => {
      if (objection) return objection;
      return whenKnown(this.#options.deny?.(infoHash) ?? false, (denied): MaybePromise<Refused | undefined> => {
        if (denied) return NEVER_SERVED;
        return whenKnown(this.#options.allow?.(infoHash) ?? true, (allowed) => (allowed ? undefined : NOT_SERVED));
      });
    });
  }

  #passkeyObjection({ passkey }: Asker): MaybePromise<Refused | undefined> {
    const { passkeys } = this.#options;
    if (passkeys === undefined) return undefined;
    if (passkey === undefined || passkey === '') return NO_PASSKEY;
    const known = typeof passkeys === 'function' ? passkeys(passkey) : passkeys.has(passkey);
    return whenKnown(known, (isKnown) => (isKnown ? undefined : BAD_PASSKEY));
  }

  #isDenied(infoHash: Uint8Array): MaybePromise<boolean> {
    return whenKnown(this.#options.deny?.(infoHash) ?? false, (denied): MaybePromise<boolean> => {
      if (denied) return true;
      return whenKnown(this.#options.allow?.(infoHash) ?? true, (allowed) => !allowed);
    });
  }

  #clampNumwant(wanted: number | undefined): number {
    if (wanted === undefined || Number.isNaN(wanted) || wanted < 0) return this.#numwant;
    return Math.min(wanted, this.#maxNumwant);
  }
}

const NO_LOCALS: readonly LocalPeer[] = [];
const NOBODY_LISTED: readonly SwarmPeer[] = [];
const NOBODY_NEAR: readonly ListedPeer[] = [];

export function refusal(reason: string, retryInMinutes?: number | 'never'): Refused {
  return { ok: false, reason, retryInMinutes };
}

function isLoopback(family: 4 | 6, host: HostWords): boolean {
  if (family === 4) return (host[0] as number) >>> 24 === 127;
  return host[0] === 0 && host[1] === 0 && host[2] === 0 && host[3] === 1;
}
