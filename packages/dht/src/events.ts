// What comes out of a node besides datagrams. An operation is a number that its command answered; it ends in exactly one
// of `pong`, `done` and `failed`.
import type { Endpoint } from '@shoal/primitives';
import type { Contact } from './contacts.ts';
import type { DhtError } from './errors.ts';
import type { Item } from './item.ts';

/** News of a node: what its operations found, and how they ended. */
export type DhtEvent =
  /** Peers that this operation has not found before. */
  | { readonly kind: 'peers'; readonly operation: number; readonly peers: readonly Endpoint[] }
  /** A genuine item, newer than those before. */
  | { readonly kind: 'item'; readonly operation: number; readonly item: Item }
  | { readonly kind: 'pong'; readonly operation: number; readonly id: Uint8Array; readonly rttMs: number }
  | { readonly kind: 'done'; readonly operation: number; readonly report: LookupReport }
  | { readonly kind: 'failed'; readonly operation: number; readonly error: DhtError }
  /** The address others see us at, once enough of them agree (BEP 42). */
  | { readonly kind: 'external-address'; readonly host: string }
  /** The first nodes near to us are known. */
  | { readonly kind: 'ready' };

/** How a lookup went; over both families the sums. */
export interface LookupReport {
  /** The nearest nodes that answered, nearest first, at most k of a family. */
  readonly closest: readonly Contact[];
  /** Questions of the lookup sent, answered, and given up. */
  readonly asked: number;
  readonly answered: number;
  readonly failed: number;
  /** Nodes on the way from our own table to the nearest node. */
  readonly hops: number;
  readonly durationMs: number;
  /** Nodes that took what was to be stored. */
  readonly stored: number;
  /** What those said that did not. */
  readonly refusals: readonly Refusal[];
}

/** An error of another node (BEPs 5, 44). */
export interface Refusal {
  readonly code: number;
  /** Printable ASCII. */
  readonly reason: string;
}
