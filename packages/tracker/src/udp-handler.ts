// The UDP side of a tracker (BEPs 15, 41): datagrams in, datagrams out; no socket. What is answered is the `Tracker`'s to
// decide.
// Invariant: to an address that has not proved itself by a connection id, no answer is longer than what it sent.
import { encodeCompact } from '@shoal/primitives';
import { Carver } from './carver.ts';
import { ConnectionIds } from './connection-ids.ts';
import { formatWords, newHostWords, putWord, readHost, wordAt } from './host-words.ts';
import { isPromise, type MaybePromise, whenKnown } from './maybe-promise.ts';
import type { Announced, Asker, Refused, Tracker } from './tracker.ts';
import { encodeUdpError, encodeUdpScrapeAnswer } from './udp-answer.ts';
import { ACTION, ANNOUNCE_LENGTH, decodeUdpRequest, type UdpRequest } from './udp-request.ts';

/** The tracker that answers, and the keys of its connection ids. */
export interface UdpHandlerOptions {
  /** May be shared with an `AnnounceHandler`. */
  readonly tracker: Tracker;
  /** Fit for keys. */
  readonly randomBytes: (length: number) => Uint8Array;
  /** Milliseconds of the epoch that `receive` is told. */
  readonly now: number;
}

/** What fits an unfragmented datagram beside the 20 bytes before it, over Ethernet: 1,500 less 48 bytes of headers. */
const PEERS_IN_DATAGRAM = { 4: 238, 6: 79 } as const;
const MAGIC_HIGH = 0x417;
const MAGIC_LOW = 0x2710_1980;
const SHORTEST_SCRAPE = 36;
/** With its 8 bytes of head it is as long as the shortest scrape at most. */
const STALE_ID = 'old connection id';

/** A tracker over UDP (BEPs 15, 41), without sockets: a datagram in, a datagram or nothing out. */
export class UdpHandler {
  readonly #tracker: Tracker;
  readonly #ids: ConnectionIds;
  readonly #host = newHostWords();
  readonly #carver = new Carver();

  constructor({ tracker, randomBytes, now }: UdpHandlerOptions) {
    this.#tracker = tracker;
    this.#ids = new ConnectionIds(randomBytes, now);
  }

  /**
   * The answer to a datagram from `asker` and its port; undefined: none. `now` in milliseconds. A promise only where store
   * or lists answer with one; never throws nor rejects. The datagram's bytes are not needed after an answer.
   */
  receive(bytes: Uint8Array, asker: Asker, port: number, now: number): MaybePromise<Uint8Array | undefined> {
    const { counters } = this.#tracker;
    const family = readHost(asker.address, this.#host);
    const action = bytes.length >= 16 ? wordAt(bytes, 8) : -1;
    const isWhole =
      (action === ACTION.connect && wordAt(bytes, 0) === MAGIC_HIGH && wordAt(bytes, 4) === MAGIC_LOW) ||
      (action === ACTION.announce && bytes.length >= ANNOUNCE_LENGTH) ||
      (action === ACTION.scrape && bytes.length >= SHORTEST_SCRAPE);
    if (!isWhole || family === 0 || port === 0) {
      counters.malformed++;
      return undefined;
    }
    // Silence, not an error: it costs nothing, and a flood's sender does not listen.
    if (!this.#tracker.admits(family, this.#host, now)) return undefined;
    if (action === ACTION.connect) {
      counters.udpConnects++;
      const answer = this.#carver.cut(16);
      answer.set(bytes.subarray(12, 16), 4);
      this.#ids.make(family, this.#host, port, now, answer, 8);
      return answer;
    }
    if (!this.#ids.check(family, this.#host, port, now, bytes, 0)) {
      counters.staleIds++;
      return encodeUdpError(wordAt(bytes, 12) >>> 0, STALE_ID);
    }
    const request = decodeUdpRequest(bytes);
    if (request.action === 'announce') return this.#announce(request, bytes, asker, family, now);
    return request.action === 'scrape' ? this.#scrape(request, asker, now) : undefined;
  }

  #announce(
    { request, transactionId, urlData }: UdpRequest & { readonly action: 'announce' },
    bytes: Uint8Array,
    asker: Asker,
    family: 4 | 6,
    now: number,
  ): MaybePromise<Uint8Array> {
    this.#tracker.counters.udpAnnounces++;
    const claimed = wordAt(bytes, 84);
    const answer = this.#tracker.announce(
      {
        infoHash: request.infoHash,
        peerId: request.peerId,
        port: request.port,
        left: request.left,
        event: request.event,
        numwant: request.numwant,
        // IPv4 alone has room there (BEP 15).
        ip: claimed === 0 || family === 6 ? undefined : formatWords([claimed], 0, 1),
        dictionaries: false,
        datagramPeers: PEERS_IN_DATAGRAM[family],
      },
      urlData === '' ? asker : { ...asker, passkey: passkeyOf(urlData) },
      now,
    );
    const encoded = (announced: Announced | Refused): Uint8Array =>
      announced.ok
        ? encodeAnnounced(transactionId, announced, family, this.#carver)
        : encodeUdpError(transactionId, announced.reason);
    return isPromise(answer) ? answer.then(encoded) : encoded(answer);
  }

  #scrape(
    { infoHashes, transactionId }: UdpRequest & { readonly action: 'scrape' },
    asker: Asker,
    now: number,
  ): MaybePromise<Uint8Array> {
    this.#tracker.counters.udpScrapes++;
    return whenKnown(this.#tracker.scrape(infoHashes, asker, now), (scraped) => {
      if (!scraped.ok) return encodeUdpError(transactionId, scraped.reason);
      return encodeUdpScrapeAnswer(
        transactionId,
        scraped.torrents.map(([, counts]) => counts ?? { seeders: 0, completed: 0, leechers: 0 }),
      );
    });
  }
}

/** `/PASSKEY/announce?...`, as in a tracker's URL. */
export function passkeyOf(path: string): string | undefined {
  return /^\/([^/?]{1,128})\/(?:announce|scrape)(?:\?|$)/.exec(path)?.[1];
}

function encodeAnnounced(transactionId: number, answer: Announced, family: 4 | 6, carver: Carver): Uint8Array {
  const near = answer.near.length > 0 ? encodeCompact(answer.near, family) : undefined;
  const peers = family === 4 ? answer.peers4 : answer.peers6;
  const bytes = carver.cut(20 + (near?.length ?? 0) + peers.length);
  putWord(bytes, 0, ACTION.announce);
  putWord(bytes, 4, transactionId);
  putWord(bytes, 8, answer.interval);
  putWord(bytes, 12, answer.leechers);
  putWord(bytes, 16, answer.seeders);
  if (near) bytes.set(near, 20);
  bytes.set(peers, 20 + (near?.length ?? 0));
  return bytes;
}
