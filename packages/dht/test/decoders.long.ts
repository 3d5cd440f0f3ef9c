// What strangers send to a node: 200,000 mutants for each decoder. SHOAL_SEED repeats a run.
import { fuzz } from '@shoal/testkit';
import { expect, test } from 'vitest';
import { Dht, DhtError, decodeKrpc, decodeState, encodeKrpc, encodeState, type KrpcCall } from '../src/index.ts';
import { ascii } from './bytes.ts';
import { SimNet } from './sim-net.ts';

// Most inputs are refused, and a stack costs more than the decoding.
Error.stackTraceLimit = 0;

const SEED = process.env.SHOAL_SEED ?? String(Date.now());
const RUNS = Number(process.env.SHOAL_TEST_RUNS ?? 200_000);
const ID = ascii('abcdefghij0123456789');
const T = ascii('aa');
const NODE = { id: ID, host: '1.2.3.4', port: 5 };
const TOKENS = [
  'd',
  'e',
  'l',
  'i-1e',
  'i9999999999999999999e',
  '0:',
  '4:want',
  '2:n6',
  '3:cas',
  '4:salt',
  '1:r',
  '1:y1:q',
].map(ascii);

const query = (call: KrpcCall): Uint8Array =>
  encodeKrpc({ kind: 'query', transactionId: T, id: ID, readOnly: false, call });
const signed = {
  publicKey: new Uint8Array(32).fill(1),
  signature: new Uint8Array(64).fill(2),
  seq: 1n,
  salt: ascii('s'),
  cas: 0n,
};
const CORPUS = [
  query({ method: 'ping' }),
  query({ method: 'find_node', target: ID, want: [4, 6] }),
  query({ method: 'get_peers', infoHash: ID }),
  query({ method: 'announce_peer', infoHash: ID, port: 1, impliedPort: true, token: T }),
  query({ method: 'get', target: ID, seq: 5n }),
  query({ method: 'put', token: T, value: ascii('d1:ali1eee'), signed }),
  encodeKrpc({ kind: 'response', transactionId: T, id: ID, nodes: [NODE], values: [NODE], token: T, ip: NODE }),
  encodeKrpc({ kind: 'response', transactionId: T, id: ID, value: ascii('3:abc'), ...signed }),
  encodeKrpc({ kind: 'error', transactionId: T, code: 203, reason: 'x' }),
];

function isTaken(run: () => unknown): boolean {
  try {
    run();
    return true;
  } catch (error) {
    if (!(error instanceof DhtError)) throw error;
    return false;
  }
}

test(`messages (seed ${SEED})`, async () => {
  const report = await fuzz({ seed: SEED, runs: RUNS, corpus: CORPUS, tokens: TOKENS, maxLength: 1_500 }, (bytes) =>
    isTaken(() => decodeKrpc(bytes)),
  );
  expect(report.accepted).toBeGreaterThan(RUNS / 20);
  expect(report.refused).toBeGreaterThan(RUNS / 20);
});

test(`a node that takes them (seed ${SEED})`, async () => {
  const dht = new Dht({
    families: [4],
    means: new SimNet(SEED).means('x'),
    settings: { sources: { perSecond: 1e6, burst: 1e6 } },
    now: 0,
  });
  let now = 0;
  const report = await fuzz(
    { seed: SEED, runs: RUNS / 4, corpus: CORPUS, tokens: TOKENS, maxLength: 1_500 },
    (bytes, random) => {
      now += random.int(100);
      const before = dht.status(now)[0]?.traffic.ignored;
      dht.receive(bytes, { host: `9.9.${random.int(256)}.${1 + random.int(250)}`, port: 1 + random.int(9) }, now);
      dht.tick(now);
      for (let output = dht.poll(); output; output = dht.poll()) {
        if (output.kind === 'datagram' && output.bytes.length > 1_400) throw new Error(`${output.bytes.length} bytes`);
      }
      return dht.status(now)[0]?.traffic.ignored === before;
    },
  );
  expect(report.accepted).toBeGreaterThan(RUNS / 100);
});

test(`states (seed ${SEED})`, async () => {
  const corpus = [encodeState({ ids: { 4: ID, 6: ID }, nodes: [NODE, { ...NODE, host: '2001:db8::1' }] })];
  const report = await fuzz({ seed: SEED, runs: RUNS, corpus, tokens: TOKENS }, (bytes) =>
    isTaken(() => decodeState(bytes)),
  );
  expect(report.accepted).toBeGreaterThan(RUNS / 100);
  expect(report.refused).toBeGreaterThan(RUNS / 20);
});
