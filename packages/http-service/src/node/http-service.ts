// The HTTP server around the web application: limits on what a request may cost before the application sees it. Only
// GET and HEAD, never a body, bounded headers, bounded times.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import type { Hono } from 'hono';
import { HttpServiceError, wordsFor } from './errors.ts';
import type { HttpAddress } from './http-address.ts';

/** An application that `listenHttp` serves; `env.incoming` is Node's request. */
export type HttpApp = Hono<{ Bindings: HttpBindings }>;

/** What an application may change of its service. */
export interface HttpServiceOptions {
  /**
   * Is shown each request that is within the limits, before the application, for protocols that want the bytes of the URL as they
   * came. True: it answers, and the application hears nothing of it. Must not throw.
   */
  readonly first?: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** At one time, of one host at most half of them. Default: 2,000. */
  readonly maxConnections?: number;
}

/** A service that listens. */
export interface HttpService {
  readonly port: number;
  /** Lets answers under way end, but not for long. */
  close(): Promise<void>;
}

/** A scrape of 100 info-hashes, every byte escaped, has 7 KiB. */
const MAX_HEADERS = 16 * 1024;
const HEADERS_MS = 5_000;
const REQUEST_MS = 10_000;
const KEEP_ALIVE_MS = 5_000;
/** A connection on which nothing moves, for readers that stop reading. */
const IDLE_MS = 60_000;
const GRACE_MS = 500;
const MAX_CONNECTIONS = 2_000;

/** Serves a web application there. Rejects ERR_HTTP_LISTEN. */
export async function listenHttp(
  address: HttpAddress,
  web: HttpApp,
  options: HttpServiceOptions = {},
): Promise<HttpService> {
  const listener = getRequestListener(web.fetch, { overrideGlobalObjects: false });
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADERS,
      headersTimeout: HEADERS_MS,
      requestTimeout: REQUEST_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => {
      const refused = refusalOf(request);
      if (refused) refuse(response, ...refused);
      else if (!options.first?.(request, response)) void listener(request, response);
    },
  );
  const maxConnections = options.maxConnections ?? MAX_CONNECTIONS;
  server.maxConnections = maxConnections;
  limitPerHost(server, Math.ceil(maxConnections / 2));
  server.timeout = IDLE_MS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      const where = `${address.host ?? '*'}:${address.port}`;
      reject(new HttpServiceError('ERR_HTTP_LISTEN', `cannot listen on ${where} for HTTP: ${wordsFor(error)}`, error));
    });
    server.listen({ port: address.port, ...(address.host === undefined ? {} : { host: address.host }) }, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        const patience = setTimeout(() => server.closeAllConnections(), GRACE_MS);
        server.close(() => {
          clearTimeout(patience);
          resolve();
        });
      }),
  };
}

/** One host that opens all it can must leave room for the others. */
function limitPerHost(server: Server, limit: number): void {
  const open = new Map<string, number>();
  server.on('connection', (socket) => {
    const host = socket.remoteAddress ?? '';
    const count = (open.get(host) ?? 0) + 1;
    if (count > limit) return void socket.destroy();
    open.set(host, count);
    socket.once('close', () => {
      const left = (open.get(host) ?? 1) - 1;
      if (left > 0) open.set(host, left);
      else open.delete(host);
    });
  });
}

function refusalOf(request: IncomingMessage): [status: number, words: string] | undefined {
  if (request.method !== 'GET' && request.method !== 'HEAD') return [405, 'only GET and HEAD are answered here'];
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
  return hasBody ? [413, 'a request has no body here'] : undefined;
}

/** Ends the connection too: what follows on it is the body nobody wants. */
function refuse(response: ServerResponse, status: number, words: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', allow: 'GET, HEAD', connection: 'close' });
  response.end(`${words}\n`);
}
