// All torrents of one process over the same transports: accepts and dials, counts connections, and gives every torrent
// its heartbeat. Everything outside comes in through the options.
import type { InfoHash } from '@shoal/primitives';
import { ByteBudget, type Hasher } from '@shoal/storage';
import type { Connection } from './connection.ts';
import type { ByteStream, Clock, Listener, Random, StateStore, StreamFilter, Timer, Transport } from './contracts.ts';
import { SessionError } from './errors.ts';
import { type InboundHost, welcome } from './inbound.ts';
import { ReadGate } from './read-gate.ts';
import { surface } from './surface.ts';
import { Torrent, type TorrentHost, type TorrentOptions } from './torrent.ts';

const HEARTBEAT_MS = 1_000;
/** A dialled stream's filter has as long for its handshake as the wire has for its own. */
const FILTER_MS = 10_000;

export interface SessionOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly hasher: Hasher;
  readonly transports: readonly Transport[];
  /** Asked in order for accepted streams. Default: none. */
  readonly filters?: readonly StreamFilter[];
  readonly stateStore?: StateStore;
  /** Told to peers (BEP 10 `v`). Default: Shoal. */
  readonly client?: string;
  /** Eight characters before the random part (BEP 20). Default: -SH0100-. */
  readonly peerIdPrefix?: string;
  /** Connections of all torrents. Default: 200. */
  readonly maxConnections?: number;
  /** Peers of one torrent. Default: 50. */
  readonly maxPeers?: number;
  /** Dials under way at once. Default: 20. */
  readonly maxHalfOpen?: number;
  /** Unchoked peers of one torrent, the optimistic one included. Default: 8. */
  readonly uploadSlots?: number;
  /** Bytes of blocks and read-ahead in memory, of all torrents. Default: 64 MiB. */
  readonly memory?: number;
  /** What a dialled stream goes through. Default: it stays plain. */
  readonly dialFilter?: StreamFilter;
}

export type AddOptions = Omit<TorrentOptions, 'peerIdPrefix'> & { readonly peerIdPrefix?: string };

export class Session {
  readonly #options: SessionOptions;
  /** By every wire key in lower-case hexadecimal. */
  readonly #torrents = new Map<string, Torrent>();
  readonly #connections = new Set<Connection>();
  /** Accepted, and not known yet whether a filter is for them. */
  readonly #arriving = new Set<ByteStream>();
  readonly #gate: ReadGate;
  readonly #host: TorrentHost;
  readonly #inbound: InboundHost;
  #listeners: Listener[] = [];
  /** Kept after the listeners are closed: goodbyes must name the port that was announced. */
  #port = 0;
  #dialling = 0;
  #heartbeat: Timer | undefined;
  #closed = false;
  #closing: Promise<void> | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    const budget = new ByteBudget(options.memory ?? 64 * 1024 * 1024);
    this.#gate = new ReadGate(budget);
    const opened = (connection: Connection): void => {
      this.#connections.add(connection);
      this.#beat();
    };
    const closed = (connection: Connection): void => {
      this.#connections.delete(connection);
      this.#gate.forget(connection.stream);
    };
    this.#host = {
      clock: options.clock,
      random: options.random,
      hasher: options.hasher,
      budget,
      stateStore: options.stateStore,
      client: options.client ?? 'Shoal',
      uploadSlots: options.uploadSlots ?? 8,
      maxPeers: options.maxPeers ?? 50,
      port: () => this.port,
      mayDial: () => this.#mayDial(),
      dial: (address, wireKey, signal) => this.#dial(address, wireKey, signal),
      opened,
      closed,
      brought: ({ stream }) => this.#gate.check(stream),
    };
    this.#inbound = {
      clock: options.clock,
      wireKeys: () => [...this.#torrents.values()].map((torrent) => torrent.infoHash.wireKey),
      route: (connection, wireKey, peerId) => this.#route(connection, wireKey, peerId),
      arrived: (stream) => void this.#arriving.add(stream),
      settled: (stream) => void this.#arriving.delete(stream),
      opened,
      closed,
    };
  }

  /** The port that is announced; 0 before `listen`. */
  get port(): number {
    return this.#port;
  }

  get torrents(): readonly Torrent[] {
    return [...new Set(this.#torrents.values())];
  }

  /** Takes connections on every transport. Rejects ERR_LISTEN, having closed what it opened. */
  async listen(): Promise<void> {
    this.#assertOpen();
    for (const transport of this.#options.transports) {
      try {
        this.#listeners.push(await transport.listen((stream) => this.#accept(stream)));
        this.#port ||= (this.#listeners[0] as Listener).port;
      } catch (error) {
        await this.#stopListening();
        const reason = error instanceof Error ? error.message : String(error);
        throw new SessionError('ERR_LISTEN', `cannot listen over ${transport.name}: ${reason}`, error);
      }
    }
  }

  /** Adds a torrent; checking starts at once. Throws ERR_TORRENT_EXISTS where its hash is here already. */
  add(options: AddOptions): Torrent {
    this.#assertOpen();
    const key = wireKeyOf(options.infoHash);
    if (this.#torrents.has(key)) throw new SessionError('ERR_TORRENT_EXISTS', `${key} is in this session already`);
    const torrent = new Torrent(this.#host, {
      peerIdPrefix: this.#options.peerIdPrefix ?? '-SH0100-',
      ...options,
    });
    this.#torrents.set(key, torrent);
    this.#beat();
    return torrent;
  }

  /** The torrent of a hash, or of a hash that is truncated to a wire key. */
  get(infoHash: InfoHash): Torrent | undefined {
    return this.#torrents.get(wireKeyOf(infoHash));
  }

  /** Closes one torrent; its data and resume data stay. */
  async remove(torrent: Torrent): Promise<void> {
    this.#torrents.delete(wireKeyOf(torrent.infoHash));
    await torrent.close();
  }

  /** Says goodbye everywhere, saves, and lets go of every socket, file and timer. Never rejects. */
  close(): Promise<void> {
    this.#closed = true;
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    this.#heartbeat?.cancel();
    for (const stream of [...this.#arriving]) stream.destroy();
    await Promise.all([this.#stopListening(), ...this.torrents.map((torrent) => torrent.close())]);
    for (const connection of [...this.#connections]) connection.close('the client stops');
    this.#torrents.clear();
  }

  #assertOpen(): void {
    if (this.#closed) throw new SessionError('ERR_SESSION_CLOSED', 'the session is closed');
  }

  #accept(stream: ByteStream): void {
    const open = this.#connections.size + this.#arriving.size;
    if (this.#closed || open >= (this.#options.maxConnections ?? 200)) stream.destroy();
    else welcome(stream, this.#options.filters ?? [], this.#inbound);
  }

  #route(connection: Connection, wireKey: string, peerId: Uint8Array): boolean {
    const torrent = this.#torrents.get(wireKey);
    torrent?.adopt(connection, peerId);
    return torrent !== undefined;
  }

  #mayDial(): boolean {
    return (
      !this.#closed &&
      this.#dialling < (this.#options.maxHalfOpen ?? 20) &&
      this.#connections.size + this.#dialling < (this.#options.maxConnections ?? 200)
    );
  }

  async #dial(address: string, wireKey: Uint8Array, signal: AbortSignal): Promise<ByteStream> {
    const transport = this.#options.transports.find((candidate) => candidate.canDial(address));
    if (!transport) throw new Error(`no transport for ${address}`);
    this.#dialling++;
    try {
      const stream = await transport.dial(address, signal);
      const filter = this.#options.dialFilter;
      return filter ? await this.#filter(filter, stream, wireKey, signal) : stream;
    } finally {
      this.#dialling--;
    }
  }

  /** A dialled stream behind its filter; where that takes too long, fails or is given up, the stream is no more. */
  #filter(filter: StreamFilter, stream: ByteStream, wireKey: Uint8Array, signal: AbortSignal): Promise<ByteStream> {
    return new Promise<ByteStream>((resolve, reject) => {
      const settle = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', abort);
      };
      const fail = (error: unknown): void => {
        settle();
        stream.destroy();
        reject(error);
      };
      const abort = (): void => fail(signal.reason);
      const timer = this.#options.clock.setTimer(
        () => fail(new Error(`no answer to the ${filter.name} handshake`)),
        FILTER_MS,
      );
      signal.addEventListener('abort', abort, { once: true });
      filter.dial(stream, wireKey).then((filtered) => {
        settle();
        resolve(filtered);
      }, fail);
    });
  }

  /** Time-outs, rounds and redials, once a second while there is a torrent or a connection. */
  #beat(): void {
    if (this.#heartbeat || this.#closed) return;
    this.#heartbeat = this.#options.clock.setTimer(() => {
      this.#heartbeat = undefined;
      if (this.#closed) return;
      const now = this.#options.clock.now();
      for (const ticking of [...this.torrents, ...this.#connections]) {
        try {
          ticking.tick(now);
        } catch (error) {
          surface(error);
        }
      }
      if (this.#torrents.size > 0 || this.#connections.size > 0) this.#beat();
    }, HEARTBEAT_MS);
  }

  async #stopListening(): Promise<void> {
    const listeners = this.#listeners;
    this.#listeners = [];
    await Promise.all(listeners.map((listener) => listener.close()));
  }
}

function wireKeyOf(infoHash: InfoHash): string {
  return infoHash.hex.slice(0, 40);
}
