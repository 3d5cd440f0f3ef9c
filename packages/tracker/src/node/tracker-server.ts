// An HTTP tracker: `/announce`, `/scrape`, `/stats`, alone on a port of its own or inside somebody else's HTTP server.
// Everything a stranger may make large or slow has a bound here; what is answered is the `AnnounceHandler`'s.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Endpoint, formatEndpoint } from '@shoal/primitives';
import {
  AnnounceHandler,
  type AnnounceHandlerOptions,
  type LocalPeer,
  type TrackerTotals,
} from '../announce-handler.ts';
import { MemorySwarmStore } from '../memory-swarm-store.ts';
import type { SwarmStore } from '../swarm-store.ts';

export interface TrackerServerOptions extends Omit<AnnounceHandlerOptions, 'store' | 'random'> {
  /** Default: in memory. */
  readonly store?: SwarmStore;
  /** Where `listen` listens. Default: every address, port 0 for one that is free. */
  readonly http?: { readonly host?: string; readonly port?: number };
  /**
   * Both ends of a request, for a tracker behind a proxy: take them from headers only the proxy can set. Default: the
   * socket's.
   */
  readonly addresses?: (request: IncomingMessage) => { readonly remote: string; readonly local: string | undefined };
  /** Connections at one time, of one host at most half of them. Default 2,000. */
  readonly maxConnections?: number;
  /** Milliseconds from the first byte of a request to its last. Default 10,000. */
  readonly requestTimeoutMs?: number;
}

/** Bytes; an announce has some 400. */
const MAX_HEADER_BYTES = 8_192;
const IDLE_TIMEOUT_MS = 5_000;
/** How often Node looks for slow requests; its default of 30 s would let them be slow for that long. */
const CHECK_MS = 2_000;
const STATS_LIFE_MS = 1_000;

export class TrackerServer {
  readonly #options: TrackerServerOptions;
  readonly #handler: AnnounceHandler;
  #server: Server | undefined;
  #stats: { readonly at: number; readonly text: Promise<string> } | undefined;

  constructor(options: TrackerServerOptions = {}) {
    this.#options = options;
    const store = options.store ?? new MemorySwarmStore({ random: Math.random });
    this.#handler = new AnnounceHandler({ ...options, store, random: Math.random });
  }

  /** Answers where it listens. Rejects with the system's error; TypeError when it listens already. */
  async listen(): Promise<Endpoint> {
    if (this.#server) throw new TypeError('listen called on a tracker that listens');
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
    server.maxRequestsPerSocket = 100;
    limitPerHost(server, Math.ceil(maxConnections / 2));
    this.#server = server;
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host: this.#options.http?.host, port: this.#options.http?.port ?? 0 }, () => {
          server.off('error', reject);
          resolve();
        });
      });
    } catch (error) {
      this.#server = undefined;
      throw error;
    }
    const { address, port } = server.address() as AddressInfo;
    return { host: address, port };
  }

  /** The announce URL as seen from an address of this machine. */
  urlFor(host: string): string {
    const bound = this.#server?.address() as AddressInfo | null | undefined;
    if (!bound) throw new TypeError('urlFor called on a tracker that does not listen');
    return `http://${formatEndpoint({ host, port: bound.port })}/announce`;
  }

  /**
   * For use inside another HTTP server: true where the path is one of the tracker's and the request is being answered,
   * false where it was left alone.
   */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const target = request.url ?? '';
    const mark = target.indexOf('?');
    const path = mark < 0 ? target : target.slice(0, mark);
    if (path !== '/announce' && path !== '/scrape' && path !== '/stats') return false;
    // No client sends a body, and none is read.
    const hasBody =
      request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
    if (hasBody) response.setHeader('Connection', 'close');
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      respond(response, 405, 'GET only\n');
    } else if (path !== '/stats' && isFromPage(request)) {
      respond(response, 403, 'not from a web page\n');
    } else {
      this.#answer(path, mark < 0 ? '' : target.slice(mark + 1), request, response).catch(() => response.destroy());
    }
    return true;
  }

  /** Lists a peer of this process, for each asker under the address at which it reached the tracker, until called back. */
  enterLocal(peer: LocalPeer): () => void {
    return this.#handler.enterLocal(peer);
  }

  totals(): Promise<TrackerTotals> {
    return this.#handler.totals(performance.now());
  }

  /** Ends connections and stops listening. */
  async close(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  /** Totals look at every swarm, so they are made once a second at most. */
  #statsAt(now: number): Promise<string> {
    if (this.#stats === undefined || now - this.#stats.at >= STATS_LIFE_MS) {
      this.#stats = { at: now, text: this.#handler.totals(now).then(statsText) };
    }
    return this.#stats.text;
  }

  async #answer(path: string, query: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const now = performance.now();
    if (path === '/stats') return respond(response, 200, await this.#statsAt(now));
    if (path === '/scrape') {
      const { status, body } = await this.#handler.scrape(query, now);
      return respond(response, status, body);
    }
    const { remote, local } = this.#options.addresses?.(request) ?? {
      remote: request.socket.remoteAddress ?? '',
      local: request.socket.localAddress,
    };
    const { status, body } = await this.#handler.announce(query, { address: remote, reachedAt: local }, now);
    respond(response, status, body);
  }
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

function respond(response: ServerResponse, status: number, body: string | Uint8Array): void {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': bytes.length,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(bytes);
}

function statsText(totals: TrackerTotals): string {
  return Object.entries(totals)
    .map(([name, value]) => `${name} ${value}\n`)
    .join('');
}
