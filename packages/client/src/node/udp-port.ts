// The client's UDP port, one number for both families, that protocols share: whose a datagram is, its first byte says.
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';

type Family = 4 | 6;

export interface UdpPortOptions {
  /** Tried first, so that the number is that of the TCP port; where it is taken, the system chooses. */
  readonly port: number;
  /** The local address. Default: any, of both families. */
  readonly bind?: string;
}

/** `from` as node:dgram gives it. */
export type DatagramHandler = (bytes: Uint8Array, from: { readonly address: string; readonly port: number }) => void;

export class UdpPort {
  readonly port: number;
  readonly #sockets: ReadonlyMap<Family, Socket>;
  #closed: Promise<unknown> | undefined;
  readonly #handlers: Map<number, DatagramHandler> = new Map();

  private constructor(port: number, sockets: ReadonlyMap<Family, Socket>) {
    this.port = port;
    this.#sockets = sockets;
    for (const socket of sockets.values()) {
      // What another host could not be sent (refused, unreachable) is no reason to end the process.
      socket.on('error', () => undefined);
      socket.on('message', (bytes, from) => this.#handlers.get(bytes[0] ?? 0)?.(bytes, from));
    }
  }

  /** Rejects with the system's error where there is no socket of any family. A machine may lack IPv6. */
  static async bind({ port, bind }: UdpPortOptions): Promise<UdpPort> {
    const hosts: readonly (readonly [Family, string])[] =
      bind === undefined
        ? [
            [4, '0.0.0.0'],
            [6, '::'],
          ]
        : [[isIPv6(bind) ? 6 : 4, bind]];
    return bindAll(hosts, port).catch((error: unknown) => {
      if (port === 0 || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      return bindAll(hosts, 0);
    });

    async function bindAll(wanted: typeof hosts, first: number): Promise<UdpPort> {
      const sockets = new Map<Family, Socket>();
      let number = first;
      let failure: unknown;
      for (const [family, host] of wanted) {
        try {
          const socket = await bound(family, host, number);
          sockets.set(family, socket);
          number = socket.address().port;
        } catch (error) {
          failure = error;
          if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') break;
        }
      }
      const isTaken = (failure as NodeJS.ErrnoException | undefined)?.code === 'EADDRINUSE';
      if (sockets.size === 0 || isTaken) {
        for (const socket of sockets.values()) socket.close();
        throw failure;
      }
      return new UdpPort(number, sockets);
    }
  }

  get families(): readonly Family[] {
    return [...this.#sockets.keys()];
  }

  /** Who gets the datagrams that begin with this byte. */
  route(firstByte: number, handler: DatagramHandler): void {
    this.#handlers.set(firstByte, handler);
  }

  /** To an IP address; nothing is sent where there is no socket of its family. */
  send(bytes: Uint8Array, port: number, address: string): void {
    // The callback takes the error of this datagram, which may be lost like any other.
    this.#sockets.get(isIPv6(address) ? 6 : 4)?.send(bytes, port, address, () => undefined);
  }

  close(): Promise<void> {
    this.#closed ??= Promise.all(
      [...this.#sockets.values()].map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))),
    );
    return this.#closed.then(() => undefined);
  }
}

function bound(family: Family, host: string, port: number): Promise<Socket> {
  const socket = createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    ipv6Only: family === 6,
    // Datagrams go to addresses, about which Node would ask the resolver all the same.
    lookup: (address, _options, done) => done(null, address, family),
  });
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind({ port, address: host, exclusive: true }, () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}
