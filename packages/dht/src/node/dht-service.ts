// The core in the world: a clock, one timer, sockets that somebody else may own, promises for operations. Decides nothing.
import { performance } from 'node:perf_hooks';
import { type Endpoint, formatEndpoint, normalizeIp } from '@shoal/primitives';
import { type Family, familyOf } from '../addresses.ts';
import { Dht, type DhtOptions } from '../dht.ts';
import { DhtError } from '../errors.ts';
import type { DhtEvent, LookupReport } from '../events.ts';
import { type Item, targetOf } from '../item.ts';
import { KRPC_ERROR } from '../krpc.ts';
import type { DhtSettings } from '../node-options.ts';
import type { DhtStatus } from '../status.ts';
import type { Announcement } from '../task.ts';
import { NODE_MEANS } from './means.ts';
import { type ResolveName, resolveName, resolveNode } from './resolve.ts';

/** A datagram socket of one family. Its owner hands what arrives and begins with `d` to `receive`. */
export interface DhtSocket {
  /** What it throws or rejects with is a datagram lost. */
  send(bytes: Uint8Array, port: number, address: string): void | Promise<void>;
}

/** What a node is started with. */
export interface DhtServiceOptions {
  /** At least one. */
  readonly sockets: Readonly<Partial<Record<Family, DhtSocket>>>;
  /** What `save` answered in an earlier run. Throws DhtError ERR_DHT_STATE for anything else. */
  readonly state?: Uint8Array | undefined;
  /** `HOST:PORT` of nodes to enter the net by; names are resolved, again and again until the net is entered. */
  readonly bootstrap?: readonly string[] | undefined;
  readonly settings?: Partial<DhtSettings> | undefined;
  readonly ids?: DhtOptions['ids'];
  /** Default: the system's resolver. */
  readonly resolve?: ResolveName | undefined;
  /** Others agree on what our address is (BEP 42). */
  readonly onExternalAddress?: ((host: string) => void) | undefined;
}

/** How an operation is ended early. */
export interface OperationOptions {
  readonly signal?: AbortSignal | undefined;
}

/** What becomes of an operation's events; the last one is `pong`, `done` or `failed`. */
type Listener = (event: Extract<DhtEvent, { operation: number }>) => void;

const FIRST_BOOTSTRAP_RETRY_MS = 5_000;
const MAX_BOOTSTRAP_RETRY_MS = 5 * 60_000;

/** A node behind promises: lookups, announces and items, over sockets that somebody else may own. */
export class DhtService {
  readonly #options: DhtServiceOptions;
  readonly #families: readonly Family[];
  readonly #core: Dht;
  readonly #listeners: Map<number, { readonly listen: Listener; readonly fail: (error: DhtError) => void }> = new Map();
  #timer: NodeJS.Timeout | undefined;
  #timerAt: number = Number.POSITIVE_INFINITY;
  #bootstrapTimer: NodeJS.Timeout | undefined;
  #isClosed = false;
  #isReady = false;
  #onReady: (() => void)[] = [];

  constructor(options: DhtServiceOptions) {
    this.#options = options;
    const { sockets, settings, state, ids } = options;
    this.#families = ([4, 6] as const).filter((family) => sockets[family] !== undefined);
    const now = performance.now();
    this.#core = new Dht({ families: this.#families, means: NODE_MEANS, settings, state, ids, now });
    this.#drive();
    if (options.bootstrap?.length) this.#bootstrap(options.bootstrap, FIRST_BOOTSTRAP_RETRY_MS);
  }

  /** Whether a datagram may be one of the DHT's, on a socket that is shared: all of them are dictionaries. */
  static isDht(bytes: Uint8Array): boolean {
    return bytes[0] === 0x64;
  }

  /** Takes a datagram that arrived; `from` as node:dgram gives it. `bytes` may be reused afterwards. */
  receive(bytes: Uint8Array, from: { readonly address: string; readonly port: number }): void {
    if (this.#isClosed) return;
    const host = normalizeIp(from.address);
    if (host === undefined) return;
    this.#core.receive(bytes, { host, port: from.port }, performance.now());
    this.#drive();
  }

  /**
   * Peers of a torrent (20 bytes, a v2 hash truncated), in batches as they are found, each address once, as `host:port`;
   * ends when the lookup does. With `announce` the nearest nodes are told at its end that we are one. Throws the signal's
   * reason, DhtError ERR_DHT_BUSY or ERR_DHT_CLOSED.
   */
  async *peers(
    infoHash: Uint8Array,
    options: OperationOptions & { readonly announce?: Announcement | undefined } = {},
  ): AsyncGenerator<readonly string[], LookupReport, undefined> {
    const batches: (readonly string[])[] = [];
    let wake = (): void => undefined;
    let end: { readonly report: LookupReport } | { readonly error: unknown } | undefined;
    const abort = new AbortController();
    const { signal = abort.signal, announce } = options;
    const onPeers = (peers: readonly Endpoint[]): void => {
      batches.push(peers.map(formatEndpoint));
      wake();
    };
    const both = AbortSignal.any([signal, abort.signal]);
    this.#find(infoHash, announce, onPeers, both)
      .then(
        (report) => {
          end = { report };
        },
        (error: unknown) => {
          end = { error };
        },
      )
      .finally(() => wake());
    try {
      for (;;) {
        const batch = batches.shift();
        if (batch) yield batch;
        else if (end && 'error' in end) throw end.error;
        else if (end) return end.report;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      // Who stops listening wants no more of it.
      abort.abort();
    }
  }

  /** Tells the nodes nearest to an info-hash that we are a peer on `port`. Rejects with ERR_DHT_NOT_STORED where none took it. */
  async announce(
    infoHash: Uint8Array,
    port: number,
    options: OperationOptions & { readonly impliedPort?: boolean | undefined } = {},
  ): Promise<LookupReport> {
    const { impliedPort = false, signal } = options;
    const report = await this.#find(infoHash, { port, impliedPort }, () => undefined, signal);
    if (report.stored === 0) throw notStored(report);
    return report;
  }

  /** The nodes nearest to a target of 20 bytes. */
  async lookup(target: Uint8Array, { signal }: OperationOptions = {}): Promise<LookupReport> {
    let report: LookupReport | undefined;
    await this.#run(
      (now) => this.#core.lookup(target, now),
      (event) => {
        if (event.kind === 'done') report = event.report;
      },
      signal,
    );
    return report as LookupReport;
  }

  /**
   * The item under a target (BEP 44): an immutable one as soon as it is found, of a mutable one the newest that the nearest
   * nodes have. Undefined where there is none. `salt` is part of a mutable item's target and must be given with it.
   */
  async get(
    target: Uint8Array,
    options: OperationOptions & { readonly salt?: Uint8Array; readonly above?: bigint } = {},
  ): Promise<Item | undefined> {
    const { signal, ...rest } = options;
    let item: Item | undefined;
    await this.#run(
      (now) => this.#core.getItem(target, now, rest),
      (event) => {
        if (event.kind === 'item') item = event.item;
      },
      signal,
    );
    return item;
  }

  /**
   * Stores an item at the nodes nearest to it; they forget it after two hours. With `cas` those that hold another sequence
   * number refuse. Rejects with ERR_DHT_CONFLICT where more nodes had something newer than took it, with ERR_DHT_NOT_STORED
   * where none took it, with ERR_DHT_ITEM for what none would take.
   */
  async put(
    item: Item,
    { cas, signal }: OperationOptions & { readonly cas?: bigint | undefined } = {},
  ): Promise<{ readonly target: Uint8Array; readonly report: LookupReport }> {
    let report: LookupReport | undefined;
    await this.#run(
      (now) => this.#core.putItem(item, now, cas),
      (event) => {
        if (event.kind === 'done') report = event.report;
      },
      signal,
    );
    const { stored, refusals } = report as LookupReport;
    const conflicts = refusals.filter(({ code }) => code === KRPC_ERROR.casMismatch || code === KRPC_ERROR.oldSequence);
    if (conflicts.length > stored) {
      const { code, reason } = conflicts[0] as { code: number; reason: string };
      throw new DhtError('ERR_DHT_CONFLICT', `${conflicts.length} nodes hold another item (${code} ${reason})`);
    }
    if (stored === 0) throw notStored(report as LookupReport);
    return { target: targetOf(item, NODE_MEANS.sha1), report: report as LookupReport };
  }

  /** Whether a node is there: its id and how long it took. Rejects with ERR_DHT_TIMEOUT, ERR_DHT_REMOTE, ERR_DHT_ADDRESS. */
  async ping(
    node: string | Endpoint,
    { signal }: OperationOptions = {},
  ): Promise<{ readonly id: Uint8Array; readonly rttMs: number }> {
    const [to] = await this.#resolve(node);
    let pong: { readonly id: Uint8Array; readonly rttMs: number } | undefined;
    await this.#run(
      (now) => this.#core.ping(to as Endpoint, now),
      (event) => {
        if (event.kind === 'pong') pong = { id: event.id, rttMs: event.rttMs };
      },
      signal,
    );
    return pong as { id: Uint8Array; rttMs: number };
  }

  /** An address where a node may be: a torrent's `nodes`, a peer's PORT message. Rejects with ERR_DHT_ADDRESS. */
  async addNode(node: string | Endpoint): Promise<void> {
    for (const endpoint of await this.#resolve(node)) {
      if (this.#isClosed) return;
      this.#core.addNode(endpoint, performance.now());
      this.#drive();
    }
  }

  /** Our address as others see it, where that is known from elsewhere. */
  setExternalAddress(host: string): void {
    const address = normalizeIp(host);
    if (address === undefined || this.#isClosed) return;
    if (!this.#families.includes(familyOf(address))) return;
    this.#core.setExternalAddress(address, performance.now());
    this.#drive();
  }

  /** Resolves when the nodes near to us are known. */
  whenReady({ signal }: OperationOptions = {}): Promise<void> {
    if (this.#isReady) return Promise.resolve();
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const onAbort = (): void => reject(signal?.reason);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#onReady.push(() => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
    });
  }

  /** For `state` of the next run. */
  save(): Uint8Array {
    return this.#core.save();
  }

  /** One line a family. */
  status(): DhtStatus[] {
    return this.#core.status(performance.now());
  }

  /** Ends what is under way with ERR_DHT_CLOSED. The sockets are their owner's. */
  close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#bootstrapTimer);
    const error = new DhtError('ERR_DHT_CLOSED', 'the node was closed');
    for (const { fail } of [...this.#listeners.values()]) fail(error);
    return Promise.resolve();
  }

  async #find(
    infoHash: Uint8Array,
    announce: Announcement | undefined,
    onPeers: (peers: readonly Endpoint[]) => void,
    signal: AbortSignal | undefined,
  ): Promise<LookupReport> {
    let report: LookupReport | undefined;
    await this.#run(
      (now) => this.#core.peers(infoHash, now, announce),
      (event) => {
        if (event.kind === 'peers') onPeers(event.peers);
        if (event.kind === 'done') report = event.report;
      },
      signal,
    );
    return report as LookupReport;
  }

  /** Starts an operation and resolves when it has ended. */
  #run(begin: (now: number) => number, listen: Listener, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) throw new DhtError('ERR_DHT_CLOSED', 'the node was closed');
      signal?.throwIfAborted();
      const operation = begin(performance.now());
      const end = (): void => {
        this.#listeners.delete(operation);
        signal?.removeEventListener('abort', onAbort);
      };
      const fail = (error: unknown): void => {
        end();
        reject(error);
      };
      const onAbort = (): void => {
        this.#core.cancel(operation);
        fail(signal?.reason);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#listeners.set(operation, {
        listen: (event) => {
          listen(event);
          if (event.kind === 'failed') fail(event.error);
          if (event.kind !== 'done' && event.kind !== 'pong') return;
          end();
          resolve();
        },
        fail,
      });
      this.#drive();
    });
  }

  #resolve(node: string | Endpoint): Promise<Endpoint[]> {
    return resolveNode(node, this.#families, this.#options.resolve ?? resolveName);
  }

  #bootstrap(nodes: readonly string[], retryMs: number): void {
    // One that cannot be resolved is no reason to do without the others.
    for (const node of nodes) this.addNode(node).catch(() => undefined);
    this.#bootstrapTimer = setTimeout(() => {
      if (!this.#isReady) this.#bootstrap(nodes, Math.min(2 * retryMs, MAX_BOOTSTRAP_RETRY_MS));
    }, retryMs);
    this.#bootstrapTimer.unref();
  }

  /** Sends and tells what has come out, and sets the timer. */
  #drive(): void {
    for (let output = this.#core.poll(); output; output = this.#core.poll()) {
      if (output.kind === 'datagram') {
        this.#send(output.bytes, output.to);
      } else if (output.kind === 'ready') {
        this.#isReady = true;
        for (const resolve of this.#onReady.splice(0)) resolve();
      } else if (output.kind === 'external-address') {
        this.#options.onExternalAddress?.(output.host);
      } else {
        this.#listeners.get(output.operation)?.listen(output);
      }
    }
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isClosed) return;
    const at = this.#core.nextWake();
    // One that goes off too early costs a look; setting it anew for each datagram would cost more.
    if (this.#timer === undefined || at < this.#timerAt) {
      clearTimeout(this.#timer);
      this.#timerAt = at;
      this.#timer =
        at === Number.POSITIVE_INFINITY
          ? undefined
          : setTimeout(() => this.#wake(), Math.max(1, at - performance.now()));
    }
    // Operations keep the process alive, a node that only serves others is kept alive by its sockets.
    if (this.#listeners.size > 0) this.#timer?.ref();
    else this.#timer?.unref();
  }

  #wake(): void {
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
    this.#core.tick(performance.now());
    this.#drive();
  }

  #send(bytes: Uint8Array, { host, port }: Endpoint): void {
    try {
      const sending = this.#options.sockets[familyOf(host)]?.send(bytes, port, host);
      if (sending instanceof Promise) sending.catch(() => undefined);
    } catch {
      // Lost, as datagrams may be: whoever waits for the answer finds out.
    }
  }
}

function notStored({ answered, refusals }: LookupReport): DhtError {
  const why = refusals[0] ? `the first said ${refusals[0].code} ${refusals[0].reason}` : `${answered} nodes answered`;
  return new DhtError('ERR_DHT_NOT_STORED', `no node took it: ${why}`);
}
