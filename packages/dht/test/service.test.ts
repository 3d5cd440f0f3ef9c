import { createSocket } from 'node:dgram';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { DhtError } from '../src/index.ts';
import {
  type BindOptions,
  type BoundDht,
  bindDht,
  createDht,
  createItemSigner,
  immutableItem,
  mutableItem,
} from '../src/node/index.ts';
import { ascii } from './bytes.ts';

const HASH = ascii('mnopqrstuvwxyz123456');

/** A node that is closed with the test. */
async function bound(options: BindOptions): Promise<BoundDht> {
  const dht = await bindDht(options);
  onTestFinished(() => dht.close());
  return dht;
}

const nameOf = (dht: BoundDht): string => `${dht.endpoints[0]?.host}:${dht.endpoints[0]?.port}`;
const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'nothing thrown',
    (error: DhtError) => error.code ?? error,
  );

async function smallNet(size: number): Promise<BoundDht[]> {
  const first = await bound({ host: '127.0.0.1' });
  const nodes = [first];
  for (let index = 1; index < size; index++) {
    const node = await bound({ host: '127.0.0.1', bootstrap: [nameOf(first)] });
    nodes.push(node);
    await node.whenReady();
    // Who is asked takes a newcomer in once it has answered a ping.
    await vi.waitFor(() => expect(first.status()[0]?.nodes).toBe(index));
  }
  return nodes;
}

async function peersOf(dht: BoundDht): Promise<string[]> {
  const peers: string[] = [];
  for await (const batch of dht.peers(HASH)) peers.push(...batch);
  return peers;
}

test('two nodes find each other’s peer', async () => {
  const [a, b] = (await smallNet(2)) as [BoundDht, BoundDht];
  expect((await a.announce(HASH, 1_111)).stored).toBe(1);
  expect((await b.announce(HASH, 2_222)).stored).toBe(1);
  const both = ['127.0.0.1:1111', '127.0.0.1:2222'];
  expect((await peersOf(a)).sort()).toEqual(both);
  expect((await peersOf(b)).sort()).toEqual(both);
  expect(a.status()).toMatchObject([{ family: 4, nodes: 1, good: 1, torrents: 1, lookups: 0, externalAddress: null }]);
});

test('looking and announcing are one lookup, its report what the generator returns', async () => {
  const nodes = await smallNet(6);
  const [seeker] = nodes as [BoundDht];
  const batches = seeker.peers(HASH, { announce: { port: 7_000, impliedPort: false } });
  let last = await batches.next();
  while (!last.done) last = await batches.next();
  expect(last.value).toMatchObject({ stored: 5, asked: 5, answered: 5, failed: 0 });
  expect(await peersOf(nodes[3] as BoundDht)).toEqual(['127.0.0.1:7000']);
});

test('items: put, got, in conflict', async () => {
  const nodes = await smallNet(5);
  const [writer, reader] = nodes as [BoundDht, BoundDht];
  const { target } = await writer.put(immutableItem({ a: 1 }));
  expect(await reader.get(target)).toEqual(immutableItem({ a: 1 }));
  const signer = createItemSigner();
  const salt = ascii('s');
  const edition = (seq: bigint) => mutableItem(signer, { value: `v${seq}`, seq, salt });
  const put = await writer.put(edition(2n));
  expect(await reader.get(put.target, { salt })).toEqual(edition(2n));
  expect(await codeOf(writer.put(edition(1n)))).toBe('ERR_DHT_CONFLICT');
  expect(await codeOf(writer.put(edition(4n), { cas: 1n }))).toBe('ERR_DHT_CONFLICT');
  await writer.put(edition(4n), { cas: 2n });
  expect(await reader.get(put.target, { salt })).toEqual(edition(4n));
  expect(await codeOf(writer.put({ ...edition(5n), seq: 6n }))).toBe('ERR_DHT_ITEM');
});

test('ping answers the node’s id, or says why not', async () => {
  const [a, b] = (await smallNet(2)) as [BoundDht, BoundDht];
  const { id, rttMs } = await a.ping(nameOf(b));
  expect(id).toEqual(b.status()[0]?.id);
  expect(rttMs).toBeGreaterThan(0);
  expect(await codeOf(a.ping('nonsense'))).toBe('ERR_DHT_ADDRESS');
  expect(await codeOf(a.ping('[::1]:5'))).toBe('ERR_DHT_ADDRESS');
  const silent = createSocket('udp4');
  await new Promise<void>((resolve) => silent.bind(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => silent.close(() => resolve())));
  expect(await codeOf(a.ping({ host: '127.0.0.1', port: silent.address().port }))).toBe('ERR_DHT_TIMEOUT');
});

test('names are resolved, those that are none do not keep the others from entering', async () => {
  const first = await bound({ host: '127.0.0.1' });
  const asked: string[] = [];
  const node = await bound({
    host: '127.0.0.1',
    bootstrap: ['dead.example:6881', `router.example:${first.endpoints[0]?.port}`],
    resolve: (name) => {
      asked.push(name);
      return name === 'router.example'
        ? Promise.resolve([{ address: '::1' }, { address: '127.0.0.1' }])
        : Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }));
    },
  });
  await node.whenReady();
  expect(asked.sort()).toEqual(['dead.example', 'router.example']);
  expect(await codeOf(node.addNode('dead.example:1'))).toBe('ERR_DHT_ADDRESS');
});

test('state: a node comes back without an entry; what is no state is refused and nothing stays bound', async () => {
  const nodes = await smallNet(4);
  const state = (nodes[1] as BoundDht).save();
  const again = await bound({ host: '127.0.0.1', state });
  await again.whenReady();
  expect(again.status()[0]?.id).toEqual((nodes[1] as BoundDht).status()[0]?.id);
  expect(await codeOf(bindDht({ host: '127.0.0.1', state: ascii('junk') }))).toBe('ERR_DHT_STATE');
  await expect(bindDht({ host: 'localhost' })).rejects.toThrow(RangeError);
});

test('a signal ends a search, closing ends all', async () => {
  const lone = await bound({ host: '127.0.0.1' });
  const abort = new AbortController();
  const searching = lone.lookup(HASH, { signal: abort.signal });
  abort.abort(new Error('enough'));
  await expect(searching).rejects.toThrow('enough');
  await expect(lone.lookup(HASH, { signal: abort.signal })).rejects.toThrow('enough');
  const batches = lone.peers(HASH).next();
  const ready = lone.whenReady({ signal: AbortSignal.abort(new Error('late')) });
  await expect(ready).rejects.toThrow('late');
  await lone.close();
  expect(await codeOf(batches)).toBe('ERR_DHT_CLOSED');
  expect(await codeOf(lone.lookup(HASH))).toBe('ERR_DHT_CLOSED');
});

test('on a shared socket: what begins with d is handed in, both families have their own', async () => {
  const other = await bound({ host: '127.0.0.1' });
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const dht = createDht({
    sockets: {
      4: { send: (bytes, port, address) => socket.send(bytes, port, address) },
      6: {
        send: () => {
          throw new Error('no route');
        },
      },
    },
    bootstrap: [nameOf(other)],
  });
  const { isDht } = dht.constructor as typeof import('../src/node/index.ts').DhtService;
  socket.on('message', (bytes, from) => {
    if (isDht(bytes)) dht.receive(bytes, { address: `::ffff:${from.address}`, port: from.port });
  });
  onTestFinished(async () => {
    await dht.close();
    await new Promise<void>((resolve) => socket.close(() => resolve()));
  });
  await dht.whenReady();
  await dht.addNode('[2001:db8::1]:5');
  expect(dht.status()).toMatchObject([
    { family: 4, nodes: 1 },
    { family: 6, nodes: 0 },
  ]);
  dht.receive(ascii('d1:'), { address: 'no address', port: 1 });
  expect(isDht(ascii('x'))).toBe(false);
});

test('without a host: one port for both families', async () => {
  const dht = await bound({});
  expect(new Set(dht.endpoints.map(({ port }) => port)).size).toBe(1);
  expect(dht.endpoints[0]?.host).toBe('0.0.0.0');
});
