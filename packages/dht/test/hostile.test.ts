// What strangers send to a node, line by line: nothing of it may be believed, stored, or sent on to others in bulk.
import { bytesEqual, type Endpoint } from '@shoal/primitives';
import { expect, test } from 'vitest';
import {
  Dht,
  type DhtOutput,
  type DhtSettings,
  decodeKrpc,
  encodeKrpc,
  type KrpcCall,
  type KrpcMessage,
  type KrpcResponse,
} from '../src/index.ts';
import { createItemSigner, immutableItem, mutableItem } from '../src/node/index.ts';
import { Sources } from '../src/sources.ts';
import { ascii } from './bytes.ts';
import { grownNet, publicAddress, SimNet, type SimNode } from './sim-net.ts';

const HASH = ascii('mnopqrstuvwxyz123456');
const STRANGER: Endpoint = { host: '5.6.7.8', port: 999 };
const STRANGER_ID = ascii('abcdefghij0123456789');
const T = ascii('tt');

/** A node alone, and a stranger's hands on it. */
function target(settings: Partial<DhtSettings> = {}) {
  const means = new SimNet('hostile').means('x');
  const dht = new Dht({ families: [4], means, settings: { upkeep: false, ...settings }, now: 0 });
  const outputs = (): DhtOutput[] => {
    const all: DhtOutput[] = [];
    for (let output = dht.poll(); output; output = dht.poll()) all.push(output);
    return all;
  };
  const sent = (): { to: Endpoint; bytes: Uint8Array; message: KrpcMessage }[] =>
    outputs().flatMap((output) =>
      output.kind === 'datagram' ? [{ to: output.to, bytes: output.bytes, message: decodeKrpc(output.bytes) }] : [],
    );
  const query = (call: KrpcCall, readOnly = true): Uint8Array =>
    encodeKrpc({ kind: 'query', transactionId: T, id: STRANGER_ID, readOnly, call });
  /** What is answered to a query, without what we ask ourselves. */
  const ask = (call: KrpcCall, now = 0, from = STRANGER): KrpcMessage | undefined => {
    dht.receive(query(call), from, now);
    return sent().find(({ message }) => message.kind !== 'query')?.message;
  };
  return { dht, outputs, sent, query, ask };
}

test('spoofed replies: one from another address, or with another transaction id, changes nothing', () => {
  const { dht, sent, outputs } = target();
  const operation = dht.ping(STRANGER, 0);
  const [question] = sent();
  const transactionId = question?.message.transactionId as Uint8Array;
  expect(transactionId).toHaveLength(4);
  const reply = (id: Uint8Array): Uint8Array => encodeKrpc({ kind: 'response', transactionId: id, id: STRANGER_ID });
  dht.receive(reply(transactionId), { ...STRANGER, host: '5.6.7.9' }, 1);
  dht.receive(reply(transactionId), { ...STRANGER, port: 998 }, 2);
  dht.receive(reply(transactionId.map((byte) => byte ^ 1)), STRANGER, 3);
  dht.receive(reply(transactionId.subarray(0, 2)), STRANGER, 4);
  expect(outputs()).toEqual([]);
  expect(dht.status(5)[0]).toMatchObject({ nodes: 0, traffic: { ignored: 4 } });
  dht.receive(reply(transactionId), STRANGER, 6);
  expect(outputs()).toEqual([{ kind: 'pong', operation, id: STRANGER_ID, rttMs: 6 }]);
  // A second one is to nothing any more.
  dht.receive(reply(transactionId), STRANGER, 7);
  expect(outputs()).toEqual([]);
});

test('an asker stands in no table before it has answered a ping of ours, a read-only one never', () => {
  const { dht, sent, query } = target();
  dht.receive(query({ method: 'ping' }, false), STRANGER, 0);
  const messages = sent().map(({ message }) => message);
  expect(messages.map(({ kind }) => kind)).toEqual(['response', 'query']);
  expect(dht.status(0)[0]?.nodes).toBe(0);
  dht.receive(query({ method: 'ping' }, true), { host: '5.6.9.8', port: 1 }, 0);
  expect(sent().map(({ message }) => message.kind)).toEqual(['response']);
});

test('token forgery: none, another’s, another target’s, an old one stores nothing', () => {
  const { dht, ask } = target();
  const tokenFor = (now: number, from = STRANGER, infoHash = HASH): Uint8Array =>
    (ask({ method: 'get_peers', infoHash }, now, from) as KrpcResponse).token as Uint8Array;
  const announce = (token: Uint8Array, now: number): KrpcMessage | undefined =>
    ask({ method: 'announce_peer', infoHash: HASH, port: 1, impliedPort: false, token }, now);
  for (const token of [
    ascii('aoeusnth'),
    tokenFor(0, { host: '5.6.7.9', port: 999 }),
    tokenFor(0, STRANGER, STRANGER_ID),
  ]) {
    expect(announce(token, 0)).toMatchObject({ kind: 'error', code: 203 });
  }
  const good = tokenFor(0);
  expect(announce(good, 11 * 60_000)).toMatchObject({ kind: 'error', code: 203 });
  expect(dht.status(0)[0]?.torrents).toBe(0);
  const fresh = tokenFor(11 * 60_000);
  // After the secret has turned once it is still good, from another port of the address too.
  dht.receive(new Uint8Array(0), STRANGER, 15 * 60_000);
  expect(announce(fresh, 17 * 60_000)).toMatchObject({ kind: 'response' });
  expect(dht.status(0)[0]?.torrents).toBe(1);
});

test('floods: an address is limited, others are not, and it is forgotten when it has been quiet', () => {
  const { dht, sent, query } = target();
  const flood = query({ method: 'ping' });
  for (let count = 0; count < 1_000; count++) dht.receive(flood, STRANGER, 0);
  expect(sent()).toHaveLength(100);
  expect(dht.status(0)[0]?.traffic.limited).toBe(900);
  dht.receive(flood, { host: '5.6.7.9', port: 1 }, 0);
  expect(sent()).toHaveLength(1);
  for (let count = 0; count < 1_000; count++) dht.receive(flood, STRANGER, 1_000);
  expect(sent()).toHaveLength(10);
});

test('floods: however many addresses there are, some thousand are remembered', () => {
  const sources = new Sources({ remembered: 100 });
  for (let count = 0; count < 5_000; count++) {
    expect(sources.take(`7.${count >> 8}.${count & 255}.1`, 0)).toBe(true);
    sources.prove(`7.${count >> 8}.${count & 255}.1`, 0);
  }
  expect(sources.remembered).toBe(100);
  expect(sources.isProven('7.19.135.1', 9 * 60_000)).toBe(true);
  expect(sources.isProven('7.19.135.1', 10 * 60_000)).toBe(false);
});

test('floods: answers that we wait for are not limited', () => {
  const { dht, sent, outputs } = target();
  for (let count = 0; count < 200; count++) dht.ping(STRANGER, 0);
  const questions = sent();
  for (const { message } of questions) {
    dht.receive(encodeKrpc({ kind: 'response', transactionId: message.transactionId, id: STRANGER_ID }), STRANGER, 1);
  }
  expect(outputs().filter(({ kind }) => kind === 'pong')).toHaveLength(200);
});

/** A node with a full table, 500 peers of one torrent and an item of 1,000 bytes. */
function richNode(): { net: SimNet; node: SimNode; item: Uint8Array } {
  const net = grownNet('rich', 30);
  const node = net.nodes[0] as SimNode;
  const item = immutableItem('x'.repeat(990));
  for (const other of net.nodes.slice(1)) {
    net.finish(
      other,
      net.command(other, (dht, now) => dht.peers(HASH, now, { port: 5_000, impliedPort: false })),
    );
  }
  const writer = net.nodes[1] as SimNode;
  net.finish(
    writer,
    net.command(writer, (dht, now) => dht.putItem(item, now)),
  );
  const means = net.means('x');
  return { net, node, item: means.sha1(item.value) };
}

test('amplification: to an address that has proved nothing no answer is larger than three times the question', () => {
  const { net, item } = richNode();
  let largest = 0;
  for (const node of net.nodes) {
    for (const call of [
      { method: 'ping' },
      { method: 'find_node', target: HASH, want: [4, 6] },
      { method: 'get_peers', infoHash: HASH },
      { method: 'get', target: item },
      { method: 'unknown', name: 'x' },
    ] as const) {
      const args = { id: STRANGER_ID, target: HASH };
      const bytes =
        call.method === 'unknown'
          ? ascii(`d1:ad2:id20:${String.fromCharCode(...args.id)}e1:q1:x1:t1:t1:y1:qe`)
          : encodeKrpc({ kind: 'query', transactionId: T, id: STRANGER_ID, readOnly: true, call });
      const victim = { host: publicAddress(net.random), port: 1_000 };
      node.dht.receive(bytes, victim, net.now);
      for (let output = node.dht.poll(); output; output = node.dht.poll()) {
        if (output.kind !== 'datagram' || output.to.host !== victim.host) continue;
        expect(output.bytes.length).toBeLessThanOrEqual(3 * bytes.length);
        largest = Math.max(largest, output.bytes.length);
      }
    }
  }
  // Which leaves room for nodes all the same.
  expect(largest).toBeGreaterThan(200);
});

test('amplification: who answers a ping first gets the whole item, in a datagram that fits a frame', () => {
  const { net, item } = richNode();
  const asker = { host: publicAddress(net.random), port: 1_000 };
  const sizes: number[] = [];
  let value: Uint8Array | undefined;
  net.listen(asker, (bytes, from) => {
    const message = decodeKrpc(bytes);
    sizes.push(bytes.length);
    if (message.kind === 'query') {
      const { transactionId } = message;
      net.send(encodeKrpc({ kind: 'response', transactionId, id: STRANGER_ID }), asker, from);
    } else if (message.kind === 'response' && message.value) {
      value = message.value;
    }
  });
  const query = encodeKrpc({
    kind: 'query',
    transactionId: T,
    id: STRANGER_ID,
    readOnly: false,
    call: { method: 'get', target: item },
  });
  for (const node of net.nodes) net.send(query, asker, node.endpoint);
  net.run(undefined, 20_000);
  expect(value).toHaveLength(994);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(1_400);
});

test('oversized values and salts get the error of BEP 44, a wrong signature too, and nothing is stored', () => {
  const { dht, ask } = target();
  const signer = createItemSigner(new Uint8Array(32).fill(1));
  const item = mutableItem(signer, { value: 'v', seq: 1n });
  const at = new SimNet('sha').means('x').sha1(signer.publicKey);
  const token = (ask({ method: 'get', target: at }) as KrpcResponse).token as Uint8Array;
  const put = (changes: { value?: Uint8Array; salt?: Uint8Array; seq?: bigint }): KrpcMessage | undefined => {
    const { value, publicKey, signature, salt, seq } = { ...item, ...changes };
    return ask({ method: 'put', token, value, signed: { publicKey, signature, salt, seq } });
  };
  expect(put({ value: ascii(`1000:${'x'.repeat(1_000)}`) })).toMatchObject({ kind: 'error', code: 205 });
  expect(put({ salt: new Uint8Array(65) })).toMatchObject({ kind: 'error', code: 207 });
  expect(put({ seq: 2n })).toMatchObject({ kind: 'error', code: 206 });
  expect(dht.status(0)[0]?.items).toBe(0);
  expect(put({})).toMatchObject({ kind: 'response' });
  expect(dht.status(0)[0]?.items).toBe(1);
});

test('stores are bounded: peers of a torrent, ports of an address, torrents, items', () => {
  const { dht, ask } = target({
    sources: { perSecond: 1e6, burst: 1e6 },
    peers: { torrents: 5, peersPerTorrent: 10, portsPerAddress: 2 },
    items: { items: 3 },
  });
  const announce = (infoHash: Uint8Array, from: Endpoint, port: number): void => {
    const token = (ask({ method: 'get_peers', infoHash }, 0, from) as KrpcResponse).token as Uint8Array;
    ask({ method: 'announce_peer', infoHash, port, impliedPort: false, token }, 0, from);
  };
  for (let port = 1; port <= 20; port++) announce(HASH, STRANGER, port);
  const peersOf = (): readonly Endpoint[] =>
    (ask({ method: 'get_peers', infoHash: HASH }) as KrpcResponse).values ?? [];
  expect(peersOf()).toHaveLength(2);
  for (let host = 1; host <= 50; host++) announce(HASH, { host: `6.6.${host}.1`, port: 1 }, 1);
  expect(peersOf()).toHaveLength(10);
  for (let other = 0; other < 50; other++) announce(new Uint8Array(20).fill(other), STRANGER, 1);
  // The one with many peers outlives the flood of those with one.
  expect(dht.status(0)[0]?.torrents).toBe(5);
  expect(peersOf()).toHaveLength(10);
  const sha1 = new SimNet('sha').means('x').sha1;
  for (let index = 0; index < 20; index++) {
    const { value } = immutableItem(index);
    const token = (ask({ method: 'get', target: sha1(value) }) as KrpcResponse).token as Uint8Array;
    expect(ask({ method: 'put', token, value })).toMatchObject({ kind: 'response' });
  }
  expect(dht.status(0)[0]?.items).toBe(3);
});

test('lies: a forged item, a local peer told from outside, port 0 come to nobody’s ears', () => {
  const net = new SimNet('lies');
  const seeker = net.add({ host: '20.0.0.1', port: 1 });
  const liar: Endpoint = { host: '21.0.0.1', port: 2 };
  net.listen(liar, (bytes, from) => {
    const message = decodeKrpc(bytes);
    if (message.kind !== 'query') return;
    const values = [
      { host: '192.168.1.1', port: 80 },
      { host: '9.9.9.9', port: 0 },
      { host: '239.1.1.1', port: 5 },
      { host: '30.1.1.1', port: 5 },
      { host: '30.1.1.1', port: 5 },
    ];
    const value = ascii('4:evil');
    const nodes = [{ id: HASH, host: '10.0.0.1', port: 53 }];
    const { transactionId } = message;
    const { method } = message.call;
    net.send(
      encodeKrpc({
        kind: 'response',
        transactionId,
        id: STRANGER_ID,
        nodes,
        ...(method === 'get' ? { value } : method === 'get_peers' ? { values } : {}),
      }),
      liar,
      from,
    );
  });
  const local: Endpoint = { host: '10.0.0.1', port: 53 };
  let reached = 0;
  net.listen(local, () => void reached++);
  net.command(seeker, (dht, now) => dht.addNode(liar, now));
  net.run(undefined, 10_000);
  seeker.events.length = 0;
  net.finish(
    seeker,
    net.command(seeker, (dht, now) => dht.peers(HASH, now)),
  );
  net.finish(
    seeker,
    net.command(seeker, (dht, now) => dht.getItem(HASH, now)),
  );
  expect(seeker.events.filter(({ kind }) => kind === 'peers')).toMatchObject([
    { peers: [{ host: '30.1.1.1', port: 5 }] },
  ]);
  expect(seeker.events.filter(({ kind }) => kind === 'item')).toEqual([]);
  expect(reached).toBe(0);
});

test('lies: one voice, however often it speaks, does not move our address', () => {
  const net = new SimNet('votes');
  const node = net.add({ host: '20.0.0.1', port: 1 });
  const liars = Array.from({ length: 20 }, (_, index): Endpoint => ({ host: `21.0.0.${index + 1}`, port: 2 }));
  for (const liar of liars) {
    net.listen(liar, (bytes, from) => {
      const { transactionId } = decodeKrpc(bytes);
      const ip = { host: '66.66.66.66', port: 6 };
      net.send(encodeKrpc({ kind: 'response', transactionId, id: STRANGER_ID, ip }), liar, from);
    });
    net.command(node, (dht, now) => dht.ping(liar, now));
  }
  net.run(undefined, 20_000);
  expect(node.events.filter(({ kind }) => kind === 'pong')).toHaveLength(20);
  expect(node.dht.status(net.now)[0]?.externalAddress).toBeNull();
  expect(bytesEqual(node.dht.status(net.now)[0]?.id as Uint8Array, node.id)).toBe(true);
});

test('lies: enforcing, nodes whose id is not their address’s are neither asked nor written to (BEP 42)', () => {
  const net = grownNet('enforce', 30);
  const strict = net.add({ host: publicAddress(net.random), port: 6881 }, { enforceIds: true });
  net.command(strict, (dht, now) => dht.addNode((net.nodes[0] as SimNode).endpoint, now));
  net.run(undefined, 20_000);
  for (const node of net.nodes.slice(0, 30)) if (net.random.int(5) === 0) node.lies = true;
  const report = net.lookup(strict, HASH);
  expect(report.closest).toHaveLength(8);
  // What the liars made up has ids that nobody may bear there: only live nodes were asked.
  expect(report.failed).toBe(0);
});
