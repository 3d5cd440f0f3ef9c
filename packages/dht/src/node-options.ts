// What a node is told when it is made, and what it does by default.
import type { Family } from './addresses.ts';
import type { Contact } from './contacts.ts';
import type { ItemMeans } from './item.ts';
import type { ItemStoreLimits } from './item-store.ts';
import type { PeerStoreLimits } from './peer-store.ts';
import type { SourceLimits } from './sources.ts';

/** The world outside: digests, signatures and randomness. */
export interface DhtMeans extends ItemMeans {
  /** Fit for secrets. */
  readonly random: (length: number) => Uint8Array;
}

/** How a node behaves: its table, its lookups, what it keeps for others. */
export interface DhtSettings {
  /** Nodes in a bucket, found by a lookup and written to (BEP 5: 8). */
  readonly k: number;
  /** Questions of a lookup under way at once. */
  readonly alpha: number;
  /** Answer no queries, and say so (BEP 43). */
  readonly readOnly: boolean;
  /** Leave out nodes whose id is not their address's (BEP 42). Otherwise they only give way to others. */
  readonly enforceIds: boolean;
  /** One id an address, one node of a /24 (IPv6: /64) in a bucket and in a lookup. Off for nets on one machine. */
  readonly restrictSubnets: boolean;
  /** Look for what is missing in the table, drop what has expired. Off for simulations that last no minute. */
  readonly upkeep: boolean;
  /** Two letters and two bytes of version, said in each message (BEP 5, `v`). */
  readonly version: Uint8Array;
  readonly sources: Partial<SourceLimits>;
  readonly peers: Partial<PeerStoreLimits>;
  readonly items: Partial<ItemStoreLimits>;
}

/** What holds where a setting is left out. */
export const DEFAULT_DHT_SETTINGS: DhtSettings = {
  k: 8,
  alpha: 3,
  readOnly: false,
  enforceIds: false,
  restrictSubnets: true,
  upkeep: true,
  version: Uint8Array.of(0x53, 0x48, 0, 1),
  sources: {},
  peers: {},
  items: {},
};

export interface DhtNodeOptions {
  readonly family: Family;
  readonly means: DhtMeans;
  readonly settings: DhtSettings;
  /** Default: a random one. */
  readonly id?: Uint8Array | undefined;
  readonly now: number;
  /** The nodes of the other family, where there is one (BEP 32). */
  readonly otherFamily: () => OtherFamily | undefined;
}

/** What a node asks of its twin. */
export interface OtherFamily {
  readonly family: Family;
  /** Whether it has too few nodes and would like to be told of some. */
  readonly isHungry: boolean;
  closest(target: Uint8Array): readonly Contact[];
  /** Nodes that an answer told of. */
  hear(contacts: readonly Contact[], now: number): void;
}
