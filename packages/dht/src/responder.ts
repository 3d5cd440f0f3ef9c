// What a node answers to queries, and what it stores for others (BEPs 5, 32, 44).
// Invariant: nothing is stored without a token that was made for its sender's address and this target; and to an address
// that has not proved itself no answer is larger than three times its question (the figure of RFC 9000, section 8.1), so
// that nobody can be flooded through us with much more than the forger sends.
import type { Endpoint } from '@shoal/primitives';
import type { Family } from './addresses.ts';
import { type Contact, NODE_LENGTH } from './contacts.ts';
import { encodeKrpc } from './encode-krpc.ts';
import { type Item, type ItemMeans, isGenuine, targetOf } from './item.ts';
import { ItemStore, type ItemStoreLimits } from './item-store.ts';
import { KRPC_ERROR, type KrpcCall, type KrpcError, type KrpcQuery, type KrpcResponse } from './krpc.ts';
import { PeerStore, type PeerStoreLimits } from './peer-store.ts';
import { Tokens } from './tokens.ts';

export interface ResponderOptions {
  readonly family: Family;
  readonly means: ItemMeans;
  readonly random: (length: number) => Uint8Array;
  /** In [0, 1). */
  readonly randomNumber: () => number;
  readonly version: Uint8Array;
  /** The nodes nearest to a target, of a family; undefined where there is no table for it. */
  readonly closest: (family: Family, target: Uint8Array) => readonly Contact[] | undefined;
  readonly peerLimits?: Partial<PeerStoreLimits> | undefined;
  readonly itemLimits?: Partial<ItemStoreLimits> | undefined;
}

/** A datagram's length, unless it carries a stored value (BEP 32: 1,024; a value of 1,000 needs a whole Ethernet frame). */
const MAX_ANSWER = 1_024;
const MAX_ITEM_ANSWER = 1_400;
/** What an answer may be to a question of an address that has not proved itself. */
const UNPROVEN_FACTOR = 3;
/** Peers in one answer. */
const MAX_VALUES = 100;

export interface Answer {
  readonly bytes: Uint8Array;
  /** A stored value was left out, because the asker's address is not proven. */
  readonly lacksItem: boolean;
  /** The question bore a good token: its sender receives where it claims to be. */
  readonly proves: boolean;
}

type Returns = Partial<
  Pick<KrpcResponse, 'nodes' | 'nodes6' | 'values' | 'token' | 'value' | 'publicKey' | 'signature' | 'seq'>
>;

export class Responder {
  readonly #options: ResponderOptions;
  readonly #tokens: Tokens;
  readonly peers: PeerStore;
  readonly items: ItemStore;

  constructor(options: ResponderOptions, now: number) {
    this.#options = options;
    this.#tokens = new Tokens({ sha1: options.means.sha1, random: options.random }, now);
    this.peers = new PeerStore(options.peerLimits);
    this.items = new ItemStore(options.itemLimits);
  }

  /** The answer to a query of `size` bytes; undefined where there is none to be given. `ownId` is who answers. */
  answer(
    query: KrpcQuery,
    from: Endpoint,
    size: number,
    ownId: Uint8Array,
    isProven: boolean,
    now: number,
  ): Answer | undefined {
    const outcome = this.#carryOut(query.call, from, ownId, now);
    const proves = outcome.proves === true;
    const room = isProven || proves ? Number.POSITIVE_INFINITY : UNPROVEN_FACTOR * size;
    const head = { transactionId: query.transactionId, version: this.#options.version, ip: from };
    if ('code' in outcome) {
      const error: KrpcError = { kind: 'error', ...head, code: outcome.code, reason: outcome.reason };
      const bytes = encodeKrpc(error);
      return bytes.length <= room ? { bytes, lacksItem: false, proves } : undefined;
    }
    const plain: KrpcResponse = { kind: 'response', ...head, id: ownId };
    const { bytes, lacksItem } = fit(plain, outcome.returns, room);
    return bytes.length <= room ? { bytes, lacksItem, proves } : undefined;
  }

  /** Forgets what has expired. */
  expire(now: number): void {
    this.peers.expire(now);
    this.items.expire(now);
  }

  #carryOut(call: KrpcCall, from: Endpoint, ownId: Uint8Array, now: number): Outcome {
    switch (call.method) {
      case 'ping':
        return { returns: {} };
      case 'find_node':
        return { returns: this.#nodes(call.target, call.want) };
      case 'get_peers': {
        const { infoHash, want } = call;
        const values = this.peers.peers(infoHash, MAX_VALUES, now, this.#options.randomNumber);
        const token = this.#tokens.make(from.host, infoHash, now);
        return { returns: { token, ...(values.length > 0 ? { values } : {}), ...this.#nodes(infoHash, want) } };
      }
      case 'announce_peer': {
        const { infoHash, token, impliedPort, port } = call;
        if (!this.#tokens.check(token, from.host, infoHash, now)) return BAD_TOKEN;
        this.peers.add(infoHash, { host: from.host, port: impliedPort ? from.port : port }, now);
        return { returns: {}, proves: true };
      }
      case 'get': {
        const { target, seq, want } = call;
        const item = this.items.get(target, now);
        const token = this.#tokens.make(from.host, target, now);
        return { returns: { token, ...itemReturns(item, seq), ...this.#nodes(target, want) } };
      }
      case 'put':
        return this.#put(call, from, ownId, now);
      case 'unknown':
        if (call.target) return { returns: this.#nodes(call.target, call.want) };
        return { code: KRPC_ERROR.unknownMethod, reason: 'Method Unknown' };
      case 'invalid':
        return { code: call.code, reason: call.reason };
    }
  }

  #put(call: Extract<KrpcCall, { method: 'put' }>, from: Endpoint, ownId: Uint8Array, now: number): Outcome {
    const { token, value, signed } = call;
    const item: Item = signed ? { kind: 'mutable', value, ...signed } : { kind: 'immutable', value };
    const { means } = this.#options;
    const target = targetOf(item, means.sha1);
    if (!this.#tokens.check(token, from.host, target, now)) return BAD_TOKEN;
    const code = this.items.refusal(target, item, signed?.cas, now);
    if (code !== undefined) return { code, reason: REASONS[code] ?? '', proves: true };
    if (!isGenuine(item, target, means))
      return { code: KRPC_ERROR.badSignature, reason: 'invalid signature', proves: true };
    this.items.put(target, item, ownId, now);
    return { returns: {}, proves: true };
  }

  #nodes(target: Uint8Array, want: readonly Family[] | undefined): Returns {
    const families = want && want.length > 0 ? want : [this.#options.family];
    const nodes = families.includes(4) ? this.#options.closest(4, target) : undefined;
    const nodes6 = families.includes(6) ? this.#options.closest(6, target) : undefined;
    return { nodes, nodes6 };
  }
}

type Outcome =
  | { readonly returns: Returns; readonly proves?: boolean }
  | { readonly code: number; readonly reason: string; readonly proves?: boolean };

const BAD_TOKEN: Outcome = { code: KRPC_ERROR.protocol, reason: 'invalid token' };
const REASONS: Readonly<Record<number, string>> = {
  [KRPC_ERROR.casMismatch]: 'CAS mismatch',
  [KRPC_ERROR.oldSequence]: 'sequence number is not newer',
};

/** The value is left out where the asker has it, or a newer one (BEP 44): it learns our number then. */
function itemReturns(item: Item | undefined, known: bigint | undefined): Returns {
  if (!item) return {};
  if (item.kind === 'immutable') return { value: item.value };
  const { value, publicKey, signature, seq } = item;
  return known !== undefined && seq <= known ? { seq } : { value, publicKey, signature, seq };
}

/**
 * As much of an answer as there is room for: a stored value before all, then half of what is left for peers, then nodes,
 * nearest first, then further peers.
 */
function fit(plain: KrpcResponse, returns: Returns, limit: number): { bytes: Uint8Array; lacksItem: boolean } {
  const { nodes, nodes6, values, token, ...item } = returns;
  const base: KrpcResponse = { ...plain, token };
  let best: KrpcResponse = { ...base, ...item };
  let room = Math.min(limit, item.value ? MAX_ITEM_ANSWER : MAX_ANSWER) - encodeKrpc(best).length;
  const lacksItem = item.value !== undefined && room < 0;
  if (lacksItem) {
    best = base;
    room = Math.min(limit, MAX_ANSWER) - encodeKrpc(best).length;
  }
  const valueCost = (values?.[0]?.host.includes(':') ? 18 : 6) + 3;
  const peersFor = (bytes: number): number => Math.max(0, Math.floor((bytes - VALUES_COST) / valueCost));
  const first = Math.min(values?.length ?? 0, peersFor(room / 2));
  let left = first > 0 ? room - VALUES_COST - first * valueCost : room;
  const take = (contacts: readonly Contact[] | undefined, family: Family): readonly Contact[] | undefined => {
    const taken = contacts?.slice(0, Math.max(0, Math.floor((left - NODES_COST) / NODE_LENGTH[family])));
    if (taken) left -= NODES_COST + taken.length * NODE_LENGTH[family];
    return taken && (taken.length > 0 || left >= 0) ? taken : undefined;
  };
  const found = take(nodes, 4);
  const found6 = take(nodes6, 6);
  const more = Math.max(0, Math.floor(left / valueCost));
  const peers = first > 0 ? values?.slice(0, first + more) : undefined;
  return { bytes: encodeKrpc({ ...best, nodes: found, nodes6: found6, values: peers }), lacksItem };
}

/** Bytes that the entries take besides what is in them: `6:valuesl` and `e`, `6:nodes6` and a length. */
const VALUES_COST = 10;
const NODES_COST = 12;
