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
import { DhtError } from './errors.ts';
import type { DhtEvent, Refusal } from './events.ts';
import type { KrpcCall, KrpcError, KrpcMessage, KrpcQuery, KrpcResponse } from './krpc.ts';
import type { Candidate } from './lookup.ts';
import { compareDistance, isNodeIdFor, nodeIdFor } from './node-id.ts';
import type { DhtNodeOptions } from './node-options.ts';
import { type Question, Questions } from './questions.ts';
import { Responder } from './responder.ts';
import { RoutingTable } from './routing-table.ts';
import { Sources } from './sources.ts';
import { type Findings, type Goal, Task } from './task.ts';
import { Upkeep } from './upkeep.ts';

/** Why a question was asked. */
type Purpose =
  | { readonly kind: 'lookup'; readonly task: Task; readonly candidate: Candidate }
  | { readonly kind: 'store'; readonly task: Task }
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
/** Lookups under way at once, beside the node's own. */
const MAX_TASKS = 200;
/** A lookup that knows nobody to ask waits so long for somebody. */
const PATIENCE_MS = 10_000;
/** Entry points kept, and asked by a lookup when the table is all but empty. */
const MAX_ENTRIES = 100;
const FEW_NODES = 3;

/** An address through which the net can be entered, with the id that was borne there. */
type Entry = Endpoint & { readonly id?: Uint8Array };

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
  readonly #tasks: Set<Task> = new Set();
  /** Those of them that know nobody to ask yet. */
  readonly #idle: Set<Task> = new Set();
  /** Addresses through which the net can be entered, by name, the newest last. */
  readonly #entries: Map<string, Entry> = new Map();
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
      if (wasEmpty && this.#table.size > 0) this.#beginIdle(now);
    }
    switch (purpose.kind) {
      case 'lookup':
        this.#receiveForLookup(purpose.task, purpose.candidate, response, now);
        break;
      case 'store':
        purpose.task.storeEnded('stored');
        this.#advance(purpose.task, now);
        break;
      case 'ping':
        this.#emit({ kind: 'pong', operation: purpose.operation, id: response.id, rttMs: now - sentAt });
        break;
      case 'check':
        this.#endCheck(now);
        break;
      case 'prove':
        this.#endCheck(now);
        this.#answer(purpose.query, to, purpose.size, now, false);
        break;
    }
  }

  #receiveForLookup(task: Task, candidate: Candidate, response: KrpcResponse, now: number): void {
    const own = (this.family === 4 ? response.nodes : response.nodes6) ?? [];
    const others = (this.family === 4 ? response.nodes6 : response.nodes) ?? [];
    if (others.length > 0) this.#options.otherFamily()?.hear(others, now);
    const told = own.filter((contact) => compareDistance(this.id, contact.id, this.id) !== 0);
    if (!this.#tasks.has(task)) return;
    this.#tell(task, task.receive(candidate, response, told));
    this.#advance(task, now);
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
      if (purpose.kind !== 'lookup') continue;
      purpose.task.lookup.late(purpose.candidate);
      this.#advance(purpose.task, now);
    }
    for (const task of [...this.#idle]) if (now - task.startedAt >= PATIENCE_MS) this.#finish(task, now);
    if (this.#options.settings.upkeep && now >= this.#upkeep.nextAt) this.#lookAfter(now);
  }

  nextWake(): number {
    const patience = Math.min(...[...this.#idle].map((task) => task.startedAt + PATIENCE_MS));
    const upkeep = this.#options.settings.upkeep ? this.#upkeep.nextAt : Number.POSITIVE_INFINITY;
    return Math.min(this.#questions.nextWake(), patience, upkeep);
  }

  #giveUp(purpose: Purpose, from: Endpoint, now: number, refusal: Refusal | undefined): void {
    switch (purpose.kind) {
      case 'lookup':
        purpose.task.lookup.fail(purpose.candidate);
        this.#advance(purpose.task, now);
        break;
      case 'store':
        purpose.task.storeEnded(refusal);
        this.#advance(purpose.task, now);
        break;
      case 'ping':
        this.#emit({ kind: 'failed', operation: purpose.operation, error: noPong(from, refusal) });
        break;
      case 'check':
        this.#endCheck(now);
        break;
      case 'prove':
        this.#endCheck(now);
        this.#answer(purpose.query, from, purpose.size, now, false);
        break;
    }
  }

  #lookAfter(now: number): void {
    this.#responder.expire(now);
    const hasEntries = this.#table.size > 0 || this.#entries.size > 0;
    const needs = this.#upkeep.needs(now, this.#table, hasEntries, this.#options.means.random);
    if (needs.target) this.#begin(needs.target, { kind: 'nodes' }, undefined, now, needs.isEntry);
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
    if (this.#tasks.size < MAX_TASKS) this.#begin(target, goal, operation, now, false);
    else this.#emit({ kind: 'failed', operation, error: busy() });
  }

  /** An address where a node may be: a router, a torrent's `nodes`, a peer's PORT message. */
  addEntry(entry: Entry, now: number): void {
    if (!isDialable(entry)) return;
    const name = formatEndpoint(entry);
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    if (this.#entries.size > MAX_ENTRIES) {
      const [oldest] = this.#entries.keys();
      if (oldest !== undefined) this.#entries.delete(oldest);
    }
    this.#check(entry, now, true);
    if (this.#table.size >= FEW_NODES) return;
    this.#beginIdle(now);
    const { entering } = this.#upkeep;
    if (entering) {
      entering.lookup.begin([entry]);
      this.#advance(entering, now);
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
    for (const task of this.#tasks) {
      if (task.operation !== operation) continue;
      this.#tasks.delete(task);
      this.#idle.delete(task);
      this.#questions.forget((purpose) => 'task' in purpose && purpose.task === task);
    }
    this.#questions.forget((purpose) => purpose.kind === 'ping' && purpose.operation === operation);
  }

  // Lookups.

  #enter(now: number): void {
    if (!this.#upkeep.entering) this.#begin(this.id, { kind: 'nodes' }, undefined, now, true);
  }

  #begin(target: Uint8Array, goal: Goal, operation: number | undefined, now: number, isEntry: boolean): void {
    const { settings, means } = this.#options;
    const families: readonly Family[] = this.#options.otherFamily()?.isHungry ? [4, 6] : [this.family];
    const task = new Task(target, goal, { operation, rules: settings, families, means, now });
    this.#tasks.add(task);
    if (operation === undefined) this.#upkeep.begin(task, isEntry);
    this.#tell(task, task.know(this.#responder, now));
    if (!this.#seed(task)) this.#idle.add(task);
    this.#advance(task, now);
  }

  /** Gives a lookup those we know; false where we know nobody. */
  #seed(task: Task): boolean {
    const { k } = this.#options.settings;
    const known = this.#table.closest(task.lookup.target, k);
    const more =
      known.length < FEW_NODES ? [...this.#table.closest(task.lookup.target, k, true), ...this.#entries.values()] : [];
    task.lookup.begin([...known, ...more]);
    return known.length + more.length > 0;
  }

  #beginIdle(now: number): void {
    for (const task of [...this.#idle]) {
      if (!this.#seed(task)) continue;
      this.#idle.delete(task);
      this.#advance(task, now);
    }
  }

  /** Asks on, or goes over to storing, or ends. */
  #advance(task: Task, now: number): void {
    if (!this.#tasks.has(task) || this.#idle.has(task)) return;
    const { lookup } = task;
    for (let candidate = lookup.next(); candidate; candidate = lookup.next()) {
      const isAsked = this.#ask(candidate, task.question(), { kind: 'lookup', task, candidate }, now);
      if (!isAsked) lookup.fail(candidate);
    }
    if (!lookup.isDone) return;
    for (const { candidate, call } of task.takeStores()) {
      if (!this.#ask(candidate, call, { kind: 'store', task }, now)) task.storeEnded(undefined);
    }
    if (!task.isStoring) this.#finish(task, now);
  }

  #finish(task: Task, now: number): void {
    this.#tasks.delete(task);
    this.#idle.delete(task);
    const { operation } = task;
    if (operation !== undefined) this.#emit({ kind: 'done', operation, report: task.report(now) });
    else if (this.#upkeep.end(task, now) && this.#table.size > 0) this.#emit({ kind: 'ready' });
  }

  #tell({ operation }: Task, { peers, item }: Findings): void {
    if (operation === undefined) return;
    if (peers) this.#emit({ kind: 'peers', operation, peers });
    if (item) this.#emit({ kind: 'item', operation, item });
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

  #endCheck(now: number): void {
    this.#checks--;
    const next = this.#toCheck.shift();
    if (next) this.#check(next, now);
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
