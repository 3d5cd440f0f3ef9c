// All torrents of one process over the same transports: accepts and dials, counts connections, queues torrents, and gives
// every torrent its heartbeat. Everything outside comes in through the options.
import type { InfoHash } from '@shoal/primitives';
import { ByteBudget } from '@shoal/storage';
import type { Connection, ConnectionLimits } from './connection.ts';
import type { ByteStream, Listener, StreamFilter, Timer } from './contracts.ts';
import { SessionError } from './errors.ts';
import { ExternalAddress } from './external-address.ts';
import { hostOf } from './host-of.ts';
import { type InboundHost, welcome } from './inbound.ts';
import { type Place, Queue } from './queue.ts';
import { RateLimiter } from './rate-limiter.ts';
import { ReadGate } from './read-gate.ts';
import { type AddressFilter, SESSION_DEFAULTS, type SessionOptions } from './session-options.ts';
import { surface } from './surface.ts';
import { Torrent } from './torrent.ts';
import type { TorrentHost, TorrentOptions } from './torrent-options.ts';
import { Turnstile } from './turnstile.ts';

const HEARTBEAT_MS = 1_000;
/** A dialled stream's filter has as long for its handshake as the wire has for its own. */
const FILTER_MS = 10_000;
/** What `close` takes at most, however long a tracker or a disk takes. */
const CLOSE_MS = 2_000;
/** Torrents checked at once: more would make a disk seek between them. */
const CHECKS_AT_ONCE = 4;
/** Torrents that read at once what was saved of them: thousands may be added in one turn. */
const RECALLS_AT_ONCE = 32;
/** Connections of strangers that have not said yet which torrent they are for. */
const MOST_STRANGERS = 100;

/** Sizes in bytes, rates in bytes per second over 20 s. */
export interface SessionSnapshot {
  readonly torrents: number;
  readonly connections: number;
  readonly dialling: number;
  readonly downRate: number;
  readonly upRate: number;
  readonly downloaded: number;
  readonly uploaded: number;
  /** Blocks and read-ahead in memory, and what they may take. */
  readonly memory: number;
  readonly memoryLimit: number;
}

/** What goes with a torrent that is removed. */
export interface RemoveOptions {
  /** Delete the data too, and what is remembered of the torrent. Default: false. */
  readonly data?: boolean;
}

/** What a torrent is added to a session with. */
export type AddOptions = Omit<TorrentOptions, 'peerIdPrefix'> & { readonly peerIdPrefix?: string };

/** All torrents of one process over the same transports. */
export class Session {
  readonly #options: SessionOptions;
  /** By every wire key in lower-case hexadecimal. */
  readonly #torrents = new Map<string, Torrent>();
  /** Removals under way: until then the hash is not free again, since its files and what is remembered are not. */
  readonly #leaving = new Map<string, Promise<void>>();
  readonly #connections = new Set<Connection>();
  /** Accepted, and not known yet whether a filter is for them. */
  readonly #arriving = new Set<ByteStream>();
  readonly #gate: ReadGate;
  readonly #host: TorrentHost;
  readonly #inbound: InboundHost;
  /** Accepted connections that have not named a torrent yet. */
  readonly #strangers = new Set<Connection>();
  readonly #budget: ByteBudget;
  readonly #downLimit: RateLimiter;
  readonly #upLimit: RateLimiter;
  readonly #externalAddress = new ExternalAddress(() => {
    for (const torrent of this.torrents) torrent.addressesChanged();
  });
  readonly #queue: Queue<Torrent>;
  /** Accepted streams by address, without its port. */
  readonly #perAddress = new Map<string, number>();
  #addressFilter: AddressFilter | undefined;
  #listeners: Listener[] = [];
  /** Kept after the listeners are closed: goodbyes must name the port that was announced. */
  #port = 0;
  #dialling = 0;
  #heartbeat: Timer | undefined;
  #closed = false;
  #closing: Promise<void> | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    const memory = options.memory ?? SESSION_DEFAULTS.memory;
    const budget = new ByteBudget(memory, memory / 2);
    this.#budget = budget;
    this.#downLimit = new RateLimiter(options.clock, options.downLimit);
    this.#upLimit = new RateLimiter(options.clock, options.upLimit);
    this.#addressFilter = options.addressFilter;
    this.#queue = new Queue({
      downloads: options.maxDownloads ?? Number.POSITIVE_INFINITY,
      seeds: options.maxSeeds ?? Number.POSITIVE_INFINITY,
    });
    const limits: ConnectionLimits = { down: [this.#downLimit], up: [this.#upLimit] };
    this.#gate = new ReadGate(budget);
    const opened = (connection: Connection): void => {
      this.#connections.add(connection);
      if (!connection.outgoing) this.#count(connection.stream, 1);
      this.#beat();
    };
    const closed = (connection: Connection): void => {
      if (this.#connections.delete(connection) && !connection.outgoing) this.#count(connection.stream, -1);
      this.#gate.forget(connection);
    };
    this.#host = {
      clock: options.clock,
      random: options.random,
      hasher: options.hasher,
      budget,
      stateStore: options.stateStore,
      client: options.client ?? 'Shoal',
      uploadSlots: options.uploadSlots ?? SESSION_DEFAULTS.uploadSlots,
      seedStrategy: options.seedStrategy ?? SESSION_DEFAULTS.seedStrategy,
      maxPeers: options.maxPeers ?? SESSION_DEFAULTS.maxPeers,
      limits,
      externalAddress: this.#externalAddress,
      sha1: options.sha1,
      dht: options.dht,
      allocate: options.allocate,
      checks: new Turnstile(CHECKS_AT_ONCE),
      recalls: new Turnstile(RECALLS_AT_ONCE),
      now: () => options.clock.now(),
      port: () => this.port,
      allows: (address) => this.#allows(address),
      torrentChanged: (torrent) => this.#queue.put(torrent, placeOf(torrent)),
      mayDial: () => this.#mayDial(),
      dial: (address, wireKey, signal) => this.#dial(address, wireKey, signal),
      opened,
      closed,
      brought: (connection) => this.#gate.check(connection),
    };
    this.#inbound = {
      clock: options.clock,
      limits,
      wireKeys: () => [...this.#torrents.values()].map((torrent) => torrent.infoHash.wireKey),
      route: (connection, wireKey, peerId) => this.#route(connection, wireKey, peerId),
      arrived: (stream) => {
        this.#arriving.add(stream);
        this.#count(stream, 1);
      },
      settled: (stream) => {
        if (this.#arriving.delete(stream)) this.#count(stream, -1);
      },
      opened: (connection) => {
        this.#strangers.add(connection);
        opened(connection);
      },
      closed: (connection) => {
        this.#strangers.delete(connection);
        closed(connection);
      },
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

  /** Adds a torrent; checking starts at once. Throws ERR_TORRENT_EXISTS where its hash is here, or still being removed. */
  add(options: AddOptions): Torrent {
    this.#assertOpen();
    const key = wireKeyOf(options.infoHash);
    if (this.#torrents.has(key)) throw new SessionError('ERR_TORRENT_EXISTS', `${key} is in this session already`);
    if (this.#leaving.has(key)) throw new SessionError('ERR_TORRENT_EXISTS', `${key} is still being removed`);
    const torrent = new Torrent(this.#host, {
      peerIdPrefix: this.#options.peerIdPrefix ?? '-SH0100-',
      ...(this.#options.shareLimits ? { shareLimits: this.#options.shareLimits } : {}),
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

  /**
   * Closes one torrent; its data and what is remembered of it stay unless `data` says otherwise. Rejects with StorageError
   * where the data cannot be deleted; the torrent is gone from here all the same.
   */
  async remove(torrent: Torrent, options: RemoveOptions = {}): Promise<void> {
    const key = wireKeyOf(torrent.infoHash);
    if (this.#torrents.get(key) !== torrent) return this.#leaving.get(key);
    this.#torrents.delete(key);
    this.#queue.remove(torrent);
    const leaving = torrent.close().then(() => (options.data ? torrent.erase() : undefined));
    this.#leaving.set(key, leaving);
    try {
      await leaving;
    } finally {
      this.#leaving.delete(key);
    }
  }

  /** Bytes a second of all torrents; undefined: none. */
  get downLimit(): number | undefined {
    return this.#downLimit.limit;
  }

  set downLimit(limit: number | undefined) {
    this.#downLimit.limit = limit;
  }

  get upLimit(): number | undefined {
    return this.#upLimit.limit;
  }

  set upLimit(limit: number | undefined) {
    this.#upLimit.limit = limit;
  }

  /** Which addresses may be peers from now on; those that may not are hung up on. */
  setAddressFilter(filter: AddressFilter | undefined): void {
    this.#addressFilter = filter;
    for (const torrent of this.torrents) torrent.addressesChanged();
    for (const connection of [...this.#connections]) {
      if (!this.#allows(connection.address)) connection.close('its address is filtered');
    }
  }

  snapshot(): SessionSnapshot {
    let [downRate, upRate, downloaded, uploaded] = [0, 0, 0, 0];
    for (const torrent of this.torrents) {
      const rates = torrent.rates();
      downRate += rates.downRate;
      upRate += rates.upRate;
      downloaded += rates.downloaded;
      uploaded += rates.uploaded;
    }
    return {
      torrents: this.#torrents.size,
      connections: this.#connections.size,
      dialling: this.#dialling,
      downRate,
      upRate,
      downloaded,
      uploaded,
      memory: this.#budget.held,
      memoryLimit: this.#budget.limit,
    };
  }

  /** Says goodbye everywhere, saves, and lets go of every socket, file and timer. Takes 2 s at most. Never rejects. */
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
    let timer: Timer | undefined;
    await Promise.race([
      Promise.allSettled([
        this.#stopListening(),
        ...this.#leaving.values(),
        ...this.torrents.map((torrent) => torrent.close()),
      ]),
      new Promise<void>((resolve) => {
        timer = this.#options.clock.setTimer(resolve, CLOSE_MS);
      }),
    ]);
    timer?.cancel();
    for (const connection of [...this.#connections]) connection.close('the client stops');
    this.#torrents.clear();
  }

  #assertOpen(): void {
    if (this.#closed) throw new SessionError('ERR_SESSION_CLOSED', 'the session is closed');
  }

  #accept(stream: ByteStream): void {
    const open = this.#connections.size + this.#arriving.size;
    const host = hostOf(stream.remoteAddress);
    const isFull =
      open >= this.#maxConnections ||
      this.#strangers.size + this.#arriving.size >= MOST_STRANGERS ||
      (this.#perAddress.get(host) ?? 0) >=
        (this.#options.maxConnectionsPerAddress ?? SESSION_DEFAULTS.maxConnectionsPerAddress);
    if (this.#closed || isFull || !this.#allows(stream.remoteAddress)) stream.destroy();
    else welcome(stream, this.#options.filters ?? [], this.#inbound);
  }

  #route(connection: Connection, wireKey: string, peerId: Uint8Array): boolean {
    this.#strangers.delete(connection);
    const torrent = this.#torrents.get(wireKey);
    torrent?.adopt(connection, peerId);
    return torrent !== undefined;
  }

  #count({ remoteAddress }: ByteStream, change: 1 | -1): void {
    const host = hostOf(remoteAddress);
    const count = (this.#perAddress.get(host) ?? 0) + change;
    if (count > 0) this.#perAddress.set(host, count);
    else this.#perAddress.delete(host);
  }

  #allows(address: string): boolean {
    return this.#addressFilter?.blocks(hostOf(address)) !== true;
  }

  get #maxConnections(): number {
    return this.#options.maxConnections ?? SESSION_DEFAULTS.maxConnections;
  }

  #mayDial(): boolean {
    return (
      !this.#closed &&
      this.#dialling < (this.#options.maxHalfOpen ?? SESSION_DEFAULTS.maxHalfOpen) &&
      this.#connections.size + this.#dialling < this.#maxConnections
    );
  }

  async #dial(address: string, wireKey: Uint8Array, signal: AbortSignal): Promise<ByteStream> {
    const transport = this.#options.transports.find((candidate) => candidate.canDial(address));
    if (!transport) throw new Error(`no transport for ${address}`);
    if (!this.#allows(address)) throw new Error('its address is filtered');
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
      tickAll(this.#torrents.values(), now);
      if (this.#connections.size > 0) tickAll([...this.#connections], now);
      if (this.#torrents.size > 0 || this.#connections.size > 0) this.#beat();
    }, HEARTBEAT_MS);
  }

  async #stopListening(): Promise<void> {
    const listeners = this.#listeners;
    this.#listeners = [];
    await Promise.all(listeners.map((listener) => listener.close()));
  }
}

/** One that fails does not keep the others from their turn. */
function tickAll(all: Iterable<{ tick(now: number): void }>, now: number): void {
  for (const ticking of all) {
    try {
      ticking.tick(now);
    } catch (error) {
      surface(error);
    }
  }
}

/** Which of the queue's lines it stands in: none where it is forced, rests, or is not known yet to be complete. */
function placeOf({ forced, paused, error, state }: Torrent): Place {
  if (forced || paused || error || state === 'checking') return undefined;
  return state === 'seeding' ? 'seeds' : 'downloads';
}

function wireKeyOf(infoHash: InfoHash): string {
  return infoHash.hex.slice(0, 40);
}
