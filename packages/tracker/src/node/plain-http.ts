// A short road for announces, before a Node HTTP server: plain requests (`plain-request.ts`) are answered on the socket
// itself, and with the first thing that is anything else, be it half a request, the connection goes over to Node's HTTP for
// good, with all the bytes that have come. So limits, slow and broken requests and every other path are Node's as they were.
// Why: of the 50 to 85 µs that an announce over a kept connection costs with Node's HTTP, that takes 40 to 60.
// Invariants: a connection here has no request under way but one whose answer is being made, and none of its bytes are kept.
import { type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { HttpAnswer } from '../announce-handler.ts';
import { isPromise, type MaybePromise } from '../maybe-promise.ts';
import { MAX_PLAIN_BYTES, readPlainRequest } from '../plain-request.ts';

export interface PlainHttpOptions {
  /** The answer to a target, path and query, asked for over a socket; undefined: not to be answered here. */
  readonly answer: (target: string, socket: Socket) => MaybePromise<HttpAnswer> | undefined;
  readonly onError: (error: unknown) => void;
  /** Of every answer, besides those that it has anyway; each line ends in CRLF. */
  readonly headers: string;
  /** How long a new connection may be silent, and one between two requests. Milliseconds. */
  readonly firstTimeout: number;
  readonly idleTimeout: number;
  /** Requests of one connection. */
  readonly maxRequests: number;
}

export class PlainHttp {
  readonly #options: PlainHttpOptions;
  readonly #sockets = new Set<Socket>();
  /** Node's HTTP: takes a connection as if it had just been made. */
  readonly #handOver: (socket: Socket) => void;
  readonly #keepAlive: string;
  #date = '';
  #dateEnds = 0;

  /** Stands before what answers the server's connections so far; later listeners run as before. */
  constructor(server: Server, options: PlainHttpOptions) {
    this.#options = options;
    this.#keepAlive = `keep-alive\r\nKeep-Alive: timeout=${Math.floor(options.idleTimeout / 1_000)}, max=${options.maxRequests}`;
    const listeners = server.listeners('connection');
    server.removeAllListeners('connection');
    this.#handOver = (socket) => {
      for (const listener of listeners) listener.call(server, socket);
    };
    server.on('connection', (socket) => this.#begin(socket));
  }

  /** Ends the connections that Node's HTTP does not know of. */
  closeAllConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #begin(socket: Socket): void {
    const { firstTimeout, idleTimeout, maxRequests } = this.#options;
    let served = 0;
    this.#sockets.add(socket);
    const onData = (bytes: Buffer): void => {
      // The last answer is on its way; what comes behind the last request is nobody's.
      if (socket.writableEnded) return;
      // What has not left yet is not waited for here.
      const isShort = bytes.length <= MAX_PLAIN_BYTES && socket.writableLength === 0;
      const request = isShort ? readPlainRequest(bytes.toString('latin1')) : undefined;
      const answer = request && this.#options.answer(request.target, socket);
      if (!request || !answer) {
        leave();
        socket.unshift(bytes);
        this.#handOver(socket);
        return;
      }
      if (++served === 1) socket.setTimeout(idleTimeout);
      const isLast = request.isLast || served >= maxRequests;
      if (!isPromise(answer)) {
        this.#write(socket, answer, isLast);
        return;
      }
      // The next request waits in the socket, and silence is ours meanwhile.
      socket.pause();
      socket.setTimeout(0);
      answer.then(
        (known) => {
          if (socket.destroyed) return;
          this.#write(socket, known, isLast);
          socket.setTimeout(idleTimeout);
          socket.resume();
        },
        (error: unknown) => {
          this.#options.onError(error);
          socket.destroy();
        },
      );
    };
    const onTimeout = (): void => {
      if (served === 0) socket.write('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n');
      socket.destroy();
    };
    const onEnd = (): void => void socket.end();
    const onClose = (): void => void this.#sockets.delete(socket);
    const leave = (): void => {
      this.#sockets.delete(socket);
      socket
        .off('data', onData)
        .off('timeout', onTimeout)
        .off('end', onEnd)
        .off('close', onClose)
        .off('error', onError);
      socket.setTimeout(0);
    };
    socket.on('data', onData).on('timeout', onTimeout).on('end', onEnd).on('close', onClose).on('error', onError);
    socket.setTimeout(firstTimeout);
  }

  /** In one piece, with the headers that `TrackerServer` and Node's HTTP send. */
  #write(socket: Socket, { status, body }: HttpAnswer, isLast: boolean): void {
    const fixed = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${this.#options.headers}`;
    const connection = `Connection: ${isLast ? 'close' : this.#keepAlive}\r\n`;
    const head = `${fixed}Content-Length: ${body.length}\r\nDate: ${this.#now()}\r\n${connection}\r\n`;
    const bytes = Buffer.allocUnsafe(head.length + body.length);
    bytes.write(head, 'latin1');
    bytes.set(body, head.length);
    socket.write(bytes);
    if (isLast) socket.destroySoon();
  }

  /** For the header, made once a second. */
  #now(): string {
    const now = performance.now();
    if (now >= this.#dateEnds) {
      const date = new Date();
      this.#date = date.toUTCString();
      this.#dateEnds = now + 1_000 - date.getMilliseconds();
    }
    return this.#date;
  }
}

/** A connection that breaks is closed by Node, and nobody else is to know. */
function onError(): void {}
