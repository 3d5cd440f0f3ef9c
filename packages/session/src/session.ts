// All torrents of one process over the same transports: accepts and dials, counts connections, and gives every torrent
// its heartbeat. Everything outside comes in through the options.
import type { InfoHash } from '@shoal/primitives';
import { ByteBudget, type Hasher } from '@shoal/storage';
import type { Connection } from './connection.ts';
import type { ByteStream, Clock, Listener, Random, StateStore, StreamFilter, Timer, Transport } from './contracts.ts';
import { SessionError } from './errors.ts';
import { type InboundHost, welcome } from './inbound.ts';
import { Torrent, type TorrentHost, type TorrentOptions } from './torrent.ts';

const HEARTBEAT_MS = 1_000;

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
  readonly #host: TorrentHost;
  readonly #inbound: InboundHost;
  #listeners: Listener[] = [];
  #dialling = 0;
  #heartbeat: Timer | undefined;
  #closed = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    const opened = (connection: Connection): void => void this.#connections.add(connection);
    const closed = (connection: Connection): void => void this.#connections.delete(connection);
    this.#host = {
      clock: options.clock,
      random: options.random,
      hasher: options.hasher,
      budget: new ByteBudget(options.memory ?? 64 * 1024 * 1024),
      stateStore: options.stateStore,
      client: options.client ?? 'Shoal',
      uploadSlots: options.uploadSlots ?? 8,
      maxPeers: options.maxPeers ?? 50,
      port: () => this.port,
      mayDial: () => this.#mayDial(),
      dial: (address, wireKey, signal) => this.#dial(address, wireKey, signal),
      opened,
      closed,
    };
    this.#inbound = {
      now: () => options.clock.now(),
      wireKeys: () => [...this.#torrents.values()].map((torrent) => torrent.infoHash.wireKey),
      route: (connection, wireKey, peerId) => this.#route(connection, wireKey, peerId),
      opened,
      closed,
    };
  }

  /** The port that is announced; 0 before `listen`. */
  get port(): number {
    return this.#listeners[0]?.port ?? 0;
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
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#heartbeat?.cancel();
    await Promise.all([this.#stopListening(), ...this.torrents.map((torrent) => torrent.close())]);
    for (const connection of [...this.#connections]) connection.close('the client stops');
    this.#torrents.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #assertOpen(): void {
    if (this.#closed) throw new SessionError('ERR_SESSION_CLOSED', 'the session is closed');
  }

  #accept(stream: ByteStream): void {
    if (this.#closed || this.#connections.size >= (this.#options.maxConnections ?? 200)) stream.destroy();
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
      return this.#options.dialFilter ? await this.#options.dialFilter.dial(stream, wireKey) : stream;
    } finally {
      this.#dialling--;
    }
  }

  /** Time-outs, rounds and redials, once a second while there are torrents. */
  #beat(): void {
    if (this.#heartbeat) return;
    this.#heartbeat = this.#options.clock.setTimer(() => {
      this.#heartbeat = undefined;
      if (this.#closed) return;
      const now = this.#options.clock.now();
      for (const torrent of this.torrents) torrent.tick(now);
      for (const connection of [...this.#connections]) connection.tick(now);
      if (this.#torrents.size > 0) this.#beat();
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
