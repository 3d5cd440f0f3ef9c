// One bucket of the routing table: up to k nodes, and those that wait for a place.
// Invariants: no two nodes of one id; of one subnet at most one node unless that is switched off; a waiting node is not in
// the bucket.
import { bytesEqual } from '@shoal/primitives';
import type { TableNode } from './table-node.ts';

export interface BucketRules {
  /** Nodes in a bucket, and waiting beside it (BEP 5: 8). */
  readonly k: number;
  /** At most one node of a /24 (IPv6: /64); local addresses are exempt. */
  readonly restrictSubnets: boolean;
}

export class Bucket {
  readonly #rules: BucketRules;
  #nodes: TableNode[] = [];
  /** The one that was heard of last stands last. */
  #waiting: TableNode[] = [];
  /** When a node came, answered or was replaced (BEP 5). */
  lastChanged: number;
  /** When it was last the aim of a refresh; -Infinity: never. */
  lastRefresh: number = Number.NEGATIVE_INFINITY;

  constructor(rules: BucketRules, now: number) {
    this.#rules = rules;
    this.lastChanged = now;
  }

  get nodes(): readonly TableNode[] {
    return this.#nodes;
  }

  get waiting(): readonly TableNode[] {
    return this.#waiting;
  }

  get isFull(): boolean {
    return this.#nodes.length >= this.#rules.k;
  }

  find(name: string): TableNode | undefined {
    const isIt = (node: TableNode): boolean => node.name === name;
    return this.#nodes.find(isIt) ?? this.#waiting.find(isIt);
  }

  /** Whether another node of its subnet or id keeps this one out. */
  isBarred(id: Uint8Array, crowd: string): boolean {
    const bars = (other: TableNode): boolean =>
      (this.#rules.restrictSubnets && other.crowd === crowd) || bytesEqual(other.id, id);
    return this.#nodes.some(bars) || this.#waiting.some(bars);
  }

  /** Where there is room, in place of a bad node, or in place of one whose id its address may not bear. */
  admit(node: TableNode, now: number): boolean {
    const out = this.isFull ? this.#dispensable(node, now) : undefined;
    if (this.isFull && !out) return false;
    this.#nodes = this.#nodes.filter((other) => other !== out);
    this.#nodes.push(node);
    this.lastChanged = now;
    return true;
  }

  /** For nodes that stood in the bucket this one was split from. */
  take(nodes: readonly TableNode[], waiting: readonly TableNode[]): void {
    this.#nodes.push(...nodes);
    this.#waiting.push(...waiting);
  }

  /** Gives up those for whom `leaves` holds. */
  release(leaves: (node: TableNode) => boolean): { nodes: TableNode[]; waiting: TableNode[] } {
    const nodes = this.#nodes.filter(leaves);
    const waiting = this.#waiting.filter(leaves);
    this.#nodes = this.#nodes.filter((node) => !leaves(node));
    this.#waiting = this.#waiting.filter((node) => !leaves(node));
    return { nodes, waiting };
  }

  /** Waits for a place; the longest without a word gives way. */
  wait(node: TableNode): void {
    this.#waiting.push(node);
    if (this.#waiting.length > this.#rules.k) this.#waiting.shift();
  }

  /** Puts those that wait into the places that are free, the last one heard of first. */
  refill(now: number): void {
    while (!this.isFull) {
      const next = this.#waiting.pop();
      if (!next) return;
      this.#nodes.push(next);
      this.lastChanged = now;
    }
  }

  /** The node that should prove itself because others wait for its place: the least recently seen questionable one. */
  doubtful(now: number): TableNode | undefined {
    if (this.#waiting.length === 0) return undefined;
    return this.#nodes.filter((node) => node.health(now) === 'questionable').sort((a, b) => a.lastSeen - b.lastSeen)[0];
  }

  #dispensable(newcomer: TableNode, now: number): TableNode | undefined {
    const bad = this.#nodes.find((node) => node.health(now) === 'bad');
    return bad ?? (newcomer.isCompliant ? this.#nodes.find((node) => !node.isCompliant) : undefined);
  }
}
