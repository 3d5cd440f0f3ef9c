// A node with sockets of its own.
import { createSocket, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import { type Endpoint, normalizeIp } from '@shoal/primitives';
import type { Family } from '../addresses.ts';
import { DhtService, type DhtServiceOptions, type DhtSocket } from './dht-service.ts';

/** Where a node of its own sockets is bound, and how it enters the net. */
export interface BindOptions extends Omit<DhtServiceOptions, 'sockets'> {
  /** An IP address, of the one family that is used then. Default: any, in both families. */
  readonly host?: string | undefined;
  /** Default 0: one that is free, in both families. */
  readonly port?: number | undefined;
}

const PORT_TRIES = 10;

/** A node that owns its sockets. */
export class BoundDht extends DhtService {
  readonly #sockets: readonly Socket[];
  #closing: Promise<void> | undefined;

  /** For `bindDht`: the sockets are bound already. */
  constructor(sockets: readonly Socket[], options: Omit<DhtServiceOptions, 'sockets'>) {
    super({ ...options, sockets: Object.fromEntries(sockets.map((socket) => [familyIn(socket), senderTo(socket)])) });
    this.#sockets = sockets;
    for (const socket of sockets) {
      socket.on('message', (bytes, from) => this.receive(bytes, from));
      // What could not be sent is lost; the socket lives on.
      socket.on('error', () => undefined);
    }
  }

  /** Where it is bound, one a family. */
  get endpoints(): readonly Endpoint[] {
    return this.#sockets.map((socket) => {
      const { address, port } = socket.address();
      return { host: normalizeIp(address) ?? address, port };
    });
  }

  override close(): Promise<void> {
    this.#closing ??= super.close().then(async () => {
      await Promise.all(this.#sockets.map(closed));
    });
    return this.#closing;
  }
}

/** Binds, and starts a node there. Rejects with the system's error, RangeError for a host that is no IP address. */
export async function bindDht(options: BindOptions = {}): Promise<BoundDht> {
  const { host, port = 0, ...rest } = options;
  if (host !== undefined && isIP(host) === 0) throw new RangeError(`not an IP address: ${JSON.stringify(host)}`);
  const sockets = host === undefined ? await bindBoth(port) : [await bindOne(isIP(host) as Family, host, port)];
  try {
    return new BoundDht(sockets, rest);
  } catch (error) {
    await Promise.all(sockets.map(closed));
    throw error;
  }
}

async function bindBoth(port: number): Promise<Socket[]> {
  for (let attempt = 1; ; attempt++) {
    const four = await bindOne(4, '0.0.0.0', port);
    try {
      return [four, await bindOne(6, '::', four.address().port)];
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // A machine without IPv6.
      if (code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL' || code === 'EINVAL') return [four];
      await closed(four);
      if (code !== 'EADDRINUSE' || port !== 0 || attempt === PORT_TRIES) throw error;
    }
  }
}

function bindOne(family: Family, host: string, port: number): Promise<Socket> {
  const socket = createSocket({
    type: family === 4 ? 'udp4' : 'udp6',
    ipv6Only: family === 6,
    // Datagrams go to addresses: the resolver, which Node asks even then, would cost a tick each.
    lookup: (address, _options, done) => done(null, address, family),
  });
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind({ address: host, port, exclusive: true }, () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}

function senderTo(socket: Socket): DhtSocket {
  return { send: (bytes, port, address) => socket.send(bytes, port, address, () => undefined) };
}

function familyIn(socket: Socket): Family {
  return socket.address().family === 'IPv6' ? 6 : 4;
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.close(() => resolve()));
}
