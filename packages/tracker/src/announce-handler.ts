// The HTTP side of a tracker (BEPs 3, 7, 23, 24, 31, 48): queries in, bodies out; no socket. What is answered is the
// `Tracker`'s to decide.
import { encodeAnnounce, encodeFailure, encodeScrape } from './encode-answer.ts';
import { isPromise, type MaybePromise, whenKnown } from './maybe-promise.ts';
import { Query } from './query.ts';
import {
  type Asker,
  type LocalPeer,
  type Refused,
  refusal,
  type Scraped,
  Tracker,
  type TrackerOptions,
  type TrackerTotals,
} from './tracker.ts';

export type { Asker, LocalPeer, TrackerTotals } from './tracker.ts';
/** The tracker's own options. */
export type AnnounceHandlerOptions = TrackerOptions;

/** What goes back over HTTP, as text/plain. A refusal has status 200, because clients read no reason under any other. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: Uint8Array;
}

const MAX_SCRAPE = 100;
/** A full scrape is made anew once a minute at most: it looks at every swarm. */
const FULL_SCRAPE_LIFE_MS = 60_000;
const TOO_OFTEN = refusal('too many questions from your address', 1);

/** A tracker over HTTP, without sockets: the query of a request in, the body of its answer out. */
export class AnnounceHandler {
  readonly #tracker: Tracker;
  #fullScrape: { readonly at: number; readonly answer: Promise<Uint8Array> } | undefined;

  /**
   * Throws RangeError for an interval that is no positive whole number of seconds. With a `tracker`, which other protocols
   * may share, the options count for nothing.
   */
  constructor(options: AnnounceHandlerOptions, tracker: Tracker = new Tracker(options)) {
    this.#tracker = tracker;
  }

  /** `query` is what stands behind the question mark; `now` milliseconds of any epoch. Never rejects. */
  async announce(query: string, asker: Asker, now: number): Promise<HttpAnswer> {
    return this.answerAnnounce(query, asker, now);
  }

  /** As `announce`. A scrape that names no torrent is answered where the tracker gives full scrapes. */
  async scrape(query: string, now: number, asker: Asker = { address: '' }): Promise<HttpAnswer> {
    return this.answerScrape(query, asker, now);
  }

  totals(now: number): Promise<TrackerTotals> {
    return this.#tracker.totals(now);
  }

  /** Lists a peer of this process until the answer is called; one of the same torrent and id takes the other's place. */
  enterLocal(peer: LocalPeer): () => void {
    return this.#tracker.enterLocal(peer);
  }

  /** `announce`, at once where store and lists answer at once. */
  answerAnnounce(text: string, asker: Asker, now: number): MaybePromise<HttpAnswer> {
    this.#tracker.counters.httpAnnounces++;
    if (!this.#tracker.admitsText(asker.address, now)) return failed(TOO_OFTEN);
    const query = Query.parse(text);
    const fault = query ? announceFault(query) : 'the query cannot be read';
    if (!query || fault !== undefined) return failed(this.#tracker.refuse(refusal(fault ?? '')));
    const event = query.text('event');
    const isKnownEvent = event === 'started' || event === 'completed' || event === 'stopped' || event === 'paused';
    const isCompact = query.text('compact') !== '0';
    const answer = this.#tracker.announce(
      {
        infoHash: query.bytes('info_hash') as Uint8Array,
        peerId: query.bytes('peer_id') as Uint8Array,
        port: query.whole('port') as number,
        left: query.whole('left'),
        event: isKnownEvent ? event : undefined,
        numwant: query.whole('numwant'),
        ip: query.text('ip'),
        dictionaries: !isCompact,
      },
      asker,
      now,
    );
    return whenKnown(answer, (announced) => {
      if (!announced.ok) return failed(announced);
      const body = encodeAnnounce(
        {
          interval: announced.interval,
          minInterval: announced.minInterval,
          seeders: announced.seeders,
          leechers: announced.leechers,
          peers: isCompact ? announced.near : [...announced.near, ...announced.peers],
          compactPeers: announced,
          externalIp: announced.host,
        },
        { compact: isCompact, peerIds: query.text('no_peer_id') !== '1' },
      );
      return { status: 200, body };
    });
  }

  /** `scrape`, at once where store and lists answer at once. */
  answerScrape(text: string, asker: Asker, now: number): MaybePromise<HttpAnswer> {
    this.#tracker.counters.httpScrapes++;
    if (!this.#tracker.admitsText(asker.address, now)) return failed(TOO_OFTEN);
    const infoHashes = Query.parse(text)?.all('info_hash');
    if (infoHashes?.length === 0 && this.#tracker.fullScrape) return this.#scrapeAll(asker, now);
    const fault = infoHashes ? scrapeFault(infoHashes) : 'the query cannot be read';
    if (!infoHashes || fault !== undefined) return failed(this.#tracker.refuse(refusal(fault ?? '')));
    return whenKnown(this.#tracker.scrape(infoHashes, asker, now), scraped);
  }

  async #scrapeAll(asker: Asker, now: number): Promise<HttpAnswer> {
    // Who may not ask gets no copy of what others were told.
    const admitted = this.#tracker.scrape([], asker, now);
    const verdict = isPromise(admitted) ? await admitted : admitted;
    if (!verdict.ok) return failed(verdict);
    if (this.#fullScrape === undefined || now - this.#fullScrape.at >= FULL_SCRAPE_LIFE_MS) {
      const answer = this.#tracker.scrapeAll(asker, now).then((all) => scraped(all).body);
      this.#fullScrape = { at: now, answer };
    }
    return { status: 200, body: await this.#fullScrape.answer };
  }
}

function announceFault(query: Query): string | undefined {
  for (const name of ['info_hash', 'peer_id']) {
    const bytes = query.bytes(name);
    if (!bytes) return `${name} is missing`;
    if (bytes.length !== 20) return `${name} has ${bytes.length} bytes, 20 expected`;
  }
  const port = query.whole('port');
  if (port === undefined) return 'port is missing';
  if (!(port >= 0 && port <= 65_535)) return 'port is not a whole number from 0 to 65535';
  const left = query.whole('left');
  return left === undefined || left >= 0 ? undefined : 'left is not a whole number from 0 up';
}

function scrapeFault(infoHashes: readonly Uint8Array[]): string | undefined {
  if (infoHashes.length === 0) return 'info_hash is missing';
  if (infoHashes.length > MAX_SCRAPE) {
    return `${infoHashes.length} torrents in one scrape, at most ${MAX_SCRAPE} are answered`;
  }
  const wrong = infoHashes.find((infoHash) => infoHash.length !== 20);
  return wrong && `info_hash has ${wrong.length} bytes, 20 expected`;
}

function scraped(answer: Scraped | Refused): HttpAnswer {
  return answer.ok ? { status: 200, body: encodeScrape(answer.torrents) } : failed(answer);
}

function failed({ reason, retryInMinutes }: Refused): HttpAnswer {
  return { status: 200, body: encodeFailure(reason, retryInMinutes) };
}
