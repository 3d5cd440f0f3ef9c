// The sockets of a UDP tracker: one for each family on the same port, or the caller's own. What is answered is the
// `UdpHandler`'s.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { performance } from 'node:perf_hooks';
import { isPromise } from '../maybe-promise.ts';
import type { UdpHandler } from '../udp-handler.ts';

export interface UdpSocketsOptions {
  readonly handler: UdpHandler;
  readonly onError: (error: unknown) => void;
}

/** Datagrams that wait for a store which answers promises; further ones are dropped, as the network would. */
const MAX_WAITING = 1_024;
const PORT_TRIES = 10;
/** A burst that comes while the loop is busy stays in the socket; the system may give less. */
const BUFFER_BYTES = 4 * 1024 * 1024;

export class UdpSockets {
  readonly #handler: UdpHandler;
  readonly #onError: (error: unknown) => void;
  readonly #detach: (() => void)[] = [];
  readonly #own: Socket[] = [];
  #waiting = 0;

  constructor({ handler, onError }: UdpSocketsOptions) {
    this.#handler = handler;
    this.#onError = onError;
  }

  /** The families that are listened on. */
  get families(): readonly (4 | 6)[] {
    return this.#own.map((socket) => (socket.address().family === 'IPv6' ? 6 : 4));
  }

  /** Answers what arrives at a socket that is somebody else's to bind and to close. */
  attach(socket: Socket): void {
    const bound = socket.address();
    const reachedAt = reachedAtFor(bound.address);
    const onMessage = (bytes: Uint8Array, from: RemoteInfo): void => this.#receive(socket, bytes, from, reachedAt);
    socket.on('message', onMessage);
    this.#detach.push(() => socket.off('message', onMessage));
  }

  /** Binds; port 0 is one that is free on both families. Answers the port. Rejects with the system's error. */
  async bind(host: string | undefined, port: number): Promise<number> {
    const isAny = host === undefined || host === '::' || host === '';
    const address = isAny || isIP(host) !== 0 ? host : (await lookup(host)).address;
    if (!isAny) return this.#bindOne(isIP(address ?? '') === 6 ? 6 : 4, address, port);
    for (let attempt = 1; ; attempt++) {
      const four = await this.#bindOne(4, '0.0.0.0', port);
      try {
        await this.#bindOne(6, '::', four);
        return four;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        // A machine without IPv6.
        if (code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL' || code === 'EINVAL') return four;
        await this.close();
        if (code !== 'EADDRINUSE' || port !== 0 || attempt === PORT_TRIES) throw error;
      }
    }
  }

  async close(): Promise<void> {
    for (const detach of this.#detach.splice(0)) detach();
    await Promise.all(
      this.#own.splice(0).map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))),
    );
  }

  async #bindOne(family: 4 | 6, host: string | undefined, port: number): Promise<number> {
    const socket = createSocket({
      type: family === 4 ? 'udp4' : 'udp6',
      ipv6Only: family === 6,
      // Answers go to addresses: the resolver, which Node asks even then, would cost a tick each.
      lookup: (address, _options, done) => done(null, address, family),
    });
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        socket.bind({ address: host, port, exclusive: true }, () => {
          socket.off('error', reject);
          resolve();
        });
      });
    } catch (error) {
      socket.close();
      throw error;
    }
    // An answer that cannot be sent is one that is lost.
    socket.on('error', this.#onError);
    try {
      socket.setRecvBufferSize(BUFFER_BYTES);
    } catch {
      // The default then.
    }
    this.#own.push(socket);
    this.attach(socket);
    return socket.address().port;
  }

  #receive(socket: Socket, bytes: Uint8Array, from: RemoteInfo, reachedAt: ReachedAt): void {
    const asker = { address: from.address, reachedAt: reachedAt(from.address) };
    // A plain view: each `subarray` of a Buffer goes through its constructor, three times in an announce.
    const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    const answer = this.#handler.receive(plain, asker, from.port, performance.now());
    if (answer === undefined) return;
    if (!isPromise(answer)) {
      socket.send(answer, from.port, from.address);
      return;
    }
    if (this.#waiting >= MAX_WAITING) return;
    this.#waiting++;
    answer
      .then((known) => {
        if (known && this.#detach.length > 0) socket.send(known, from.port, from.address);
      })
      .catch(this.#onError)
      .finally(() => {
        this.#waiting--;
      });
  }
}

type ReachedAt = (asker: string) => string | undefined;

/** A datagram does not say which of our addresses it came to: known where it can be one only. */
function reachedAtFor(bound: string): ReachedAt {
  if (bound !== '0.0.0.0' && bound !== '::') return () => bound;
  const isSix = bound === '::';
  const outside = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(
      ({ family, internal, address }) => !internal && (family === 'IPv6') === isSix && !address.startsWith('fe80:'),
    )
    .map(({ address }) => address);
  const only = outside.length === 1 ? outside[0] : undefined;
  return (asker) => {
    if (isSix) return asker === '::1' ? '::1' : only;
    return asker.startsWith('127.') ? '127.0.0.1' : only;
  };
}
