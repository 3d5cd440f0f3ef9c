// What a node knows about itself, for people to read.
import type { Family } from './addresses.ts';
import type { DhtNode, DhtTraffic } from './node.ts';

/** The figures of a node in one family. */
export interface DhtStatus {
  readonly family: Family;
  readonly id: Uint8Array;
  /** Nodes in the table, how many of them are good, and how many wait for a place. */
  readonly nodes: number;
  readonly good: number;
  readonly waiting: number;
  readonly buckets: number;
  /** Lookups under way, our own upkeep among them. */
  readonly lookups: number;
  /** Torrents that others announced here, and items they stored. */
  readonly torrents: number;
  readonly items: number;
  /** As others see us (BEP 42); null: not known. */
  readonly externalAddress: string | null;
  /** Datagrams since the start. */
  readonly traffic: Readonly<DhtTraffic>;
}

export function statusOf(node: DhtNode, now: number): DhtStatus {
  const { family, id, table, stores, lookups, externalAddress, traffic } = node;
  return {
    family,
    id,
    nodes: table.size,
    good: table.goodCount(now),
    waiting: table.waiting,
    buckets: table.depth,
    lookups,
    torrents: stores.peers.torrents,
    items: stores.items.size,
    externalAddress: externalAddress ?? null,
    traffic: { ...traffic },
  };
}
