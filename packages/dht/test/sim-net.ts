// A simulated network of datagrams for thousands of nodes: virtual time, seeded latencies, nothing waits. A node is a core;
// a liar answers like one, with nodes that it makes up.

import type { Endpoint } from '@shoal/primitives';
import { formatEndpoint } from '@shoal/primitives';
import { type SeededRandom, seededRandom } from '@shoal/testkit';
import {
  Dht,
  type DhtEvent,
  type DhtMeans,
  type DhtSettings,
  decodeKrpc,
  encodeKrpc,
  type LookupReport,
  nodeIdFor,
} from '../src/index.ts';
import { NODE_MEANS } from '../src/node/means.ts';

interface Due {
  readonly at: number;
  readonly order: number;
  run(): void;
}

/** Something that datagrams go to. */
interface Host {
  receive(bytes: Uint8Array, from: Endpoint): void;
}

export interface SimNode {
  readonly dht: Dht;
  readonly endpoint: Endpoint;
  readonly id: Uint8Array;
  readonly events: DhtEvent[];
  isDead: boolean;
  /** Makes up answers from now on. */
  lies: boolean;
}

export class SimNet {
  readonly random: SeededRandom;
  readonly #heap: Due[] = [];
  readonly #hosts: Map<string, Host> = new Map();
  readonly nodes: SimNode[] = [];
  now = 0;
  datagrams = 0;
  bytes = 0;
  #order = 0;
  /** Fraction of datagrams that get lost. */
  loss = 0;

  constructor(seed: number | string) {
    this.random = seededRandom(seed);
  }

  /** Means whose randomness is the seed's. */
  means(label: string): DhtMeans {
    const random = this.random.fork(label);
    return { ...NODE_MEANS, random: (length) => random.bytes(length) };
  }

  /** A node at an address; its settings are the defaults, without upkeep. */
  add(endpoint: Endpoint, settings: Partial<DhtSettings> = {}, state?: Uint8Array): SimNode {
    const name = formatEndpoint(endpoint);
    const means = this.means(name);
    const family = endpoint.host.includes(':') ? 6 : 4;
    // The one it would take once others have told it of its address.
    const id = nodeIdFor(endpoint.host, means.random);
    const dht = new Dht({
      families: [family],
      means,
      settings: { upkeep: false, ...settings },
      now: this.now,
      ids: { [family]: id },
      state,
    });
    const node: SimNode = { dht, endpoint, id, events: [], isDead: false, lies: false };
    this.nodes.push(node);
    this.#hosts.set(name, {
      receive: (bytes, from) => {
        if (node.isDead) return;
        if (node.lies && this.#lie(node, bytes, from)) return;
        dht.receive(bytes, from, this.now);
        this.drain(node);
      },
    });
    this.drain(node);
    return node;
  }

  /** An address that is not a node of ours. */
  listen(endpoint: Endpoint, receive: (bytes: Uint8Array, from: Endpoint) => void): void {
    this.#hosts.set(formatEndpoint(endpoint), { receive });
  }

  /** Carries out a command and sends what it brought forth. */
  command<T>(node: SimNode, run: (dht: Dht, now: number) => T): T {
    const answer = run(node.dht, this.now);
    this.drain(node);
    return answer;
  }

  send(bytes: Uint8Array, from: Endpoint, to: Endpoint): void {
    this.datagrams++;
    this.bytes += bytes.length;
    if (this.loss > 0 && this.random.number() < this.loss) return;
    const host = this.#hosts.get(formatEndpoint(to));
    if (!host) return;
    this.#at(this.now + 10 + this.random.number() * 90, () => host.receive(bytes, from));
  }

  /** Lets time pass until the condition holds, or until nothing happens any more, or `limitMs`. */
  run(until: () => boolean = () => false, limitMs = 3_600_000): void {
    const end = this.now + limitMs;
    while (!until()) {
      const next = this.#heap[0];
      if (!next || next.at > end) {
        if (next) this.now = end;
        return;
      }
      this.#pop();
      this.now = Math.max(this.now, next.at);
      next.run();
    }
  }

  /** A lookup to its end. */
  lookup(node: SimNode, target: Uint8Array): LookupReport {
    const operation = this.command(node, (dht, now) => dht.lookup(target, now));
    return this.finish(node, operation);
  }

  /** The report of an operation that ends in `done`. */
  finish(node: SimNode, operation: number): LookupReport {
    const find = (): DhtEvent | undefined =>
      node.events.find((event) => 'operation' in event && event.operation === operation && isLast(event));
    this.run(() => find() !== undefined, 120_000);
    const event = find();
    if (event?.kind !== 'done') throw new Error(`operation ${operation} ended in ${event?.kind ?? 'nothing'}`);
    return event.report;
  }

  drain(node: SimNode): void {
    for (let output = node.dht.poll(); output; output = node.dht.poll()) {
      if (output.kind === 'datagram') this.send(output.bytes, node.endpoint, output.to);
      else node.events.push(output);
    }
    this.#schedule(node);
  }

  readonly #wakes: Map<SimNode, number> = new Map();

  #schedule(node: SimNode): void {
    const at = node.dht.nextWake();
    if (at === Number.POSITIVE_INFINITY || (this.#wakes.get(node) ?? Number.POSITIVE_INFINITY) <= at) return;
    this.#wakes.set(node, at);
    this.#at(at, () => {
      if (this.#wakes.get(node) !== at) return;
      this.#wakes.delete(node);
      if (node.isDead) return;
      node.dht.tick(this.now);
      this.drain(node);
    });
  }

  #lie(node: SimNode, bytes: Uint8Array, from: Endpoint): boolean {
    const message = decodeKrpc(bytes);
    if (message.kind !== 'query') return false;
    const { call, transactionId } = message;
    const target = call.method === 'get_peers' ? call.infoHash : 'target' in call ? call.target : undefined;
    if (!target) return false;
    const nodes = Array.from({ length: 8 }, () => {
      const id = Uint8Array.from(target);
      // As near as no real node of so small a net is.
      id.set(this.random.bytes(14), 6);
      return { id, host: publicAddress(this.random), port: 1 + this.random.int(65_535) };
    });
    this.send(encodeKrpc({ kind: 'response', transactionId, id: node.id, nodes }), node.endpoint, from);
    return true;
  }

  #at(at: number, run: () => void): void {
    const due: Due = { at, order: this.#order++, run };
    const heap = this.#heap;
    let place = heap.push(due) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isBefore(due, heap[parent] as Due)) break;
      heap[place] = heap[parent] as Due;
      place = parent;
    }
    heap[place] = due;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Due;
    if (heap.length === 0) return;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Due, heap[child] as Due)) child++;
      if (!isBefore(heap[child] as Due, last)) break;
      heap[place] = heap[child] as Due;
      place = child;
    }
    heap[place] = last;
  }
}

/** An address that strangers may have. */
export function publicAddress(random: SeededRandom): string {
  for (;;) {
    const [a, b] = [1 + random.int(223), random.int(256)];
    const isLocal = a === 10 || a === 127 || a === 169 || a === 172 || a === 192;
    if (!isLocal) return `${a}.${b}.${random.int(256)}.${1 + random.int(254)}`;
  }
}

/** A net in which each node has entered through an earlier one, and has looked itself and a random target up since. */
export function grownNet(seed: number | string, size: number): SimNet {
  const net = new SimNet(seed);
  for (let count = 0; count < size; count++) {
    const node = net.add({ host: publicAddress(net.random), port: 6_881 });
    const entry = net.nodes[net.random.int(Math.max(1, count))] as SimNode;
    if (entry !== node) net.command(node, (dht, now) => dht.addNode(entry.endpoint, now));
    // The first ones one by one; then the net carries many at once.
    net.run(undefined, count < 50 ? 2_000 : 20);
  }
  net.run(undefined, 20_000);
  for (const targetOf of [(node: SimNode) => node.id, () => net.random.bytes(20)]) {
    for (const node of net.nodes) {
      net.command(node, (dht, now) => dht.lookup(targetOf(node), now));
      net.run(undefined, 5);
    }
    net.run(undefined, 20_000);
  }
  for (const node of net.nodes) node.events.length = 0;
  return net;
}

function isLast(event: DhtEvent): boolean {
  return event.kind === 'done' || event.kind === 'failed' || event.kind === 'pong';
}

function isBefore(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
