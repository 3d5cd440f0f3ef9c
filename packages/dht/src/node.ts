// One node of one family: all that happens to it, in one place. Bytes, time and commands go in; datagrams and events come
// out through the two lists it is given.
// Invariants: an answer counts only for the question it is to; only who has answered us stands in the table; each operation
// ends once.
import { type Endpoint, formatEndpoint } from '@shoal/primitives';
import { AddressVotes } from './address-votes.ts';
import { crowdOf, type Family, isDialable, isLocalAddress } from './addresses.ts';
import type { Contact } from './contacts.ts';
import { decodeKrpc } from './decode-krpc.ts';
import { encodeKrpc } from './encode-krpc.ts';
import { Entries, type Entry } from './entries.ts';
import { DhtError } from './errors.ts';
import type { DhtEvent, Refusal } from './events.ts';
import type { KrpcCall, KrpcError, KrpcMessage, KrpcQuery, KrpcResponse } from './krpc.ts';
import { compareDistance, isNodeIdFor, nodeIdFor } from './node-id.ts';
import type { DhtNodeOptions } from './node-options.ts';
import { type Question, Questions } from './questions.ts';
import { Responder } from './responder.ts';
import { RoutingTable } from './routing-table.ts';
import { Sources } from './sources.ts';
import type { Goal } from './task.ts';
import { MAX_TASKS, type TaskHost, type TaskPurpose, Tasks } from './tasks.ts';
import { Upkeep } from './upkeep.ts';

/** Why a question was asked. */
type Purpose =
  | TaskPurpose
  | { readonly kind: 'ping'; readonly operation: number }
  /** Whether a node is there and has a place in the table. */
  | { readonly kind: 'check' }
  /** Whether an asker is where it claims to be, before it gets a large answer. */
  | { readonly kind: 'prove'; readonly query: KrpcQuery; readonly size: number };

/** Questions that wait at once; each is some hundred bytes. */
const MAX_QUESTIONS = 2_000;
/** Of them such as strangers make us ask. */
const MAX_CHECKS = 32;
/** Checks put off, of nodes that we were told of by our own side. */
const MAX_WAITING_CHECKS = 400;
/** With fewer nodes than these in the table, a lookup begins with the entries too. */
const FEW_NODES = 3;

export interface Datagram {
  readonly to: Endpoint;
  readonly bytes: Uint8Array;
}

/** Datagrams since the start. */
export interface DhtTraffic {
  received: number;
  sent: number;
  /** No messages, or answers to nothing that was asked. */
  ignored: number;
  /** Over their address's rate. */
  limited: number;
}

export class DhtNode {
  readonly #options: DhtNodeOptions;
  readonly #send: (datagram: Datagram) => void;
  readonly #emit: (event: DhtEvent) => void;
  readonly #questions: Questions<Purpose>;
  readonly #sources: Sources;
  readonly #responder: Responder;
  readonly #votes: AddressVotes = new AddressVotes();
  readonly #upkeep: Upkeep;
  readonly #tasks: Tasks;
  readonly #entries: Entries = new Entries();
  readonly traffic: DhtTraffic = { received: 0, sent: 0, ignored: 0, limited: 0 };
  #table: RoutingTable;
  #checks = 0;
  /** Nodes whose turn to be checked has not come. */
  readonly #toCheck: Endpoint[] = [];
  #externalAddress: string | undefined;

  constructor(options: DhtNodeOptions, send: (datagram: Datagram) => void, emit: (event: DhtEvent) => void) {
    const { means, settings, family, now } = options;
    this.#options = options;
    this.#send = send;
    this.#emit = emit;
    this.#table = new RoutingTable(options.id ?? means.random(20), settings, now);
    this.#questions = new Questions(means.random, MAX_QUESTIONS);
    this.#sources = new Sources(settings.sources);
    this.#upkeep = new Upkeep(now);
    this.#responder = new Responder(
      {
        family,
        means,
        random: means.random,
        randomNumber: () => this.#fraction(),
        version: settings.version,
        peerLimits: settings.peers,
        itemLimits: settings.items,
        closest: (wanted, target) =>
          wanted === family ? this.closest(target) : this.#options.otherFamily()?.closest(target),
      },
      now,
    );
    this.#tasks = new Tasks(this.#taskHost());
  }

  get family(): Family {
    return this.#options.family;
  }

  get id(): Uint8Array {
    return this.#table.id;
  }

  get table(): RoutingTable {
    return this.#table;
  }

  get stores(): Pick<Responder, 'peers' | 'items'> {
    return this.#responder;
  }

  get externalAddress(): string | undefined {
    return this.#externalAddress;
  }

  get lookups(): number {
    return this.#tasks.size;
  }

  /** Whether there are too few nodes in the table. */
  get isHungry(): boolean {
    return this.#table.size < this.#options.settings.k;
  }

  closest(target: Uint8Array): readonly Contact[] {
    return this.#table.closest(target, this.#options.settings.k);
  }

  // What arrives.

  /** Takes a datagram from a canonical address. `bytes` may be reused afterwards. */
  receive(bytes: Uint8Array, from: Endpoint, now: number): void {
    this.traffic.received++;
    const name = formatEndpoint(from);
    if (!this.#questions.isAwaited(name) && !this.#sources.take(from.host, now)) {
      this.traffic.limited++;
      return;
    }
    const message = isDialable(from) ? messageIn(bytes) : undefined;
    if (message?.kind === 'query') {
      this.#receiveQuery(message, from, bytes.length, now);
      return;
    }
    const question = message && this.#questions.take(message.transactionId, name, now);
    if (!question) {
      this.traffic.ignored++;
      return;
    }
    this.#sources.prove(from.host, now);
    if (message.kind === 'response') this.#receiveResponse(question, message, now);
    else this.#receiveError(question, message, now);
  }

  #receiveQuery(query: KrpcQuery, from: Endpoint, size: number, now: number): void {
    const contact: Contact = { id: query.id, host: from.host, port: from.port };
    this.#table.asked(contact, now);
    if (!this.#options.settings.readOnly) this.#answer(query, from, size, now, true);
    if (!query.readOnly && this.#table.isWanted(contact)) this.#check(from, now);
  }

  #answer(query: KrpcQuery, from: Endpoint, size: number, now: number, mayProve: boolean): void {
    const isProven = this.#sources.isProven(from.host, now);
    const answer = this.#responder.answer(query, from, size, this.id, isProven, now);
    if (!answer) return;
    if (answer.proves) this.#sources.prove(from.host, now);
    // Its answer to a ping of ours is a proof; who is read-only will give none and gets what there is.
    if (answer.lacksItem && mayProve && !query.readOnly && this.#checks < MAX_CHECKS) {
      this.#checks++;
      if (this.#ask(from, { method: 'ping' }, { kind: 'prove', query, size }, now)) return;
      this.#checks--;
    }
    this.#transmit(from, answer.bytes);
  }

  #receiveResponse({ to, purpose, sentAt }: Question<Purpose>, response: KrpcResponse, now: number): void {
    const contact: Contact = { id: response.id, host: to.host, port: to.port };
    if (response.ip) this.#vote(to, response.ip.host, now);
    if (!this.#options.settings.enforceIds || isNodeIdFor(response.id, to.host)) {
      const wasEmpty = this.#table.size === 0;
      this.#table.answered(contact, now);
      if (wasEmpty && this.#table.size > 0) this.#tasks.wake(now);
    }
    switch (purpose.kind) {
      case 'lookup':
      case 'probe':
      case 'store':
        this.#tasks.receive(purpose, response, this.#contactsIn(response, now), now);
        break;
      case 'ping':
        this.#emit({ kind: 'pong', operation: purpose.operation, id: response.id, rttMs: now - sentAt });
        break;
      case 'check':
      case 'prove':
        this.#endCheck(purpose, to, now);
        break;
    }
  }

  /** Nodes of our family that an answer tells of; those of the other one are for our twin. */
  #contactsIn(response: KrpcResponse, now: number): readonly Contact[] {
    const { nodes = [], nodes6 = [] } = response;
    const [own, others] = this.family === 4 ? [nodes, nodes6] : [nodes6, nodes];
    if (others.length > 0) this.#options.otherFamily()?.hear(others, now);
    return own.filter((contact) => compareDistance(this.id, contact.id, this.id) !== 0);
  }

  #receiveError({ to, purpose }: Question<Purpose>, error: KrpcError, now: number): void {
    if (error.ip) this.#vote(to, error.ip.host, now);
    const { code, reason } = error;
    this.#giveUp(purpose, to, now, { code, reason });
  }

  #vote(voter: Endpoint, host: string, now: number): void {
    // Nodes of our own network see our address there, and the world does not.
    if (host.includes(':') !== (this.family === 6) || !isDialable({ host, port: 1 }) || isLocalAddress(host)) return;
    const agreed = this.#votes.vote(crowdOf(voter), host);
    if (agreed !== undefined && agreed !== this.#externalAddress) this.setExternalAddress(agreed, now);
  }

  // What time does.

  /** Gives up on those who have been silent too long, and looks after the table. Call at `nextWake`, or whenever. */
  tick(now: number): void {
    for (const { purpose, to, sentAt } of this.#questions.expired(now)) {
      this.#table.failed(to, sentAt, now);
      this.#giveUp(purpose, to, now, undefined);
    }
    for (const { purpose } of this.#questions.late(now)) {
      if (purpose.kind === 'lookup') this.#tasks.late(purpose, now);
    }
    this.#tasks.tick(now);
    if (this.#options.settings.upkeep && now >= this.#upkeep.nextAt) this.#lookAfter(now);
  }

  nextWake(): number {
    const upkeep = this.#options.settings.upkeep ? this.#upkeep.nextAt : Number.POSITIVE_INFINITY;
    return Math.min(this.#questions.nextWake(), this.#tasks.nextWake(), upkeep);
  }

  #giveUp(purpose: Purpose, from: Endpoint, now: number, refusal: Refusal | undefined): void {
    switch (purpose.kind) {
      case 'lookup':
      case 'probe':
      case 'store':
        this.#tasks.giveUp(purpose, refusal, now);
        break;
      case 'ping':
        this.#emit({ kind: 'failed', operation: purpose.operation, error: noPong(from, refusal) });
        break;
      case 'check':
      case 'prove':
        this.#endCheck(purpose, from, now);
        break;
    }
  }

  #lookAfter(now: number): void {
    this.#responder.expire(now);
    const hasEntries = this.#table.size > 0 || this.#entries.size > 0;
    const needs = this.#upkeep.needs(now, this.#table, hasEntries, this.#options.means.random);
    if (needs.target) this.#lookUp(needs.target, needs.isEntry, now);
    if (needs.doubtful) this.#check(needs.doubtful, now);
  }

  /** Nodes of this family that the other one was told of (BEP 32). */
  hear(contacts: readonly Contact[], now: number): void {
    if (!this.isHungry) return;
    for (const contact of contacts) {
      if (this.#table.size < FEW_NODES) this.addEntry(contact, now);
      else if (isDialable(contact) && this.#table.isWanted(contact)) this.#check(contact, now);
    }
  }

  // Commands. Those with an operation end in an event that bears it.

  ping(to: Endpoint, operation: number, now: number): void {
    if (this.#ask(to, { method: 'ping' }, { kind: 'ping', operation }, now)) return;
    this.#emit({ kind: 'failed', operation, error: busy() });
  }

  start(target: Uint8Array, goal: Goal, operation: number, now: number): void {
    if (this.#tasks.size < MAX_TASKS) this.#tasks.advance(this.#tasks.begin(target, goal, operation, now), now);
    else this.#emit({ kind: 'failed', operation, error: busy() });
  }

  /** An address where a node may be: a router, a torrent's `nodes`, a peer's PORT message. */
  addEntry(entry: Entry, now: number): void {
    if (!isDialable(entry)) return;
    this.#entries.add(entry);
    this.#check(entry, now, true);
    if (this.#table.size >= FEW_NODES) return;
    this.#tasks.wake(now);
    const { entering } = this.#upkeep;
    if (entering) {
      entering.lookup.begin([entry]);
      this.#tasks.advance(entering, now);
    } else {
      this.#enter(now);
    }
  }

  /** Who we are to others. Takes a new id where the one we have cannot be borne there (BEP 42). */
  setExternalAddress(host: string, now: number): void {
    this.#externalAddress = host;
    this.#emit({ kind: 'external-address', host });
    const { means, settings } = this.#options;
    if (isNodeIdFor(this.id, host)) return;
    const former = [...this.#table];
    this.#table = new RoutingTable(nodeIdFor(host, means.random), settings, now);
    for (const node of former) this.#table.answered(node, now);
    if (settings.upkeep) this.#enter(now);
  }

  /** Ends an operation without an event. */
  cancel(operation: number): void {
    const cancelled = this.#tasks.cancel(operation);
    this.#questions.forget((purpose) => 'task' in purpose && cancelled.includes(purpose.task));
    this.#questions.forget((purpose) => purpose.kind === 'ping' && purpose.operation === operation);
  }

  // Lookups.

  /** Finds those nearest to our own id, and is known to them. */
  #enter(now: number): void {
    if (!this.#upkeep.entering) this.#lookUp(this.id, true, now);
  }

  #lookUp(target: Uint8Array, isEntry: boolean, now: number): void {
    const task = this.#tasks.begin(target, { kind: 'nodes' }, undefined, now);
    this.#upkeep.begin(task, isEntry);
    this.#tasks.advance(task, now);
  }

  #known(target: Uint8Array): readonly Entry[] {
    const { k } = this.#options.settings;
    const known = this.#table.closest(target, k);
    if (known.length >= FEW_NODES) return known;
    return [...known, ...this.#table.closest(target, k, true), ...this.#entries.list()];
  }

  #taskHost(): TaskHost {
    const { means, settings } = this.#options;
    return {
      settings,
      means,
      stores: this.#responder,
      families: () => (this.#options.otherFamily()?.isHungry ? [4, 6] : [this.family]),
      known: (target) => this.#known(target),
      ask: (to, call, purpose, now) => this.#ask(to, call, purpose, now),
      found: (operation, { peers, item }) => {
        if (peers) this.#emit({ kind: 'peers', operation, peers });
        if (item) this.#emit({ kind: 'item', operation, item });
      },
      done: (operation, report) => this.#emit({ kind: 'done', operation, report }),
      ownDone: (task, now) => {
        if (this.#upkeep.end(task, now) && this.#table.size > 0) this.#emit({ kind: 'ready' });
      },
    };
  }

  // What leaves.

  #check(node: Endpoint, now: number, mayWait = false): void {
    if (this.#questions.isAwaited(formatEndpoint(node))) return;
    if (this.#checks >= MAX_CHECKS) {
      if (mayWait && this.#toCheck.length < MAX_WAITING_CHECKS) this.#toCheck.push(node);
    } else if (this.#ask(node, { method: 'ping' }, { kind: 'check' }, now)) {
      this.#checks++;
    }
  }

  /** Whether or not it answered: who was to prove where it is gets its answer now, the larger one if it has. */
  #endCheck(purpose: Extract<Purpose, { kind: 'check' | 'prove' }>, of: Endpoint, now: number): void {
    this.#checks--;
    const next = this.#toCheck.shift();
    if (next) this.#check(next, now);
    if (purpose.kind === 'prove') this.#answer(purpose.query, of, purpose.size, now, false);
  }

  #ask({ host, port }: Endpoint, call: KrpcCall, purpose: Purpose, now: number): boolean {
    const to = { host, port };
    const question = this.#questions.ask(to, purpose, now);
    if (!question) return false;
    const { transactionId } = question;
    const { readOnly, version } = this.#options.settings;
    this.#transmit(to, encodeKrpc({ kind: 'query', transactionId, version, id: this.id, readOnly, call }));
    return true;
  }

  #transmit(to: Endpoint, bytes: Uint8Array): void {
    this.traffic.sent++;
    this.#send({ to, bytes });
  }

  #fraction(): number {
    const [a = 0, b = 0, c = 0] = this.#options.means.random(3);
    return ((a << 16) | (b << 8) | c) / 0x100_0000;
  }
}

function messageIn(bytes: Uint8Array): KrpcMessage | undefined {
  try {
    return decodeKrpc(Uint8Array.from(bytes));
  } catch (error) {
    if (error instanceof DhtError) return undefined;
    throw error;
  }
}

function busy(): DhtError {
  return new DhtError('ERR_DHT_BUSY', `${MAX_QUESTIONS} questions or ${MAX_TASKS} lookups are under way already`);
}

function noPong(node: Endpoint, refusal: Refusal | undefined): DhtError {
  const name = formatEndpoint(node);
  if (!refusal) return new DhtError('ERR_DHT_TIMEOUT', `${name} did not answer`);
  return new DhtError('ERR_DHT_REMOTE', `${name} answered with error ${refusal.code}: ${refusal.reason}`);
}
