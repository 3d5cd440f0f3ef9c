// What an HTTP tracker answers (BEPs 3, 7, 23, 24, 31, 48): queries in, bodies out; no socket. An asker is listed under the
// address it comes from: `ip=` is ignored, because anybody could send a swarm at somebody else with it.
import { keyFromBytes } from '@shoal/bencode';
import { bytesEqual, normalizeIp } from '@shoal/primitives';
import type { ScrapeCounts } from './announce.ts';
import { encodeAnnounce, encodeFailure, encodeScrape, type ListedPeer } from './encode-answer.ts';
import { TrackerError } from './errors.ts';
import { Query } from './query.ts';
import type { PeerRole, SwarmAnswer, SwarmStore, SwarmTotals } from './swarm-store.ts';

export interface AnnounceHandlerOptions {
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
  readonly allow?: (infoHash: Uint8Array) => boolean | Promise<boolean>;
  /** Is told of errors that the asker only sees as "cannot answer now". */
  readonly onError?: (error: unknown) => void;
}

/** Who asks. */
export interface Asker {
  /** The remote address, IPv4 or IPv6 text, mapped or not. */
  readonly address: string;
  /** Our address as the asker reached it: where local peers are for it. */
  readonly reachedAt?: string | undefined;
}

/** What goes back over HTTP, as text/plain. A refusal has status 200, because clients read no reason under any other. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: Uint8Array;
}

/** A peer in this process. It need not announce: each asker gets it under the address at which it reached the tracker. */
export interface LocalPeer {
  readonly infoHash: Uint8Array;
  readonly peerId: Uint8Array;
  /** Where it listens, on every address at which the tracker can be reached. */
  readonly port: number;
  readonly role: PeerRole;
}

export interface TrackerTotals extends SwarmTotals {
  readonly announces: number;
  readonly scrapes: number;
  /** Announces and scrapes that were answered with a reason why not. */
  readonly refusals: number;
}

const MAX_SCRAPE = 100;

export class AnnounceHandler {
  readonly #options: AnnounceHandlerOptions;
  readonly #store: SwarmStore;
  readonly #interval: number;
  readonly #minInterval: number;
  readonly #numwant: number;
  readonly #maxNumwant: number;
  /** By info-hash, one character a byte. */
  readonly #locals: Map<string, LocalPeer[]> = new Map();
  #announces = 0;
  #scrapes = 0;
  #refusals = 0;

  /** Throws RangeError for an interval that is no positive whole number of seconds. */
  constructor(options: AnnounceHandlerOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#interval = options.interval ?? 1_800;
    this.#minInterval = Math.min(options.minInterval ?? 300, this.#interval);
    this.#maxNumwant = options.maxNumwant ?? 200;
    this.#numwant = Math.min(options.numwant ?? 50, this.#maxNumwant);
    for (const seconds of [this.#interval, this.#minInterval]) {
      if (!Number.isSafeInteger(seconds) || seconds < 1) throw new RangeError(`${seconds} is no number of seconds`);
    }
  }

  /** `query` is what stands behind the question mark; `now` milliseconds of any epoch. Never rejects. */
  async announce(query: string, asker: Asker, now: number): Promise<HttpAnswer> {
    this.#announces++;
    return this.#guard(() => this.#announce(query, asker, now));
  }

  /** As `announce`. All torrents at once are not answered. */
  async scrape(query: string, now: number): Promise<HttpAnswer> {
    this.#scrapes++;
    return this.#guard(() => this.#scrape(query, now));
  }

  async totals(now: number): Promise<TrackerTotals> {
    const totals = await this.#store.totals(now);
    return { ...totals, announces: this.#announces, scrapes: this.#scrapes, refusals: this.#refusals };
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

  async #guard(answer: () => Promise<Uint8Array>): Promise<HttpAnswer> {
    try {
      return { status: 200, body: await answer() };
    } catch (error) {
      this.#refusals++;
      if (error instanceof Refusal) return { status: 200, body: encodeFailure(error.message) };
      if (error instanceof TrackerError && error.code === 'ERR_TRACKER_FULL') {
        return { status: 200, body: encodeFailure(error.message, 30) };
      }
      this.#options.onError?.(error);
      return { status: 200, body: encodeFailure('the tracker cannot answer now', 5) };
    }
  }

  async #announce(text: string, asker: Asker, now: number): Promise<Uint8Array> {
    const query = parse(text);
    const infoHash = twenty(query, 'info_hash');
    const peerId = twenty(query, 'peer_id');
    const port = whole(query, 'port', 65_535);
    const host = normalizeIp(asker.address);
    if (port === undefined) throw new Refusal('port is missing');
    if (host === undefined) throw new Refusal('your address is not known');
    await this.#checkAllowed(infoHash);

    const event = query.text('event');
    const role = roleOf(query, event);
    const locals = this.#locals.get(keyFromBytes(infoHash)) ?? [];
    const isLocal = locals.some((local) => bytesEqual(local.peerId, peerId));
    const isKnownEvent = event === 'started' || event === 'completed' || event === 'stopped';
    const numwant = this.#clampNumwant(query.whole('numwant'));
    const near = this.#near(locals, asker, role, peerId).slice(0, numwant);
    const answer = await this.#store.announce({
      infoHash,
      // Port 0 cannot be dialled; a peer of this process is listed already.
      peer: port === 0 || isLocal ? null : { host, port, peerId, role },
      peerId,
      role,
      event: isKnownEvent ? event : null,
      numwant: numwant - near.length,
      family: host.includes(':') ? 6 : 4,
      now,
      expiresAt: now + this.#interval * 2_500,
    });
    return this.#encode(query, answer, near, locals, host);
  }

  #encode(
    query: Query,
    answer: SwarmAnswer,
    near: readonly ListedPeer[],
    locals: readonly LocalPeer[],
    host: string,
  ): Uint8Array {
    const counts = withLocals(answer, locals);
    return encodeAnnounce(
      {
        interval: this.#interval + Math.floor((this.#options.random() * this.#interval) / 10),
        minInterval: this.#minInterval,
        seeders: counts.seeders,
        leechers: counts.leechers,
        peers: [...near, ...answer.peers],
        externalIp: host,
      },
      { compact: query.text('compact') !== '0', peerIds: query.text('no_peer_id') !== '1' },
    );
  }

  /** The peers of this process that the asker may want, where it can reach them. */
  #near(locals: readonly LocalPeer[], asker: Asker, role: PeerRole, peerId: Uint8Array): ListedPeer[] {
    const host = asker.reachedAt === undefined ? undefined : normalizeIp(asker.reachedAt);
    if (host === undefined) return [];
    return locals
      .filter((local) => role === 'leech' || local.role === 'leech')
      .filter((local) => local.port > 0 && !bytesEqual(local.peerId, peerId))
      .map((local) => ({ host, port: local.port, peerId: local.peerId }));
  }

  async #scrape(text: string, now: number): Promise<Uint8Array> {
    const infoHashes = parse(text).all('info_hash');
    if (infoHashes.length === 0) throw new Refusal('info_hash is missing');
    if (infoHashes.length > MAX_SCRAPE) {
      throw new Refusal(`${infoHashes.length} torrents in one scrape, at most ${MAX_SCRAPE} are answered`);
    }
    const torrents: [Uint8Array, ScrapeCounts | null][] = [];
    for (const infoHash of infoHashes) {
      if (infoHash.length !== 20) throw new Refusal(`info_hash has ${infoHash.length} bytes, 20 expected`);
      if (!(await this.#isAllowed(infoHash))) continue;
      const counts = await this.#store.scrape(infoHash, now);
      const locals = this.#locals.get(keyFromBytes(infoHash)) ?? [];
      torrents.push([infoHash, locals.length > 0 ? withLocals(counts ?? NOBODY, locals) : counts]);
    }
    return encodeScrape(torrents);
  }

  async #checkAllowed(infoHash: Uint8Array): Promise<void> {
    if (!(await this.#isAllowed(infoHash))) throw new Refusal('this tracker does not serve this torrent');
  }

  async #isAllowed(infoHash: Uint8Array): Promise<boolean> {
    return (await this.#options.allow?.(infoHash)) ?? true;
  }

  #clampNumwant(wanted: number | undefined): number {
    if (wanted === undefined || Number.isNaN(wanted) || wanted < 0) return this.#numwant;
    return Math.min(wanted, this.#maxNumwant);
  }
}

/** A reason for the asker. */
class Refusal extends Error {}

const NOBODY: ScrapeCounts = { seeders: 0, leechers: 0, completed: 0, downloaders: 0 };

function withLocals(counts: ScrapeCounts, locals: readonly LocalPeer[]): ScrapeCounts {
  const count = (role: PeerRole): number => locals.filter((local) => local.role === role).length;
  const downloaders = count('leech');
  return {
    seeders: counts.seeders + count('seed'),
    leechers: counts.leechers + downloaders + count('partial'),
    completed: counts.completed,
    downloaders: counts.downloaders === null ? null : counts.downloaders + downloaders,
  };
}

function parse(text: string): Query {
  const query = Query.parse(text);
  if (!query) throw new Refusal('the query cannot be read');
  return query;
}

function twenty(query: Query, name: string): Uint8Array {
  const bytes = query.bytes(name);
  if (!bytes) throw new Refusal(`${name} is missing`);
  if (bytes.length !== 20) throw new Refusal(`${name} has ${bytes.length} bytes, 20 expected`);
  return bytes;
}

function whole(query: Query, name: string, to: number): number | undefined {
  const value = query.whole(name);
  if (value !== undefined && !(value >= 0 && value <= to)) {
    throw new Refusal(`${name} is not a whole number from 0 to ${to}`);
  }
  return value;
}

/** Who does not say what is left is taken for a leech: it gets more peers than it may need, not fewer. */
function roleOf(query: Query, event: string | undefined): PeerRole {
  const left = whole(query, 'left', Number.POSITIVE_INFINITY);
  if (left === 0) return 'seed';
  return event === 'paused' ? 'partial' : 'leech';
}
