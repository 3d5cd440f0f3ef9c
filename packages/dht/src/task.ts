// A lookup and what it is for: nodes, peers or an item, and what is to be stored at its end.
// Invariants: no peer and no item is told twice; an item is told only when it is genuine, and newer than the one before;
// what is stored goes only to nodes that gave a token, each of them once.
import { bytesEqual, type Endpoint, formatEndpoint } from '@shoal/primitives';
import { type Family, isDialable, isLocalAddress } from './addresses.ts';
import type { Contact } from './contacts.ts';
import type { LookupReport, Refusal } from './events.ts';
import { type Item, type ItemMeans, isGenuine } from './item.ts';
import type { ItemStore } from './item-store.ts';
import type { KrpcCall, KrpcResponse } from './krpc.ts';
import { type Candidate, Lookup, type LookupRules } from './lookup.ts';
import type { PeerStore } from './peer-store.ts';

export type Goal =
  | { readonly kind: 'nodes' }
  | { readonly kind: 'peers'; readonly announce?: Announcement | undefined }
  | {
      readonly kind: 'item';
      /** Of a mutable item; empty where there is none. */
      readonly salt: Uint8Array;
      /** Only items above this are of interest. */
      readonly above?: bigint | undefined;
      readonly put?: { readonly item: Item; readonly cas?: bigint | undefined } | undefined;
    };

type ItemGoal = Extract<Goal, { kind: 'item' }>;

/** What is told of ourselves at the end of a lookup (BEP 5 `announce_peer`). */
export interface Announcement {
  /** Where peers connect to. */
  readonly port: number;
  /** The datagram's source port is where peers connect to (uTP behind a NAT): `port` is what others fall back to. */
  readonly impliedPort: boolean;
}

/** What is stored here for others. */
export interface TaskStores {
  readonly peers: PeerStore;
  readonly items: ItemStore;
}

/** What an answer brought that is news. */
export interface Findings {
  readonly peers?: readonly Endpoint[];
  readonly item?: Item;
}

/** Peers of one lookup; more would only be lies or a swarm that needs no more. */
const MAX_PEERS = 2_000;

export class Task {
  readonly lookup: Lookup;
  readonly startedAt: number;
  /** Of the caller; undefined for the node's own upkeep. */
  readonly operation: number | undefined;
  readonly #goal: Goal;
  readonly #families: readonly Family[];
  readonly #means: ItemMeans;
  readonly #seen: Set<string> = new Set();
  /** Those that hold an item of the target: only they can compare and swap (BEP 44). */
  readonly #holders: Set<Candidate> = new Set();
  #item: Item | undefined;
  #outstanding = 0;
  #isEnding = false;
  #stored = 0;
  readonly #refusals: Refusal[] = [];

  constructor(
    target: Uint8Array,
    goal: Goal,
    context: {
      readonly operation: number | undefined;
      readonly rules: LookupRules;
      /** The node's own, and the other one where its nodes are wanted too (BEP 32). */
      readonly families: readonly Family[];
      readonly means: ItemMeans;
      readonly now: number;
    },
  ) {
    this.lookup = new Lookup(target, context.rules);
    this.#goal = goal;
    this.operation = context.operation;
    this.#families = context.families;
    this.#means = context.means;
    this.startedAt = context.now;
  }

  /** What each node is asked. */
  question(): KrpcCall {
    const { target } = this.lookup;
    const want = this.#families.length > 1 ? this.#families : undefined;
    const goal = this.#goal;
    switch (goal.kind) {
      case 'nodes':
        return { method: 'find_node', target, want };
      case 'peers':
        return { method: 'get_peers', infoHash: target, want };
      case 'item':
        return { method: 'get', target, want, seq: goal.above };
    }
  }

  /** Takes an answer; says what in it is news. */
  receive(candidate: Candidate, response: KrpcResponse, contacts: readonly Contact[]): Findings {
    this.lookup.receive(candidate, response.id, contacts, response.token);
    switch (this.#goal.kind) {
      case 'nodes':
        return {};
      case 'peers': {
        const peers = this.#newPeers(response.values ?? [], isLocalAddress(candidate.host));
        return peers.length > 0 ? { peers } : {};
      }
      case 'item': {
        const item = this.#itemIn(candidate, response, this.#goal);
        return item ? { item } : {};
      }
    }
  }

  /** What is stored here ourselves: in a net of two nodes the other one's peers are nowhere else. */
  know(stores: TaskStores, now: number): Findings {
    const { target } = this.lookup;
    switch (this.#goal.kind) {
      case 'nodes':
        return {};
      case 'peers': {
        const peers = this.#newPeers(
          stores.peers.peers(target, MAX_PEERS, now, () => 0),
          true,
        );
        return peers.length > 0 ? { peers } : {};
      }
      case 'item': {
        const known = stores.items.get(target, now);
        // The salt is for the asker to know, whoever stores the item.
        const isMeant = known?.kind !== 'mutable' || bytesEqual(known.salt, this.#goal.salt);
        const item = known && isMeant ? this.#newItem(known, this.#goal) : undefined;
        return item ? { item } : {};
      }
    }
  }

  /** What to send to whom, now that the lookup is done; nothing the second time. Each is to be told of by `storeEnded`. */
  takeStores(): { candidate: Candidate; call: KrpcCall }[] {
    if (this.#isEnding) return [];
    this.#isEnding = true;
    this.lookup.stop();
    const stores = this.lookup.closest().flatMap((candidate) => {
      const call = candidate.token && this.#store(candidate, candidate.token);
      return call ? [{ candidate, call }] : [];
    });
    this.#outstanding = stores.length;
    return stores;
  }

  /** A node has taken it, or refused, or not answered (neither). */
  storeEnded(outcome: 'stored' | Refusal | undefined): void {
    this.#outstanding--;
    if (outcome === 'stored') this.#stored++;
    else if (outcome) this.#refusals.push(outcome);
  }

  get isStoring(): boolean {
    return this.#outstanding > 0;
  }

  report(now: number): LookupReport {
    const { asked, answered, failed, hops } = this.lookup;
    return {
      closest: this.lookup.closest().map(({ id, host, port }) => ({ id: Uint8Array.from(id), host, port })),
      asked,
      answered,
      failed,
      hops,
      durationMs: now - this.startedAt,
      stored: this.#stored,
      refusals: this.#refusals,
    };
  }

  #store(candidate: Candidate, token: Uint8Array): KrpcCall | undefined {
    const goal = this.#goal;
    if (goal.kind === 'peers' && goal.announce) {
      return { method: 'announce_peer', infoHash: this.lookup.target, token, ...goal.announce };
    }
    if (goal.kind !== 'item' || !goal.put) return undefined;
    const { item, cas } = goal.put;
    if (item.kind === 'immutable') return { method: 'put', token, value: item.value };
    const { publicKey, signature, seq, salt, value } = item;
    const signed = { publicKey, signature, seq, salt, cas: this.#holders.has(candidate) ? cas : undefined };
    return { method: 'put', token, value, signed };
  }

  #newPeers(values: readonly Endpoint[], isLocal: boolean): Endpoint[] {
    return values.filter((peer) => {
      // A node outside cannot know who is in our network: it would have us connect to our own machines.
      if (!isDialable(peer) || (!isLocal && isLocalAddress(peer.host))) return false;
      const name = formatEndpoint(peer);
      if (this.#seen.has(name) || this.#seen.size >= MAX_PEERS) return false;
      this.#seen.add(name);
      return true;
    });
  }

  #itemIn(candidate: Candidate, response: KrpcResponse, goal: ItemGoal): Item | undefined {
    const { value, publicKey, signature, seq } = response;
    if (seq !== undefined || value) this.#holders.add(candidate);
    if (!value) return undefined;
    if (!publicKey || !signature || seq === undefined) return this.#newItem({ kind: 'immutable', value }, goal);
    return this.#newItem({ kind: 'mutable', value, publicKey, signature, seq, salt: goal.salt }, goal);
  }

  #newItem(item: Item, goal: ItemGoal): Item | undefined {
    const known = this.#item;
    if (item.kind === 'mutable') {
      if (goal.above !== undefined && item.seq <= goal.above) return undefined;
      if (known?.kind === 'mutable' && item.seq <= known.seq) return undefined;
    } else if (known) {
      return undefined;
    }
    if (!isGenuine(item, this.lookup.target, this.#means)) return undefined;
    this.#item = item;
    // Of an immutable item there is no newer one.
    if (item.kind === 'immutable' && !goal.put) this.lookup.stop();
    return item;
  }
}
