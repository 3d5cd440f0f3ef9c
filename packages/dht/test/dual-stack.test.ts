// IPv4 and IPv6 side by side (BEP 32): two nets, one node.
import type { Endpoint } from '@shoal/primitives';
import { expect, test } from 'vitest';
import { Dht, type DhtEvent, decodeKrpc, encodeKrpc } from '../src/index.ts';
import { ascii } from './bytes.ts';
import { SimNet } from './sim-net.ts';

const HASH = ascii('mnopqrstuvwxyz123456');
const hostsOf = (index: number): Record<4 | 6, Endpoint> => ({
  4: { host: `20.${index}.0.1`, port: 6881 },
  6: { host: `2001:db8:${index.toString(16)}::1`, port: 6881 },
});

/** Nodes that all stand in both nets, in a world without delays. */
function world(size: number) {
  const net = new SimNet('dual');
  let now = 0;
  const nodes = Array.from({ length: size }, (_, index) => ({
    dht: new Dht({ families: [4, 6], means: net.means(`n${index}`), settings: { upkeep: false }, now }),
    hosts: hostsOf(index + 1),
    events: [] as DhtEvent[],
  }));
  const owner = new Map(nodes.flatMap((node) => [node.hosts[4], node.hosts[6]].map(({ host }) => [host, node])));
  const settle = (): void => {
    for (let busy = true; busy; ) {
      busy = false;
      for (const node of nodes) {
        for (let output = node.dht.poll(); output; output = node.dht.poll()) {
          if (output.kind !== 'datagram') {
            node.events.push(output);
            continue;
          }
          busy = true;
          now += 1;
          const from = node.hosts[output.to.host.includes(':') ? 6 : 4];
          owner.get(output.to.host)?.dht.receive(output.bytes, from, now);
        }
      }
    }
  };
  return { nodes, settle, now: () => now };
}

test('who enters one net is told of nodes in the other, and announces in both', () => {
  const { nodes, settle, now } = world(12);
  const [first, ...others] = nodes;
  for (const { dht, hosts } of others) {
    dht.addNode(first?.hosts[4] as Endpoint, now());
    // The first one has to learn of an IPv6 address somewhere.
    first?.dht.addNode(hosts[6], now());
    settle();
  }
  for (const { dht } of nodes) expect(dht.status(now()).map(({ nodes: count }) => count > 1)).toEqual([true, true]);
  const [seed, seeker] = [others[2], others[7]];
  seed?.dht.peers(HASH, now(), { port: 7_000, impliedPort: false });
  settle();
  expect(seed?.events.at(-1)).toMatchObject({ kind: 'done', report: { stored: 16 } });
  const operation = seeker?.dht.peers(HASH, now());
  settle();
  const found = seeker?.events.flatMap((event) =>
    event.kind === 'peers' && event.operation === operation ? event.peers.map(({ host }) => host) : [],
  );
  expect(found?.sort()).toEqual([seed?.hosts[4].host, seed?.hosts[6].host].sort());
});

test('an answer holds the families that are wanted, without a wish that of the question', () => {
  const { nodes, settle, now } = world(6);
  const [first, ...others] = nodes;
  for (const { hosts } of others) {
    first?.dht.addNode(hosts[4], now());
    first?.dht.addNode(hosts[6], now());
  }
  settle();
  const answer = (from: Endpoint, want?: (4 | 6)[]) => {
    const transactionId = ascii('tt');
    const call = { method: 'find_node', target: HASH, want } as const;
    first?.dht.receive(encodeKrpc({ kind: 'query', transactionId, id: HASH, readOnly: true, call }), from, now());
    const output = first?.dht.poll();
    const message = output?.kind === 'datagram' ? decodeKrpc(output.bytes) : undefined;
    if (message?.kind !== 'response') throw new Error('no answer');
    return [(message.nodes ?? []).length > 0, (message.nodes6 ?? []).length > 0];
  };
  expect(answer({ host: '30.0.0.1', port: 1 })).toEqual([true, false]);
  expect(answer({ host: '2001:db9::1', port: 1 })).toEqual([false, true]);
  expect(answer({ host: '30.0.0.1', port: 1 }, [6])).toEqual([false, true]);
  expect(answer({ host: '30.0.0.1', port: 1 }, [4])).toEqual([true, false]);
});
