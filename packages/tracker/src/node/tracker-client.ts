// Asks trackers over HTTP, HTTPS and UDP: one call, one announce or scrape. Tiers, intervals and back-off are the
// `TrackerSource`'s.

import { isPrivateAddress } from '../address-scope.ts';
import type { AnnounceRequest, AnnounceResponse, ScrapeCounts } from '../announce.ts';
import { announceUrl, scrapeUrl } from '../announce-url.ts';
import {
  type AnswerLimits,
  DEFAULT_ANSWER_LIMITS,
  decodeAnnounce,
  decodeFailure,
  decodeScrape,
} from '../decode-answer.ts';
import { TrackerError } from '../errors.ts';
import { parseTrackerUrl, type TrackerUrl } from '../tracker-url.ts';
import type { UdpOutcome, UdpQuestion } from '../udp-exchange.ts';
import { connectError } from './connect-error.ts';
import { boundedGet } from './http-get.ts';
import { type Lookup, resolveHost, systemLookup } from './resolve.ts';
import { type SharedUdp, UdpClient } from './udp-client.ts';

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
  /** Only over IPv4, or only over IPv6: how a dual-stack client announces once for each. */
  readonly family?: 4 | 6;
  /** A socket to share; then what arrives on it is handed to `receiveUdp`. Default: sockets of our own, on first use. */
  readonly udp?: SharedUdp;
  /** How names become addresses. Default: the system's way. */
  readonly lookup?: Lookup;
  /** Which addresses a redirect from a public one may not lead to. Default: `isPrivateAddress`. */
  readonly isPrivate?: (ip: string) => boolean;
}

export interface TrackerClient {
  /** Rejects with TrackerError, or with the signal's reason; RangeError for a request that cannot be sent. */
  announce(url: string, request: AnnounceRequest, signal?: AbortSignal): Promise<AnnounceResponse>;
  /** For each info-hash (20 bytes) in order its counts, or null where the tracker does not know it. Rejects as `announce`. */
  scrape(url: string, infoHashes: readonly Uint8Array[], signal?: AbortSignal): Promise<(ScrapeCounts | null)[]>;
  /** A datagram from the shared socket. False: it is not for the tracker client. */
  receiveUdp(bytes: Uint8Array, address: string, port: number): boolean;
  /** Aborts what is under way. */
  close(): Promise<void>;
}

type UdpUrl = Extract<TrackerUrl, { protocol: 'udp' }>;

export function createTrackerClient(options: TrackerClientOptions = {}): TrackerClient {
  return new NodeTrackerClient(options);
}

class NodeTrackerClient implements TrackerClient {
  readonly #options: TrackerClientOptions;
  readonly #udp: UdpClient;
  readonly #closing = new AbortController();

  constructor(options: TrackerClientOptions) {
    this.#options = options;
    this.#udp = new UdpClient({
      shared: options.udp,
      retransmitMs: options.udpRetransmitMs ?? 15_000,
      limits: options.limits ?? {},
    });
  }

  async announce(url: string, request: AnnounceRequest, signal?: AbortSignal): Promise<AnnounceResponse> {
    const parsed = parseTrackerUrl(url);
    if (parsed.protocol === 'udp') {
      const outcome = await this.#askUdp(parsed, { kind: 'announce', request, urlData: parsed.urlData }, signal);
      if (outcome.kind !== 'announce') throw new TypeError(`${outcome.kind} answers an announce`);
      return outcome.response;
    }
    const body = await this.#get(announceUrl(parsed.href, request), signal);
    return decodeAnnounce(body, this.#options.limits);
  }

  async scrape(url: string, infoHashes: readonly Uint8Array[], signal?: AbortSignal): Promise<(ScrapeCounts | null)[]> {
    const parsed = parseTrackerUrl(url);
    if (parsed.protocol === 'udp') {
      const outcome = await this.#askUdp(parsed, { kind: 'scrape', infoHashes }, signal);
      if (outcome.kind !== 'scrape') throw new TypeError(`${outcome.kind} answers a scrape`);
      return infoHashes.map((_, index) => outcome.counts[index] ?? null);
    }
    const body = await this.#get(scrapeUrl(parsed.href, infoHashes), signal);
    return decodeScrape(body, infoHashes, this.#options.limits);
  }

  receiveUdp(bytes: Uint8Array, address: string, port: number): boolean {
    return this.#udp.receive(bytes, address, port);
  }

  async close(): Promise<void> {
    this.#closing.abort(new TrackerError('ERR_TRACKER_CONNECT', 'the client was closed'));
    await this.#udp.close();
  }

  async #get(url: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const answer = await this.#within(this.#options.timeoutMs ?? 15_000, signal, (bounded) =>
      boundedGet(url, {
        signal: bounded,
        maxBytes: this.#options.limits?.maxBytes ?? DEFAULT_ANSWER_LIMITS.maxBytes,
        maxRedirects: this.#options.maxRedirects ?? 5,
        userAgent: this.#options.userAgent ?? 'Shoal',
        family: this.#options.family,
        lookup: this.#options.lookup ?? systemLookup,
        isPrivate: this.#options.isPrivate ?? isPrivateAddress,
      }),
    );
    if (answer.status === 200) return answer.body;
    const failure = decodeFailure(answer.body);
    if (failure) throw failure;
    const message = `it answers HTTP ${answer.status} ${answer.statusText}`.trim();
    throw new TrackerError('ERR_TRACKER_STATUS', message, { retryAfter: answer.retryAfter });
  }

  #askUdp(url: UdpUrl, question: UdpQuestion, signal: AbortSignal | undefined): Promise<UdpOutcome> {
    return this.#within(this.#options.udpTimeoutMs ?? 60_000, signal, async (bounded) => {
      const addresses = await resolveHost(url.host, {
        lookup: this.#options.lookup ?? systemLookup,
        family: this.#options.family,
        signal: bounded,
      }).catch((error: unknown) => {
        throw bounded.aborted ? error : connectError(error, url.host);
      });
      // Names often have an IPv6 address that their tracker does not listen on, hardly ever the other way round.
      const to = addresses.find(({ family }) => family === 4) ?? addresses[0];
      if (!to) throw new TrackerError('ERR_TRACKER_CONNECT', `${url.host}: it has no address`);
      return this.#udp.ask(question, to, url.port, bounded);
    });
  }

  /** Runs a task under a signal that fires with the caller's, with a time-out, and when the client is closed. */
  async #within<T>(
    ms: number,
    signal: AbortSignal | undefined,
    task: (bounded: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const timeout = new AbortController();
    const timer = setTimeout(
      () => timeout.abort(new TrackerError('ERR_TRACKER_TIMEOUT', `no answer within ${ms / 1_000} s`)),
      ms,
    );
    const signals = [timeout.signal, this.#closing.signal, ...(signal ? [signal] : [])];
    try {
      const bounded = AbortSignal.any(signals);
      bounded.throwIfAborted();
      return await task(bounded);
    } finally {
      clearTimeout(timer);
    }
  }
}
