import { expect, test } from 'vitest';
import { type DhtEvent, decodeState, type Item, isNodeIdFor, type MutableItem } from '../src/index.ts';
import { createItemSigner, immutableItem, mutableItem } from '../src/node/index.ts';
import { ascii } from './bytes.ts';
import { grownNet, publicAddress, SimNet, type SimNode } from './sim-net.ts';

const HASH = ascii('mnopqrstuvwxyz123456');
const eventsOf = <K extends DhtEvent['kind']>(node: SimNode, kind: K): Extract<DhtEvent, { kind: K }>[] =>
  node.events.filter((event): event is Extract<DhtEvent, { kind: K }> => event.kind === kind);
const nodeAt = (net: SimNet, index: number): SimNode => net.nodes[index] as SimNode;

function peersOf(node: SimNode): string[] {
  return eventsOf(node, 'peers').flatMap(({ peers }) => peers.map(({ host, port }) => `${host}:${port}`));
}

function search(net: SimNet, node: SimNode): string[] {
  node.events.length = 0;
  net.finish(
    node,
    net.command(node, (dht, now) => dht.peers(HASH, now)),
  );
  return peersOf(node);
}

test('who announces is found, at its own port or the one its datagrams come from', () => {
  const net = grownNet('announce', 32);
  const [plain, implied, seeker] = [nodeAt(net, 3), nodeAt(net, 17), nodeAt(net, 31)];
  const announce = (node: SimNode, impliedPort: boolean): number =>
    net.finish(
      node,
      net.command(node, (dht, now) => dht.peers(HASH, now, { port: 5_000, impliedPort })),
    ).stored;
  expect(announce(plain, false)).toBe(8);
  expect(announce(implied, true)).toBe(8);
  const found = search(net, seeker);
  expect(found.sort()).toEqual([`${plain.endpoint.host}:5000`, `${implied.endpoint.host}:6881`].sort());
  // After half an hour without a word they are forgotten.
  net.now += 31 * 60_000;
  expect(search(net, seeker)).toEqual([]);
});

test('a read-only node is in nobody’s table, answers nothing, and finds all the same (BEP 43)', () => {
  const net = grownNet('read-only', 30);
  const announcer = nodeAt(net, 5);
  net.finish(
    announcer,
    net.command(announcer, (dht, now) => dht.peers(HASH, now, { port: 5_000, impliedPort: false })),
  );
  const reader = net.add({ host: publicAddress(net.random), port: 6881 }, { readOnly: true });
  net.command(reader, (dht, now) => dht.addNode(nodeAt(net, 0).endpoint, now));
  net.run(undefined, 20_000);
  expect(search(net, reader)).toEqual([`${announcer.endpoint.host}:5000`]);
  for (const node of net.nodes) {
    expect(decodeState(node.dht.save()).nodes.some(({ host }) => host === reader.endpoint.host)).toBe(false);
  }
  const operation = net.command(announcer, (dht, now) => dht.ping(reader.endpoint, now));
  net.run(undefined, 20_000);
  expect(announcer.events).toContainEqual(expect.objectContaining({ kind: 'failed', operation }));
});

test('items are stored, found, replaced by newer ones, and compared before they are swapped (BEP 44)', () => {
  const net = grownNet('items', 32);
  const [writer, reader] = [nodeAt(net, 1), nodeAt(net, 30)];
  const put = (item: Item, cas?: bigint) =>
    net.finish(
      writer,
      net.command(writer, (dht, now) => dht.putItem(item, now, cas)),
    );
  const get = (target: Uint8Array, salt?: Uint8Array): Item | undefined => {
    reader.events.length = 0;
    const options = salt ? { salt } : {};
    net.finish(
      reader,
      net.command(reader, (dht, now) => dht.getItem(target, now, options)),
    );
    return eventsOf(reader, 'item').at(-1)?.item;
  };
  const means = net.means('x');
  const blob = immutableItem('b'.repeat(990));
  expect(put(blob).stored).toBe(8);
  expect(get(means.sha1(blob.value))).toEqual(blob);
  expect(get(ascii('nobody-put-this-here'))).toBeUndefined();

  const signer = createItemSigner(new Uint8Array(32).fill(7));
  const salt = ascii('news');
  const edition = (seq: bigint, value = `edition ${seq}`): MutableItem => mutableItem(signer, { value, seq, salt });
  const target = means.sha1(Uint8Array.from([...signer.publicKey, ...salt]));
  expect(put(edition(1n)).stored).toBe(8);
  expect(get(target, salt)).toEqual(edition(1n));
  expect(put(edition(3n), 1n).stored).toBe(8);
  expect(get(target, salt)).toEqual(edition(3n));
  // Lower; as high and different; compared with what is no longer there.
  const codes = (report: { refusals: readonly { code: number }[] }): number[] => [
    ...new Set(report.refusals.map(({ code }) => code)),
  ];
  expect(codes(put(edition(2n)))).toEqual([302]);
  expect(codes(put(edition(3n, 'other')))).toEqual([302]);
  expect(codes(put(edition(4n), 1n))).toEqual([301]);
  // The same again only keeps it alive.
  expect(put(edition(3n)).stored).toBe(8);
  expect(get(target, salt)).toEqual(edition(3n));
  // Without its salt it is another item.
  expect(get(target)).toBeUndefined();
});

test('a node that others see at another address takes an id for it, and keeps its table (BEP 42)', () => {
  const net = grownNet('external', 30);
  const node = net.add({ host: publicAddress(net.random), port: 6882 });
  net.command(node, (dht, now) => dht.setExternalAddress('8.8.8.8', now));
  const idOf = (): Uint8Array => node.dht.status(net.now)[0]?.id as Uint8Array;
  expect([isNodeIdFor(idOf(), '8.8.8.8'), isNodeIdFor(idOf(), node.endpoint.host)]).toEqual([true, false]);
  net.command(node, (dht, now) => dht.addNode(nodeAt(net, 0).endpoint, now));
  net.run(undefined, 30_000);
  const [status] = node.dht.status(net.now);
  expect(status?.externalAddress).toBe(node.endpoint.host);
  expect(isNodeIdFor(idOf(), node.endpoint.host)).toBe(true);
  expect(eventsOf(node, 'external-address').map(({ host }) => host)).toEqual(['8.8.8.8', node.endpoint.host]);
  expect(status?.nodes).toBeGreaterThan(4);
});

test('a saved state brings a node back under its id, without any other entry', () => {
  const net = grownNet('state', 30);
  const old = nodeAt(net, 12);
  const state = old.dht.save();
  old.isDead = true;
  const again = net.add(old.endpoint, {}, state);
  expect(decodeState(state).ids[4]).toEqual(old.id);
  net.run(undefined, 20_000);
  expect(eventsOf(again, 'ready')).toHaveLength(1);
  expect(again.dht.status(net.now)[0]?.nodes).toBeGreaterThan(10);
});

test('a lookup that knows nobody waits for somebody, and ends after ten seconds', () => {
  const net = grownNet('patience', 20);
  const late = net.add({ host: publicAddress(net.random), port: 6881 });
  const operation = net.command(late, (dht, now) => dht.lookup(HASH, now));
  net.run(undefined, 5_000);
  expect(late.events).toEqual([]);
  net.command(late, (dht, now) => dht.addNode(nodeAt(net, 0).endpoint, now));
  expect(net.finish(late, operation).closest).toHaveLength(8);

  const lone = net.add({ host: publicAddress(net.random), port: 6881 });
  const before = net.now;
  expect(net.lookup(lone, HASH)).toMatchObject({ closest: [], asked: 0 });
  expect(net.now - before).toBe(10_000);
});

test('a cancelled operation says nothing any more', () => {
  const net = grownNet('cancel', 20);
  const node = nodeAt(net, 3);
  const operation = net.command(node, (dht, now) => dht.lookup(HASH, now));
  net.command(node, (dht) => dht.cancel(operation));
  net.run(undefined, 20_000);
  expect(node.events).toEqual([]);
  expect(node.dht.status(net.now)[0]?.lookups).toBe(0);
});

test('upkeep enters the net again and again, and fills the table', () => {
  const net = grownNet('upkeep', 50);
  const node = net.add({ host: publicAddress(net.random), port: 6881 }, { upkeep: true });
  const entry = nodeAt(net, 0);
  entry.isDead = true;
  net.command(node, (dht, now) => dht.addNode(entry.endpoint, now));
  net.run(() => eventsOf(node, 'ready').length > 0, 20_000);
  expect(eventsOf(node, 'ready')).toEqual([]);
  entry.isDead = false;
  net.run(() => eventsOf(node, 'ready').length > 0, 60_000);
  expect(eventsOf(node, 'ready')).toHaveLength(1);
  net.run(undefined, 120_000);
  const [status] = node.dht.status(net.now);
  expect(status?.good).toBeGreaterThan(20);
  expect(status?.traffic.sent).toBeLessThan(1_000);
});

test('misuse is a RangeError, an address without a socket ERR_DHT_ADDRESS', () => {
  const net = new SimNet('misuse');
  const { dht } = net.add({ host: '1.2.3.4', port: 1 });
  expect(() => dht.lookup(new Uint8Array(19), 0)).toThrow(RangeError);
  expect(() => dht.peers(HASH, 0, { port: 0, impliedPort: false })).toThrow(RangeError);
  expect(() => dht.getItem(HASH, 0, { salt: new Uint8Array(65) })).toThrow(RangeError);
  expect(() => dht.ping({ host: '::1', port: 1 }, 0)).toThrow(expect.objectContaining({ code: 'ERR_DHT_ADDRESS' }));
});
