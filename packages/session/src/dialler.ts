// Dials the addresses of one torrent's list, as many at once as the session allows, and shakes hands. Invariants: `#dialling`
// holds exactly the addresses whose stream or handshake is under way; while closed there is none.
import { Wire, type WireIdentity } from '@shoal/wire';
import { Connection, type ConnectionLimits } from './connection.ts';
import type { ByteStream, ExtensionPeer } from './contracts.ts';
import type { PeerList } from './peer-list.ts';
import { surface } from './surface.ts';

/** What the dialler needs of its session. */
export interface DialHost {
  now(): number;
  mayDial(): boolean;
  dial(address: string, wireKey: Uint8Array, signal: AbortSignal): Promise<ByteStream>;
  opened(connection: Connection): void;
  closed(connection: Connection): void;
}

export interface DiallerOptions {
  readonly host: DialHost;
  readonly list: PeerList;
  readonly limits: ConnectionLimits;
  /** How many peers more the torrent takes. */
  readonly room: () => number;
  readonly wireKey: Uint8Array;
  /** How the torrent presents itself to a peer; makes the extensions of one connection. */
  readonly identity: (peer: ExtensionPeer) => WireIdentity;
  /** The handshake is done both ways. */
  readonly onPeer: (connection: Connection, peerId: Uint8Array) => void;
}

export class Dialler {
  readonly #options: DiallerOptions;
  readonly #dialling = new Map<string, AbortController>();
  /** Dialled, and waiting for the other side's handshake. */
  readonly #greeting = new Set<Connection>();
  #open = false;

  constructor(options: DiallerOptions) {
    this.#options = options;
  }

  /** Addresses being dialled. */
  get size(): number {
    return this.#dialling.size;
  }

  open(): void {
    this.#open = true;
  }

  close(reason: string): void {
    this.#open = false;
    this.abandon(reason);
  }

  /** Gives up every dial and handshake under way. */
  abandon(reason: string): void {
    for (const controller of this.#dialling.values()) controller.abort();
    for (const connection of [...this.#greeting]) connection.close(reason);
  }

  /** As far as there is room and somebody to dial. */
  dialMore(): void {
    const { host, list, room } = this.#options;
    while (this.#open && room() > this.#dialling.size && host.mayDial()) {
      const address = list.next(host.now());
      if (address === undefined) return;
      this.#dial(address);
    }
  }

  #dial(address: string): void {
    const { host, list, wireKey } = this.#options;
    const controller = new AbortController();
    this.#dialling.set(address, controller);
    list.dialling(address);
    host.dial(address, wireKey, controller.signal).then(
      (stream) => {
        try {
          if (this.#open) return this.#greet(stream, address);
          this.#ended(address, null);
        } catch (error) {
          // An extension's fault: it is this connection's alone.
          surface(error);
          this.#ended(address, 'given up');
        }
        stream.destroy();
      },
      (error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        this.#ended(address, controller.signal.aborted ? null : message);
      },
    );
  }

  #ended(address: string, error: string | null): void {
    this.#dialling.delete(address);
    this.#options.list.ended(address, this.#options.host.now(), error);
    this.dialMore();
  }

  /** Shakes hands over a dialled stream. */
  #greet(stream: ByteStream, address: string): void {
    const { host, list, limits, identity, onPeer } = this.#options;
    const wire = new Wire({ role: 'dial', now: host.now(), ...identity({ address, outgoing: true }) });
    const connection = new Connection({
      stream,
      wire,
      outgoing: true,
      now: () => host.now(),
      limits,
      owner: {
        onEvent: (event) => {
          if (event.type !== 'handshake') return;
          this.#dialling.delete(address);
          this.#greeting.delete(connection);
          onPeer(connection, event.peerId);
        },
        onChunkEnd: () => undefined,
        onWritable: () => undefined,
        onClosed: (reason) => {
          this.#greeting.delete(connection);
          host.closed(connection);
          if (wire.closed?.code === 'ERR_WIRE_SELF') list.bar(address);
          this.#ended(address, this.#open ? reason : null);
        },
      },
    });
    this.#greeting.add(connection);
    host.opened(connection);
    connection.open();
  }
}
