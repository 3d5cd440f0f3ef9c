// A node in one or both of the two nets, IPv4 and IPv6 (BEP 32): the same commands, one answer.
// Invariants: an operation is started in every family that is there, and ends once, when it has ended in all of them; what
// is told of it is told once.
import { type Endpoint, formatEndpoint } from '@shoal/primitives';
import { type Family, familyOf, isDialable } from './addresses.ts';
import { DhtError } from './errors.ts';
import type { DhtEvent, LookupReport } from './events.ts';
import { checkItem, type Item, targetOf } from './item.ts';
import { MAX_SALT_LENGTH } from './krpc.ts';
import { type Datagram, DhtNode } from './node.ts';
import { ID_LENGTH } from './node-id.ts';
import { DEFAULT_DHT_SETTINGS, type DhtMeans, type DhtSettings, type OtherFamily } from './node-options.ts';
import { decodeState, encodeState } from './state.ts';
import { type DhtStatus, statusOf } from './status.ts';
import type { Announcement, Goal } from './task.ts';

/** What a node is made with. */
export interface DhtOptions {
  /** Those there are sockets for; at least one. */
  readonly families: readonly Family[];
  readonly means: DhtMeans;
  readonly settings?: Partial<DhtSettings> | undefined;
  /** What `save` answered in an earlier run. */
  readonly state?: Uint8Array | undefined;
  /** Ids to bear; otherwise those of the state, or random ones. */
  readonly ids?: Partial<Record<Family, Uint8Array>> | undefined;
  /** Milliseconds on the clock that all later times are of. */
  readonly now: number;
}

/** What comes out: datagrams to send, and news. */
export type DhtOutput = { readonly kind: 'datagram'; readonly to: Endpoint; readonly bytes: Uint8Array } | DhtEvent;

/** An operation under way in more than one family. */
interface Operation {
  /** Families it has not ended in. */
  left: number;
  report: LookupReport | undefined;
  error: DhtError | undefined;
  seq: bigint | undefined;
}

/** A node in one or both of the nets, without sockets, timers or a clock: datagrams and times come in, datagrams and news go out. */
export class Dht {
  readonly #nodes: ReadonlyMap<Family, DhtNode>;
  readonly #means: DhtMeans;
  readonly #out: DhtOutput[] = [];
  #taken = 0;
  readonly #operations: Map<number, Operation> = new Map();
  #lastOperation = 0;

  /** Throws DhtError ERR_DHT_STATE for a state that is none, RangeError for no families or an id of another length. */
  constructor(options: DhtOptions) {
    const { families, means, now } = options;
    if (families.length === 0) throw new RangeError('a node needs at least one family');
    const settings = { ...DEFAULT_DHT_SETTINGS, ...options.settings };
    const state = options.state && decodeState(options.state);
    this.#means = means;
    const ids = { ...state?.ids, ...options.ids };
    const send = ({ to, bytes }: Datagram): void => void this.#out.push({ kind: 'datagram', to, bytes });
    const nodes = new Map<Family, DhtNode>();
    for (const family of families) {
      const id = ids[family];
      if (id !== undefined) checkHash('a node id', id);
      const otherFamily = (): OtherFamily | undefined => {
        const other = family === 4 ? 6 : 4;
        const node = nodes.get(other);
        return (
          node && {
            family: other,
            isHungry: node.isHungry,
            closest: (target) => node.closest(target),
            hear: (contacts, at) => node.hear(contacts, at),
          }
        );
      };
      nodes.set(
        family,
        new DhtNode({ family, means, settings, id, now, otherFamily }, send, (event) => this.#take(event)),
      );
    }
    this.#nodes = nodes;
    for (const contact of state?.nodes ?? []) this.addNode(contact, now);
  }

  /** Takes a datagram. `from.host` is canonical text; `bytes` may be reused afterwards. Never throws for what is in it. */
  receive(bytes: Uint8Array, from: Endpoint, now: number): void {
    this.#nodes.get(familyOf(from.host))?.receive(bytes, from, now);
  }

  tick(now: number): void {
    for (const node of this.#nodes.values()) node.tick(now);
  }

  /** When `tick` has something to do next. May be past. */
  nextWake(): number {
    return Math.min(...[...this.#nodes.values()].map((node) => node.nextWake()));
  }

  /** The next datagram or event; undefined where there is none. Drain it after each call of another method. */
  poll(): DhtOutput | undefined {
    const output = this.#out[this.#taken];
    if (output === undefined) {
      this.#out.length = 0;
      this.#taken = 0;
    } else {
      this.#taken++;
    }
    return output;
  }

  /** Asks one node whether it is there. Ends in `pong` or `failed`. Throws DhtError ERR_DHT_ADDRESS without a socket of that family. */
  ping(to: Endpoint, now: number): number {
    const node = this.#nodes.get(familyOf(to.host));
    if (!node || !isDialable(to)) {
      throw new DhtError('ERR_DHT_ADDRESS', `cannot be sent to from here: ${formatEndpoint(to)}`);
    }
    const operation = this.#open(1);
    node.ping(to, operation, now);
    return operation;
  }

  /** Finds the nodes nearest to a target of 20 bytes. Ends in `done`. */
  lookup(target: Uint8Array, now: number): number {
    return this.#start(target, { kind: 'nodes' }, now);
  }

  /** Finds peers: `peers` events as they are found, then `done`. With `announce`, announces to the nearest nodes then. */
  peers(infoHash: Uint8Array, now: number, announce?: Announcement): number {
    if (announce && !(Number.isInteger(announce.port) && announce.port >= 1 && announce.port <= 65_535)) {
      throw new RangeError(`port ${announce.port} is not in 1 to 65535`);
    }
    return this.#start(infoHash, { kind: 'peers', announce }, now);
  }

  /** Finds an item (BEP 44): an `item` event for each that is newer than the one before, then `done`. */
  getItem(
    target: Uint8Array,
    now: number,
    options: { readonly salt?: Uint8Array; readonly above?: bigint } = {},
  ): number {
    const { salt = new Uint8Array(0), above } = options;
    if (salt.length > MAX_SALT_LENGTH)
      throw new RangeError(`a salt of ${salt.length} bytes, ${MAX_SALT_LENGTH} at most`);
    return this.#start(target, { kind: 'item', salt, above }, now);
  }

  /** Stores an item at the nearest nodes. `item` events for what lay there, then `done`. Throws DhtError ERR_DHT_ITEM. */
  putItem(item: Item, now: number, cas?: bigint): number {
    checkItem(item, this.#means);
    const salt = item.kind === 'mutable' ? item.salt : new Uint8Array(0);
    return this.#start(targetOf(item, this.#means.sha1), { kind: 'item', salt, put: { item, cas } }, now);
  }

  /** An address where a node may be. It stands in the table once it has answered. */
  addNode(node: Endpoint, now: number): void {
    this.#nodes.get(familyOf(node.host))?.addEntry(node, now);
  }

  /** Our address as others see it, where that is known from elsewhere. */
  setExternalAddress(host: string, now: number): void {
    this.#nodes.get(familyOf(host))?.setExternalAddress(host, now);
  }

  /** Ends an operation; no event bears its number any more. */
  cancel(operation: number): void {
    this.#operations.delete(operation);
    for (const node of this.#nodes.values()) node.cancel(operation);
  }

  /** For `state` of the next run. */
  save(): Uint8Array {
    const nodes = [...this.#nodes.values()];
    const ids = Object.fromEntries(nodes.map(({ family, id }) => [family, id]));
    // Those of the table answered once; the freshest first, in case not all fit.
    const known = nodes.flatMap((node) => [...node.table].sort((a, b) => b.lastSeen - a.lastSeen));
    return encodeState({ ids, nodes: known });
  }

  status(now: number): DhtStatus[] {
    return [...this.#nodes.values()].map((node) => statusOf(node, now));
  }

  #start(target: Uint8Array, goal: Goal, now: number): number {
    checkHash('a target', target);
    const operation = this.#open(this.#nodes.size);
    for (const node of this.#nodes.values()) node.start(target, goal, operation, now);
    return operation;
  }

  #open(left: number): number {
    this.#lastOperation++;
    this.#operations.set(this.#lastOperation, { left, report: undefined, error: undefined, seq: undefined });
    return this.#lastOperation;
  }

  #take(event: DhtEvent): void {
    if (!('operation' in event)) {
      this.#out.push(event);
      return;
    }
    const operation = this.#operations.get(event.operation);
    if (!operation) return;
    switch (event.kind) {
      case 'peers':
        this.#out.push(event);
        return;
      case 'item': {
        // The other net may have had a newer one already.
        const seq = event.item.kind === 'mutable' ? event.item.seq : 0n;
        if (operation.seq !== undefined && seq <= operation.seq) return;
        operation.seq = seq;
        this.#out.push(event);
        return;
      }
      case 'done':
        operation.report = operation.report ? together(operation.report, event.report) : event.report;
        break;
      case 'failed':
        operation.error = event.error;
        break;
      case 'pong':
        this.#out.push(event);
        break;
    }
    operation.left--;
    if (operation.left > 0) return;
    this.#operations.delete(event.operation);
    const { report, error } = operation;
    if (report) this.#out.push({ kind: 'done', operation: event.operation, report });
    else if (error) this.#out.push({ kind: 'failed', operation: event.operation, error });
  }
}

function checkHash(what: string, hash: Uint8Array): void {
  if (hash.length !== ID_LENGTH) throw new RangeError(`${what} has ${ID_LENGTH} bytes, not ${hash.length}`);
}

function together(a: LookupReport, b: LookupReport): LookupReport {
  return {
    closest: [...a.closest, ...b.closest],
    asked: a.asked + b.asked,
    answered: a.answered + b.answered,
    failed: a.failed + b.failed,
    hops: Math.max(a.hops, b.hops),
    durationMs: Math.max(a.durationMs, b.durationMs),
    stored: a.stored + b.stored,
    refusals: [...a.refusals, ...b.refusals],
  };
}
