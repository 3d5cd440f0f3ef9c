// Asks trackers over HTTP, HTTPS and UDP: one call, one announce or scrape. Tiers, intervals and back-off are the
// `TrackerSource`'s.
// Invariant: of one torrent at one tracker, an announce that outlived its answer (the slower address family's) ends before
// the next one begins, so that a late `started` never follows a `stopped`.
import { toHex } from '@shoal/primitives';
import { isPrivateAddress } from '../address-scope.ts';
import {
  type AnnounceRequest,
  type AnnounceResponse,
  checkAnnounceRequest,
  checkTwenty,
  type ScrapeCounts,
} from '../announce.ts';
import { announceUrl, scrapeUrl } from '../announce-url.ts';
import {
  type AnswerLimits,
  DEFAULT_ANSWER_LIMITS,
  decodeAnnounce,
  decodeFailure,
  decodeScrape,
} from '../decode-answer.ts';
import { TrackerError } from '../errors.ts';
import { mergeAnswers } from '../merge-answers.ts';
import { parseTrackerUrl, type TrackerUrl } from '../tracker-url.ts';
import type { UdpOutcome, UdpQuestion } from '../udp-exchange.ts';
import { MAX_UDP_SCRAPE } from '../udp-request.ts';
import { boundedGet } from './http-get.ts';
import { type Family, localAddresses } from './local-address.ts';
import { overFamilies } from './over-families.ts';
import { type Lookup, rememberingLookup, resolveHost, systemLookup } from './resolve.ts';
import { type SharedUdp, UdpClient } from './udp-client.ts';

/** Time-outs, limits, and the local address to ask from. */
export interface TrackerClientOptions {
  /** Milliseconds for an exchange over HTTP, redirects included. Default 15,000. */
  readonly timeoutMs?: number;
  /** Milliseconds for one over UDP: three datagrams with the default retransmission. Default 60,000. */
  readonly udpTimeoutMs?: number;
  /** Milliseconds before a datagram is sent again, doubled each time. Default 15,000 (BEP 15). */
  readonly udpRetransmitMs?: number;
  /** How a tracker's figures are clamped, and the size of an answer. */
  readonly limits?: Partial<AnswerLimits>;
  /** Default 5. */
  readonly maxRedirects?: number;
  readonly userAgent?: string;
  /** Only over IPv4, or only over IPv6. Default: whatever the tracker has, an announce over both (BEP 7). */
  readonly family?: 4 | 6;
  /**
   * Local address of our sockets, or one for each family; a family without one is then not used. `::` alone is every
   * address. Default: any.
   */
  readonly bind?: string | readonly string[];
  /** Milliseconds that the faster family's answer waits for the slower one's. Default 500. */
  readonly graceMs?: number;
  /** A socket to share; then what arrives on it is handed to `receiveUdp`. Default: sockets of our own, on first use. */
  readonly udp?: SharedUdp;
  /** How names become addresses. Default: the system's way. */
  readonly lookup?: Lookup;
  /** Which addresses a redirect from a public one may not lead to. Default: `isPrivateAddress`. */
  readonly isPrivate?: (ip: string) => boolean;
}

/** Asks HTTP and UDP trackers, one question a call. */
export interface TrackerClient {
  /**
   * Announces over each address family that the tracker has, and answers what both said as one. What the slower family
   * says after that is told to `onLate`; until then its announce goes on under the same time-out. Rejects with
   * TrackerError, or with the signal's reason; RangeError for a request that cannot be sent.
   */
  announce(
    url: string,
    request: AnnounceRequest,
    signal?: AbortSignal,
    onLate?: (response: AnnounceResponse) => void,
  ): Promise<AnnounceResponse>;
  /**
   * For each info-hash (20 bytes) in order its counts, or null where the tracker does not know it; in runs of 74, one
   * after the other. Rejects as `announce`.
   */
  scrape(url: string, infoHashes: readonly Uint8Array[], signal?: AbortSignal): Promise<(ScrapeCounts | null)[]>;
  /** A datagram from the shared socket. False: it is not for the tracker client. */
  receiveUdp(bytes: Uint8Array, address: string, port: number): boolean;
  /** Aborts what is under way. */
  close(): Promise<void>;
}

type UdpUrl = Extract<TrackerUrl, { protocol: 'udp' }>;
/** The families of one exchange, with their local addresses. */
type From = ReadonlyMap<Family, string | undefined>;

/** Throws RangeError for a `bind` that is no address. */
export function createTrackerClient(options: TrackerClientOptions = {}): TrackerClient {
  return new NodeTrackerClient(options);
}

class NodeTrackerClient implements TrackerClient {
  readonly #options: TrackerClientOptions;
  readonly #from: From;
  readonly #udp: UdpClient;
  readonly #closing = new AbortController();
  /** Announces that outlived their answer, by tracker and torrent. */
  readonly #late: Map<string, AbortController> = new Map();

  constructor(options: TrackerClientOptions) {
    this.#options = options;
    this.#from = localAddresses(options.bind, options.family);
    this.#udp = new UdpClient({
      shared: options.udp,
      localAddress: (family) => this.#from.get(family),
      retransmitMs: options.udpRetransmitMs ?? 15_000,
      limits: options.limits ?? {},
    });
  }

  async announce(
    url: string,
    request: AnnounceRequest,
    signal?: AbortSignal,
    onLate: (response: AnnounceResponse) => void = () => undefined,
  ): Promise<AnnounceResponse> {
    const parsed = parseTrackerUrl(url);
    checkAnnounceRequest(request);
    const key = `${toHex(request.infoHash)} ${url}`;
    this.#late.get(key)?.abort(new TrackerError('ERR_TRACKER_CONNECT', 'another announce took its place'));
    const overtaken = new AbortController();
    const bounded = this.#boundedFor(parsed, [overtaken.signal, signal]);
    const lookup = rememberingLookup(this.#lookup);
    let over = Promise.resolve();
    try {
      const found = await this.#familiesOf(parsed, lookup, bounded.signal);
      const ask = (family: Family): Promise<AnnounceResponse> =>
        this.#announceOver(family, parsed, request, lookup, bounded.signal);
      const asked = overFamilies(found, ask, this.#options.graceMs ?? 500, onLate);
      over = asked.over;
      const answers = await asked.answers;
      return mergeAnswers(answers, request.port, this.#options.limits?.maxPeers ?? DEFAULT_ANSWER_LIMITS.maxPeers);
    } finally {
      this.#late.set(key, overtaken);
      void over.then(() => {
        bounded.release();
        if (this.#late.get(key) === overtaken) this.#late.delete(key);
      });
    }
  }

  async scrape(url: string, infoHashes: readonly Uint8Array[], signal?: AbortSignal): Promise<(ScrapeCounts | null)[]> {
    const parsed = parseTrackerUrl(url);
    for (const infoHash of infoHashes) checkTwenty(infoHash, 'info-hash');
    const counts: (ScrapeCounts | null)[] = [];
    for (let at = 0; at < infoHashes.length; at += MAX_UDP_SCRAPE) {
      counts.push(...(await this.#scrapeRun(parsed, infoHashes.slice(at, at + MAX_UDP_SCRAPE), signal)));
    }
    return counts;
  }

  receiveUdp(bytes: Uint8Array, address: string, port: number): boolean {
    return this.#udp.receive(bytes, address, port);
  }

  async close(): Promise<void> {
    this.#closing.abort(new TrackerError('ERR_TRACKER_CONNECT', 'the client was closed'));
    await this.#udp.close();
  }

  /** The families that the tracker's host and we have in common; at least one. */
  async #familiesOf({ host }: TrackerUrl, lookup: Lookup, signal: AbortSignal): Promise<Family[]> {
    const usable = [...this.#from.keys()];
    const addresses = await resolveHost(host, { lookup, families: usable, signal });
    return usable.filter((family) => addresses.some((address) => address.family === family));
  }

  async #announceOver(
    family: Family,
    url: TrackerUrl,
    request: AnnounceRequest,
    lookup: Lookup,
    signal: AbortSignal,
  ): Promise<AnnounceResponse> {
    const from: From = new Map([[family, this.#from.get(family)]]);
    if (url.protocol === 'udp') {
      const question = { kind: 'announce', request, urlData: url.urlData } as const;
      const outcome = await this.#askUdp(url, question, from, lookup, signal);
      if (outcome.kind !== 'announce') throw new TypeError(`${outcome.kind} answers an announce`);
      return outcome.response;
    }
    const body = await this.#get(announceUrl(url.href, request), from, lookup, signal);
    return decodeAnnounce(body, this.#options.limits);
  }

  async #scrapeRun(
    url: TrackerUrl,
    infoHashes: readonly Uint8Array[],
    signal: AbortSignal | undefined,
  ): Promise<(ScrapeCounts | null)[]> {
    const bounded = this.#boundedFor(url, [signal]);
    try {
      if (url.protocol === 'udp') {
        const question = { kind: 'scrape', infoHashes } as const;
        const outcome = await this.#askUdp(url, question, this.#from, this.#lookup, bounded.signal);
        if (outcome.kind !== 'scrape') throw new TypeError(`${outcome.kind} answers a scrape`);
        return infoHashes.map((_, index) => outcome.counts[index] ?? null);
      }
      // With local addresses of both families one connection has to choose.
      const [first] = [...this.#from].filter(([, local]) => local !== undefined);
      const from = first ? new Map([first]) : this.#from;
      const body = await this.#get(scrapeUrl(url.href, infoHashes), from, this.#lookup, bounded.signal);
      return decodeScrape(body, infoHashes, this.#options.limits);
    } finally {
      bounded.release();
    }
  }

  async #get(url: string, from: From, lookup: Lookup, signal: AbortSignal): Promise<Uint8Array> {
    const answer = await boundedGet(url, {
      signal,
      maxBytes: this.#options.limits?.maxBytes ?? DEFAULT_ANSWER_LIMITS.maxBytes,
      maxRedirects: this.#options.maxRedirects ?? 5,
      userAgent: this.#options.userAgent ?? 'Shoal',
      from,
      lookup,
      isPrivate: this.#options.isPrivate ?? isPrivateAddress,
    });
    if (answer.status === 200) return answer.body;
    const failure = decodeFailure(answer.body);
    if (failure) throw failure;
    const message = `it answers HTTP ${answer.status} ${answer.statusText}`.trim();
    throw new TrackerError('ERR_TRACKER_STATUS', message, { retryAfter: answer.retryAfter });
  }

  async #askUdp(
    url: UdpUrl,
    question: UdpQuestion,
    from: From,
    lookup: Lookup,
    signal: AbortSignal,
  ): Promise<UdpOutcome> {
    const addresses = await resolveHost(url.host, { lookup, families: [...from.keys()], signal });
    // Names often have an IPv6 address that their tracker does not listen on, hardly ever the other way round.
    const to = addresses.find(({ family }) => family === 4) ?? addresses[0];
    if (!to) throw new TrackerError('ERR_TRACKER_CONNECT', `${url.host}: it has no address`);
    return this.#udp.ask(question, to, url.port, signal);
  }

  get #lookup(): Lookup {
    return this.#options.lookup ?? systemLookup;
  }

  /** A signal that fires with one of those given, after the protocol's time-out, and when the client is closed. */
  #boundedFor(
    { protocol }: TrackerUrl,
    signals: readonly (AbortSignal | undefined)[],
  ): { readonly signal: AbortSignal; release(): void } {
    const { timeoutMs = 15_000, udpTimeoutMs = 60_000 } = this.#options;
    const ms = protocol === 'udp' ? udpTimeoutMs : timeoutMs;
    const timeout = new AbortController();
    const timer = setTimeout(
      () => timeout.abort(new TrackerError('ERR_TRACKER_TIMEOUT', `no answer within ${ms / 1_000} s`)),
      ms,
    );
    const given = signals.filter((signal) => signal !== undefined);
    const signal = AbortSignal.any([timeout.signal, this.#closing.signal, ...given]);
    return { signal, release: () => clearTimeout(timer) };
  }
}
