// TCP as a Transport: dials and listens, and turns sockets into ByteStreams. Every socket it opened is closed by
// `Listener.close` or by its stream's owner.
import { type AddressInfo, connect, createServer, isIP, type Socket } from 'node:net';
import { formatEndpoint, normalizeIp, parseEndpoint } from '@shoal/primitives';
import type { ByteStream, Listener, StreamHandler, Transport } from '@shoal/session';

const DIAL_TIMEOUT_MS = 10_000;
const LINGER_MS = 5_000;
/** Of 64 KiB, reading took a fifth more CPU time from a fast peer; more than this changed nothing. */
const RECEIVE_BUFFER = 256 * 1024;
/**
 * What dialled sockets read into. What was read is used up before the next read of anybody, so that one is enough; Windows
 * hands its sockets their memory before there is anything to read.
 */
const receiveBuffer: () => Uint8Array = process.platform === 'win32' ? newBuffer : sharedBuffer();

function newBuffer(): Uint8Array {
  return new Uint8Array(RECEIVE_BUFFER / 4);
}

function sharedBuffer(): () => Uint8Array {
  let shared: Uint8Array | undefined;
  return () => {
    shared ??= new Uint8Array(RECEIVE_BUFFER);
    return shared;
  };
}

/** What a socket takes before it asks to hold back: four of the engine's write batches. */
const SEND_BUFFER = 1024 * 1024;
/** Handed on to the stream below; Node's types leave it out for sockets that dial. */
const DIALLED_BUFFER = { writableHighWaterMark: SEND_BUFFER };

/** Where TCP sockets are bound, and how they end. */
export interface TcpOptions {
  /** 0: chosen by the system. */
  readonly port: number;
  /** The local address of every socket, listening and dialled. Default: any. */
  readonly bind?: string;
  /** How long a stream that was closed may take to send the rest: its other end may have stopped reading. Default: 5 s. */
  readonly lingerMs?: number;
}

/** TCP over IPv4 and IPv6 as a `Transport`. Nothing is opened before `dial` or `listen`. */
export function createTcpTransport(options: TcpOptions): Transport {
  return {
    name: 'tcp',
    canDial: (address) => {
      try {
        return isIP(parseEndpoint(address).host) !== 0;
      } catch {
        return false;
      }
    },
    dial: (address, signal) => dial(address, signal, options),
    listen: (onStream) => listen(options, onStream),
  };
}

function dial(address: string, signal: AbortSignal, { bind, lingerMs }: TcpOptions): Promise<ByteStream> {
  const { host, port } = parseEndpoint(address);
  return new Promise((resolve, reject) => {
    let stream: SocketStream | undefined;
    const socket = connect({
      host,
      port,
      noDelay: true,
      ...DIALLED_BUFFER,
      ...(bind === undefined ? {} : { localAddress: bind }),
      onread: {
        buffer: receiveBuffer(),
        callback: (length, buffer) => {
          stream?.receive(buffer.subarray(0, length));
          return true;
        },
      },
    });
    const abort = (): void => void socket.destroy(new Error('given up'));
    const fail = (error: Error): void => {
      signal.removeEventListener('abort', abort);
      reject(new Error(wordsFor(error)));
    };
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    socket.setTimeout(DIAL_TIMEOUT_MS, () => socket.destroy(new Error('no answer')));
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.setTimeout(0);
      signal.removeEventListener('abort', abort);
      socket.removeListener('error', fail);
      stream = new SocketStream(socket, address, lingerMs);
      resolve(stream);
    });
  });
}

async function listen(options: TcpOptions, onStream: (stream: ByteStream) => void): Promise<Listener> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true, highWaterMark: SEND_BUFFER }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    const host = normalizeIp(socket.remoteAddress ?? '');
    if (host === undefined) return void socket.destroy();
    const stream = new SocketStream(socket, formatEndpoint({ host, port: socket.remotePort ?? 0 }), options.lingerMs);
    socket.on('data', (bytes: Uint8Array) => stream.receive(bytes));
    onStream(stream);
  });
  await new Promise<void>((resolve, reject) => {
    // Stays: a connection that cannot be accepted (no more file handles) is no reason to end the process.
    server.on('error', (error) => reject(new Error(wordsFor(error))));
    server.listen({ port: options.port, ...(options.bind === undefined ? {} : { host: options.bind }) }, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) endSoon(socket, options.lingerMs);
      }),
  };
}

class SocketStream implements ByteStream {
  readonly localAddress: string;
  readonly remoteAddress: string;
  readonly #socket: Socket;
  readonly #lingerMs: number | undefined;
  #handler: StreamHandler | undefined;
  #error: Error | undefined;
  #closed = false;

  constructor(socket: Socket, remoteAddress: string, lingerMs: number | undefined) {
    this.#socket = socket;
    this.#lingerMs = lingerMs;
    this.remoteAddress = remoteAddress;
    const host = normalizeIp(socket.localAddress ?? '') ?? '';
    this.localAddress = formatEndpoint({ host, port: socket.localPort ?? 0 });
    socket.pause();
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.on('close', () => this.#end());
    socket.on('drain', () => this.#handler?.onDrain());
  }

  get unsent(): number {
    return this.#socket.writableLength;
  }

  receive(bytes: Uint8Array): void {
    this.#handler?.onData(bytes);
  }

  open(handler: StreamHandler): void {
    this.#handler = handler;
    if (this.#closed) queueMicrotask(() => handler.onClose(this.#error));
    else this.#socket.resume();
  }

  write(buffers: readonly Uint8Array[]): boolean {
    if (this.#socket.destroyed || this.#socket.writableEnded) return false;
    this.#socket.cork();
    for (const buffer of buffers) this.#socket.write(buffer);
    this.#socket.uncork();
    return !this.#socket.writableNeedDrain;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    endSoon(this.#socket, this.#lingerMs);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#handler?.onClose(this.#error && new Error(wordsFor(this.#error)));
  }
}

/** Sends what was written, for a bounded time. */
function endSoon(socket: Socket, lingerMs: number = LINGER_MS): void {
  if (socket.destroyed) return;
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  socket.once('close', () => clearTimeout(timer));
  socket.destroySoon();
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'connection reset',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ETIMEDOUT: 'no answer',
  EADDRINUSE: 'the port is in use',
  EACCES: 'permission denied',
  EADDRNOTAVAIL: 'this machine does not have that address',
};

function wordsFor(error: Error): string {
  const code = (error as { code?: unknown }).code;
  return (typeof code === 'string' ? WORDS[code] : undefined) ?? error.message;
}
