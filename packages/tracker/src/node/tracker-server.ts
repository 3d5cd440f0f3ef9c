// A tracker to run, over HTTP and UDP: `/announce`, `/scrape`, a page at `/stats`, `/metrics`, alone on ports of its own or
// inside somebody else's servers. Everything a stranger may make large or slow has a bound here; what is answered is the
// `Tracker`'s, one for both protocols.
import { randomBytes } from 'node:crypto';
import type { Socket as UdpSocket } from 'node:dgram';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { type Endpoint, formatEndpoint } from '@shoal/primitives';
import { AnnounceHandler, type HttpAnswer } from '../announce-handler.ts';
import { isPromise, type MaybePromise } from '../maybe-promise.ts';
import { MemorySwarmStore } from '../memory-swarm-store.ts';
import { type Metric, metricsText } from '../metrics.ts';
import { statsPage } from '../stats-page.ts';
import type { SwarmStore } from '../swarm-store.ts';
import {
  type Asker,
  type LocalPeer,
  Tracker,
  type TrackerCounters,
  type TrackerOptions,
  type TrackerTotals,
} from '../tracker.ts';
import { passkeyOf, UdpHandler } from '../udp-handler.ts';
import { PlainHttp } from './plain-http.ts';
import { StateFile } from './state-file.ts';
import { TrustedProxies } from './trusted-proxies.ts';
import { UdpSockets } from './udp-sockets.ts';

/** Where a tracker listens, whom it serves, and what it keeps. */
export interface TrackerServerOptions extends Omit<TrackerOptions, 'store' | 'random' | 'rateLimit'> {
  /** Default: in memory. */
  readonly store?: SwarmStore;
  /** Where `listen` listens for HTTP. Default: every address, port 0 for one that is free; null: nowhere. */
  readonly http?: { readonly host?: string | undefined; readonly port?: number } | null;
  /**
   * Where `listen` listens for UDP, every address of both families where no host is named; or sockets that are bound, and
   * are not closed here. Default: nowhere.
   */
  readonly udp?: {
    readonly host?: string | undefined;
    readonly port?: number;
    readonly sockets?: readonly UdpSocket[];
  };
  /** Default: 100 questions a second and 5,000 at once for each IPv4 address or IPv6 /64, loopback free; null: no limit. */
  readonly rateLimit?: TrackerOptions['rateLimit'] | null;
  /** Addresses and networks of proxies whose `X-Forwarded-For` tells who asks. Default: nobody's does. */
  readonly trustProxy?: readonly string[] | undefined;
  /**
   * Both ends of a request, for a tracker behind a proxy: take them from headers only the proxy can set. Default: the
   * socket's, or what `trustProxy` makes of them.
   */
  readonly addresses?: (request: IncomingMessage) => { readonly remote: string; readonly local: string | undefined };
  /** Where the page stands; null: nowhere. Default `/stats`. */
  readonly statsPath?: string | null;
  /** Where Prometheus asks; null: nowhere. Default `/metrics`. */
  readonly metricsPath?: string | null;
  /** Keeps the swarms of the store in memory over a restart: read by `listen`, written every five minutes and by `close`. */
  readonly stateFile?: string | undefined;
  /** Connections at one time, of one host at most half of them. Default 2,000. */
  readonly maxConnections?: number;
  /** Milliseconds from the first byte of a request to its last. Default 10,000. */
  readonly requestTimeoutMs?: number;
}

/** Both ends of a request. */
interface Ends {
  readonly remote: string;
  readonly local: string | undefined;
}

/** What a path and its query ask. */
interface Question {
  readonly isScrape: boolean;
  readonly query: string;
  readonly passkey: string | undefined;
}

/** Bytes; an announce has some 400. */
const MAX_HEADER_BYTES = 8_192;
const IDLE_TIMEOUT_MS = 5_000;
/** Of one connection. */
const MAX_REQUESTS = 100;
/** How often Node looks for slow requests; its default of 30 s would let them be slow for that long. */
const CHECK_MS = 2_000;
const STATS_LIFE_MS = 1_000;
const SAVE_EVERY_MS = 300_000;
const RATE_LIMIT = { perSecond: 100, burst: 5_000 };
const HTML = 'text/html; charset=utf-8';
const TEXT = 'text/plain; charset=utf-8';
const METRICS = 'text/plain; version=0.0.4; charset=utf-8';
/** Of all answers to announces and scrapes. */
const HEADERS = {
  'Content-Type': TEXT,
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
} as const;

/** A tracker to run: HTTP and UDP over one store of swarms. */
export class TrackerServer {
  readonly #options: TrackerServerOptions;
  readonly #tracker: Tracker;
  readonly #handler: AnnounceHandler;
  readonly #addresses: (request: IncomingMessage) => Ends;
  readonly #state: StateFile | undefined;
  readonly #startedAt = performance.now();
  #isListening = false;
  #server: Server | undefined;
  #plain: PlainHttp | undefined;
  #udp: UdpSockets | undefined;
  #udpPort: number | undefined;
  #saver: NodeJS.Timeout | undefined;
  #totals: { readonly at: number; readonly totals: Promise<TrackerTotals> } | undefined;

  /**
   * Throws RangeError for a value that cannot be (an interval of 0, a proxy that is no address), TypeError for a
   * `stateFile` beside a store that cannot be written down.
   */
  constructor(options: TrackerServerOptions = {}) {
    this.#options = options;
    const store = options.store ?? new MemorySwarmStore({ random: Math.random });
    const rateLimit = options.rateLimit === undefined ? RATE_LIMIT : (options.rateLimit ?? undefined);
    const trackerOptions = { ...options, store, rateLimit, random: Math.random };
    this.#tracker = new Tracker(trackerOptions);
    this.#handler = new AnnounceHandler(trackerOptions, this.#tracker);
    const proxies = new TrustedProxies(options.trustProxy ?? []);
    this.#addresses =
      options.addresses ??
      (options.trustProxy ? (request) => proxies.addresses(request) : ({ socket }) => endsOf(socket));
    if (options.stateFile === undefined) return;
    if (!(store instanceof MemorySwarmStore)) throw new TypeError('stateFile goes with the store in memory alone');
    this.#state = new StateFile(options.stateFile, store);
  }

  /**
   * Answers where it listens: for HTTP, or where it does not, for UDP. Rejects with the system's error; TypeError when it
   * listens already. A state that cannot be read is told to `onError` and set aside.
   */
  async listen(): Promise<Endpoint> {
    if (this.#isListening) throw new TypeError('listen called on a tracker that listens');
    this.#isListening = true;
    try {
      await this.#load();
      const udp = await this.#listenUdp();
      const http = this.#options.http === null ? undefined : await this.#listenHttp();
      if (this.#state) this.#saver = setInterval(() => this.#save(), SAVE_EVERY_MS).unref();
      return http ?? udp ?? { host: '', port: 0 };
    } catch (error) {
      await this.#end();
      throw error;
    }
  }

  /** The announce URL as seen from an address of this machine. */
  urlFor(host: string): string {
    const bound = this.#server?.address() as AddressInfo | null | undefined;
    if (!bound) throw new TypeError('urlFor called on a tracker that does not listen');
    return `http://${formatEndpoint({ host, port: bound.port })}/announce`;
  }

  /** The UDP announce URL as seen from an address of this machine. Clients want the path for nothing but BEP 41. */
  udpUrlFor(host: string): string {
    if (this.#udpPort === undefined) throw new TypeError('udpUrlFor called on a tracker that does not listen for UDP');
    return `udp://${formatEndpoint({ host, port: this.#udpPort })}/announce`;
  }

  /**
   * For use inside another HTTP server: true where the path is one of the tracker's and the request is being answered,
   * false where it was left alone.
   */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const target = request.url ?? '';
    const page = this.#pageAt(target);
    const question = page ? undefined : this.#questionAt(target);
    if (!page && !question) return false;
    // No client sends a body, and none is read.
    const hasBody =
      request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
    if (hasBody) response.setHeader('Connection', 'close');
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      respond(response, 405, 'GET only\n');
    } else if (page) {
      page(response).catch((error: unknown) => this.#broken(error, response));
    } else if (isFromPage(request)) {
      respond(response, 403, 'not from a web page\n');
    } else if (question) {
      this.#respond(this.#answer(question, this.#addresses(request)), response);
    }
    return true;
  }

  /** Lists a peer of this process, for each asker under the address at which it reached the tracker, until called back. */
  enterLocal(peer: LocalPeer): () => void {
    return this.#tracker.enterLocal(peer);
  }

  totals(): Promise<TrackerTotals> {
    return this.#tracker.totals(performance.now());
  }

  /** What was asked since the start, as it goes on. */
  get counters(): Readonly<TrackerCounters> {
    return this.#tracker.counters;
  }

  /** Ends connections, stops listening, and writes the state down; rejects where that cannot be written. */
  async close(): Promise<void> {
    if (!this.#isListening) return;
    await this.#end();
    await this.#state?.saveLast(performance.now());
  }

  async #listenHttp(): Promise<Endpoint> {
    const requestTimeout = this.#options.requestTimeoutMs ?? 10_000;
    const server = createServer(
      {
        maxHeaderSize: MAX_HEADER_BYTES,
        headersTimeout: requestTimeout,
        requestTimeout,
        keepAliveTimeout: IDLE_TIMEOUT_MS,
        connectionsCheckingInterval: Math.min(CHECK_MS, requestTimeout),
      },
      (request, response) => {
        if (!this.handle(request, response)) respond(response, 404, 'not found\n');
      },
    );
    const maxConnections = this.#options.maxConnections ?? 2_000;
    server.maxConnections = maxConnections;
    server.maxRequestsPerSocket = MAX_REQUESTS;
    const { addresses, trustProxy, onError } = this.#options;
    // Whose addresses stand in headers is for Node's HTTP to read.
    if (addresses === undefined && trustProxy === undefined) {
      this.#plain = new PlainHttp(server, {
        answer: (target, socket) => this.#answerPlain(target, socket),
        onError: (error) => onError?.(error),
        headers: Object.entries(HEADERS)
          .map(([name, value]) => `${name}: ${value}\r\n`)
          .join(''),
        firstTimeout: requestTimeout,
        idleTimeout: IDLE_TIMEOUT_MS,
        maxRequests: MAX_REQUESTS,
      });
    }
    limitPerHost(server, Math.ceil(maxConnections / 2));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: this.#options.http?.host, port: this.#options.http?.port ?? 0 }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    this.#server = server;
    const { address, port } = server.address() as AddressInfo;
    return { host: address, port };
  }

  async #listenUdp(): Promise<Endpoint | undefined> {
    const { udp } = this.#options;
    if (!udp) return undefined;
    const handler = new UdpHandler({ tracker: this.#tracker, randomBytes, now: performance.now() });
    this.#udp = new UdpSockets({ handler, onError: (error) => this.#options.onError?.(error) });
    if (udp.sockets) {
      for (const socket of udp.sockets) this.#udp.attach(socket);
      const bound = udp.sockets[0]?.address();
      this.#udpPort = bound?.port;
      return bound && { host: bound.address, port: bound.port };
    }
    this.#udpPort = await this.#udp.bind(udp.host, udp.port ?? 0);
    return { host: udp.host ?? '::', port: this.#udpPort };
  }

  async #load(): Promise<void> {
    try {
      await this.#state?.load(performance.now(), this.#tracker.lifeMs);
    } catch (error) {
      this.#options.onError?.(error);
    }
  }

  #save(): void {
    this.#state?.save(performance.now()).catch((error: unknown) => this.#options.onError?.(error));
  }

  async #end(): Promise<void> {
    const [server, plain, udp] = [this.#server, this.#plain, this.#udp];
    this.#server = this.#plain = this.#udp = this.#udpPort = undefined;
    this.#isListening = false;
    clearInterval(this.#saver);
    await udp?.close();
    if (!server) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
      plain?.closeAllConnections();
    });
  }

  #pageAt(target: string): ((response: ServerResponse) => Promise<void>) | undefined {
    const [path] = splitTarget(target);
    const { statsPath = '/stats', metricsPath = '/metrics' } = this.#options;
    if (path === statsPath) return (response) => this.#stats(response);
    return path === metricsPath ? (response) => this.#metrics(response) : undefined;
  }

  async #stats(response: ServerResponse): Promise<void> {
    const totals = await this.#freshTotals();
    const uptime = (performance.now() - this.#startedAt) / 1_000;
    response.setHeader(
      'Content-Security-Policy',
      "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    );
    respond(response, 200, statsPage({ totals, counters: this.#tracker.counters, uptime }), HTML);
  }

  async #metrics(response: ServerResponse): Promise<void> {
    const totals = await this.#freshTotals();
    const connections = await new Promise<number>((resolve) => {
      if (this.#server) this.#server.getConnections((_error, count) => resolve(count ?? 0));
      else resolve(0);
    });
    const text = metricsText(totals, this.#tracker.counters, [
      gauge('shoal_tracker_http_connections', 'Open HTTP connections.', connections),
      gauge('process_resident_memory_bytes', 'Resident memory.', process.memoryUsage.rss()),
      gauge('process_start_time_seconds', 'Start, Unix time.', Math.floor(performance.timeOrigin / 1_000)),
    ]);
    respond(response, 200, text, METRICS);
  }

  /** Totals look for who is past its time, so they are made once a second at most. */
  #freshTotals(): Promise<TrackerTotals> {
    const now = performance.now();
    if (this.#totals === undefined || now - this.#totals.at >= STATS_LIFE_MS) {
      this.#totals = { at: now, totals: this.#tracker.totals(now) };
    }
    return this.#totals.totals;
  }

  #questionAt(target: string): Question | undefined {
    const [path, query] = splitTarget(target);
    const passkey = this.#options.passkeys === undefined ? undefined : passkeyOf(path);
    const isScrape = path === '/scrape' || (passkey !== undefined && path.endsWith('/scrape'));
    return isScrape || path === '/announce' || passkey !== undefined ? { isScrape, query, passkey } : undefined;
  }

  #answer({ isScrape, query, passkey }: Question, { remote, local }: Ends): MaybePromise<HttpAnswer> {
    const now = performance.now();
    const asker: Asker = { address: remote, reachedAt: local, passkey };
    return isScrape ? this.#handler.answerScrape(query, asker, now) : this.#handler.answerAnnounce(query, asker, now);
  }

  #answerPlain(target: string, socket: Socket): MaybePromise<HttpAnswer> | undefined {
    const question = this.#pageAt(target) ? undefined : this.#questionAt(target);
    return question && this.#answer(question, endsOf(socket));
  }

  #respond(answer: MaybePromise<HttpAnswer>, response: ServerResponse): void {
    if (!isPromise(answer)) {
      respond(response, answer.status, answer.body);
      return;
    }
    answer
      .then(({ status, body }) => respond(response, status, body))
      .catch((error: unknown) => this.#broken(error, response));
  }

  #broken(error: unknown, response: ServerResponse): void {
    this.#options.onError?.(error);
    response.destroy();
  }
}

function endsOf({ remoteAddress, localAddress }: Socket): Ends {
  return { remote: remoteAddress ?? '', local: localAddress };
}

/** Path and query. */
function splitTarget(target: string): [string, string] {
  const mark = target.indexOf('?');
  return mark < 0 ? [target, ''] : [target.slice(0, mark), target.slice(mark + 1)];
}

function gauge(name: string, help: string, value: number): Metric {
  return { name, type: 'gauge', help, samples: [{ value }] };
}

/** One host that opens all it can must leave room for the others. */
function limitPerHost(server: Server, limit: number): void {
  const open = new Map<string, number>();
  server.on('connection', (socket) => {
    const host = socket.remoteAddress ?? '';
    const count = (open.get(host) ?? 0) + 1;
    if (count > limit) {
      socket.destroy();
      return;
    }
    open.set(host, count);
    socket.once('close', () => {
      const left = (open.get(host) ?? 1) - 1;
      if (left > 0) open.set(host, left);
      else open.delete(host);
    });
  });
}

/** A browser on a foreign page: it would enter its user's address into swarms unasked. */
function isFromPage(request: IncomingMessage): boolean {
  const site = request.headers['sec-fetch-site'];
  return request.headers.origin !== undefined || site === 'cross-site' || site === 'same-site';
}

function respond(response: ServerResponse, status: number, body: string | Uint8Array, type: string = TEXT): void {
  const bytes = typeof body === 'string' ? Buffer.from(body) : Buffer.from(body.buffer, body.byteOffset, body.length);
  response.writeHead(status, { ...HEADERS, 'Content-Type': type, 'Content-Length': bytes.length });
  // One character a byte: with text of that kind the head leaves in the same write, with bytes it would not.
  response.end(bytes.toString('latin1'), 'latin1');
}
