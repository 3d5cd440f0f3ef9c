// The nodes that a node of one family knows (BEP 5). Only those that have answered us stand in it: what others say about
// third parties is a reason to ask these, and nothing else.
// Invariants: bucket i holds ids that share exactly i leading bits with ours, the last bucket all that share more; our own
// id is never in it; one id an address and one address an id, by host; by host and port where that is local, or `restrictSubnets` is off.
import { type Endpoint, formatEndpoint } from '@shoal/primitives';
import { crowdOf, isLocalAddress } from './addresses.ts';
import { Bucket, type BucketRules } from './bucket.ts';
import type { Contact } from './contacts.ts';
import { commonPrefix, compareDistance, idNear } from './node-id.ts';
import { TableNode } from './table-node.ts';

/** A bucket that nothing happened in for so long is looked up in (BEP 5). */
const STALE_MS = 15 * 60_000;
/** One that is not full is, so often. */
const SPARSE_MS = 3 * 60_000;
/** Past so many failures a node goes though nobody waits for its place. */
const HOPELESS_FAILURES = 4;

export class RoutingTable {
  readonly id: Uint8Array;
  readonly #rules: BucketRules;
  readonly #buckets: Bucket[];
  /** By host, or by host and port. */
  readonly #byAddress: Map<string, TableNode> = new Map();
  #lastAnswer: number = Number.NEGATIVE_INFINITY;

  constructor(id: Uint8Array, rules: BucketRules, now: number) {
    this.id = Uint8Array.from(id);
    this.#rules = rules;
    this.#buckets = [new Bucket(rules, now)];
  }

  get depth(): number {
    return this.#buckets.length;
  }

  /** Nodes in the buckets, those that wait not among them. */
  get size(): number {
    return this.#buckets.reduce((sum, { nodes }) => sum + nodes.length, 0);
  }

  get waiting(): number {
    return this.#buckets.reduce((sum, { waiting }) => sum + waiting.length, 0);
  }

  *[Symbol.iterator](): IterableIterator<TableNode> {
    for (const bucket of this.#buckets) yield* bucket.nodes;
  }

  goodCount(now: number): number {
    let count = 0;
    for (const node of this) if (node.health(now) === 'good') count++;
    return count;
  }

  /** Whether a node that is heard of could find a place, so that asking it is worth a datagram. */
  isWanted(contact: Contact): boolean {
    if (this.#byAddress.has(this.#addressOf(contact)) || commonPrefix(this.id, contact.id) >= 160) return false;
    const bucket = this.#bucketOf(contact.id);
    if (bucket.isBarred(contact.id, crowdOf(contact))) return false;
    return !bucket.isFull || this.#isLast(bucket) || bucket.waiting.length < this.#rules.k / 2;
  }

  /** A node has answered us. */
  answered(contact: Contact, now: number): void {
    this.#lastAnswer = now;
    const address = this.#addressOf(contact);
    const known = this.#byAddress.get(address);
    if (known) {
      if (known.name !== formatEndpoint(contact)) return;
      if (compareDistance(this.id, known.id, contact.id) === 0) {
        known.answered(now);
        const bucket = this.#bucketOf(known.id);
        bucket.lastChanged = now;
        return;
      }
      // The same node under another id: either it moved or it lies. It may come back, with one id.
      this.#remove(known, now);
      return;
    }
    if (commonPrefix(this.id, contact.id) >= 160) return;
    this.#insert(new TableNode(contact, now), address, now);
  }

  /** A node has asked us something: no proof that it answers, but a sign of life of one that has before. */
  asked(contact: Contact, now: number): void {
    const known = this.#byAddress.get(this.#addressOf(contact));
    if (known?.name !== formatEndpoint(contact) || compareDistance(this.id, known.id, contact.id) !== 0) return;
    known.lastSeen = now;
  }

  /**
   * A node has not answered a query of `sentAt`. Says nothing about it where nobody else has answered since either: then it
   * is our own network that is down, and a table emptied by that would be missed when it is back.
   */
  failed(node: Endpoint, sentAt: number, now: number): void {
    if (this.#lastAnswer < sentAt) return;
    const known = this.#byAddress.get(this.#addressOf(node));
    if (known?.name !== formatEndpoint(node)) return;
    known.failures++;
    const bucket = this.#bucketOf(known.id);
    const isWaiting = bucket.waiting.includes(known);
    const isReplaceable = bucket.waiting.length > 0 && known.health(now) === 'bad';
    if (isWaiting || isReplaceable || known.failures >= HOPELESS_FAILURES) this.#remove(known, now);
  }

  /** The `count` nodes nearest to a target, nearest first; none that failed to answer last time unless `anyHealth`. */
  closest(target: Uint8Array, count: number, anyHealth = false): TableNode[] {
    const found: TableNode[] = [];
    const nearest = Math.min(commonPrefix(this.id, target), this.#buckets.length - 1);
    const gather = (buckets: readonly Bucket[]): void => {
      const nodes = buckets.flatMap((bucket) => bucket.nodes.filter((node) => anyHealth || node.failures === 0));
      found.push(...nodes.sort((a, b) => compareDistance(target, a.id, b.id)));
    };
    // The target's own bucket holds the nearest; the deeper ones are all equally far in their first bits; then outward.
    gather(this.#buckets.slice(nearest, nearest + 1));
    if (found.length < count) gather(this.#buckets.slice(nearest + 1));
    for (let at = nearest - 1; at >= 0 && found.length < count; at--) gather(this.#buckets.slice(at, at + 1));
    return found.slice(0, count);
  }

  /** A node to ping because others wait for its place. */
  doubtful(now: number): TableNode | undefined {
    for (const bucket of this.#buckets) {
      const node = bucket.doubtful(now);
      if (node) return node;
    }
    return undefined;
  }

  /** An id to look up, in the bucket that needs it most; undefined where none does. Counts as done. */
  refreshTarget(now: number, random: (length: number) => Uint8Array): Uint8Array | undefined {
    for (const [index, bucket] of this.#buckets.entries()) {
      const isLast = index === this.#buckets.length - 1;
      const interval = bucket.isFull || isLast ? STALE_MS : SPARSE_MS;
      const last = bucket.isFull ? Math.max(bucket.lastChanged, bucket.lastRefresh) : bucket.lastRefresh;
      if (now - last < interval) continue;
      bucket.lastRefresh = now;
      return isLast ? Uint8Array.from(this.id) : idNear(this.id, index, random);
    }
    return undefined;
  }

  /** For tests: throws where an invariant is broken. */
  checkInvariants(): void {
    const names = new Set<string>();
    for (const [index, bucket] of this.#buckets.entries()) {
      if (bucket.nodes.length > this.#rules.k || bucket.waiting.length > this.#rules.k) {
        throw new Error(`bucket ${index} holds ${bucket.nodes.length} and ${bucket.waiting.length}`);
      }
      for (const node of [...bucket.nodes, ...bucket.waiting]) {
        const prefix = commonPrefix(this.id, node.id);
        const isPlaced = index === this.#buckets.length - 1 ? prefix >= index : prefix === index;
        if (!isPlaced || prefix === 160) throw new Error(`a node with ${prefix} bits in bucket ${index}`);
        if (this.#byAddress.get(this.#addressOf(node)) !== node) throw new Error(`${node.name} is not indexed`);
        if (names.has(node.name)) throw new Error(`${node.name} stands twice`);
        names.add(node.name);
      }
    }
    if (names.size !== this.#byAddress.size) throw new Error(`${this.#byAddress.size} indexed, ${names.size} held`);
    if (this.#buckets.length > 160) throw new Error(`${this.#buckets.length} buckets`);
  }

  #addressOf(node: Endpoint): string {
    return this.#rules.restrictSubnets && !isLocalAddress(node.host) ? node.host : formatEndpoint(node);
  }

  #bucketOf(id: Uint8Array): Bucket {
    return this.#buckets[Math.min(commonPrefix(this.id, id), this.#buckets.length - 1)] as Bucket;
  }

  #isLast(bucket: Bucket): boolean {
    return bucket === this.#buckets.at(-1) && this.#buckets.length < 160;
  }

  #insert(node: TableNode, address: string, now: number): void {
    for (;;) {
      const bucket = this.#bucketOf(node.id);
      if (bucket.isBarred(node.id, node.crowd)) return;
      const before = bucket.nodes;
      if (bucket.admit(node, now)) {
        this.#byAddress.set(address, node);
        for (const other of before) if (!bucket.nodes.includes(other)) this.#unindex(other);
        return;
      }
      if (!this.#isLast(bucket)) {
        const waited = bucket.waiting;
        const pushedOut = waited.length >= this.#rules.k ? waited[0] : undefined;
        bucket.wait(node);
        this.#byAddress.set(address, node);
        if (pushedOut) this.#unindex(pushedOut);
        return;
      }
      this.#split(bucket, now);
    }
  }

  #split(last: Bucket, now: number): void {
    const depth = this.#buckets.length;
    const deeper = new Bucket(this.#rules, now);
    deeper.lastRefresh = last.lastRefresh;
    last.lastRefresh = Number.NEGATIVE_INFINITY;
    const { nodes, waiting } = last.release((node) => commonPrefix(this.id, node.id) >= depth);
    deeper.take(nodes, waiting);
    this.#buckets.push(deeper);
    last.refill(now);
    deeper.refill(now);
  }

  #remove(node: TableNode, now: number): void {
    const bucket = this.#bucketOf(node.id);
    bucket.release((other) => other === node);
    this.#unindex(node);
    bucket.refill(now);
  }

  #unindex(node: TableNode): void {
    this.#byAddress.delete(this.#addressOf(node));
  }
}
