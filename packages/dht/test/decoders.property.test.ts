import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Dht, DhtError, decodeKrpc, decodeState, encodeKrpc, encodeState, type KrpcMessage } from '../src/index.ts';
import { SimNet } from './sim-net.ts';

const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const short = fc.uint8Array({ minLength: 1, maxLength: 20 });
const id = bytes(20);
const port = fc.integer({ min: 1, max: 65_535 });
const host4 = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)).map((parts) => parts.join('.'));
const host6 = fc.integer({ min: 1, max: 0xffff }).map((group) => `2001:db8::${group.toString(16)}`);
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const seq = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
const value = fc.constantFrom('i1e', '3:abc', 'le', 'd1:ai2ee').map((text) => new TextEncoder().encode(text));
const want = maybe(fc.constantFrom<(4 | 6)[]>([4], [6], [4, 6], []));

const call = fc.oneof(
  fc.record({ method: fc.constant('ping' as const) }),
  fc.record({ method: fc.constant('find_node' as const), target: id, want }),
  fc.record({ method: fc.constant('get_peers' as const), infoHash: id, want }),
  fc.record({
    method: fc.constant('announce_peer' as const),
    infoHash: id,
    port,
    impliedPort: fc.constant(false),
    token: short,
  }),
  fc.record({ method: fc.constant('get' as const), target: id, seq: maybe(seq), want }),
  fc.record({
    method: fc.constant('put' as const),
    token: short,
    value,
    signed: maybe(
      fc.record({
        publicKey: bytes(32),
        signature: bytes(64),
        seq,
        salt: fc.uint8Array({ maxLength: 64 }),
        cas: maybe(seq),
      }),
    ),
  }),
);
const endpoint = fc.record({ host: fc.oneof(host4, host6), port });
const message: fc.Arbitrary<KrpcMessage> = fc.oneof(
  fc.record({
    kind: fc.constant('query' as const),
    transactionId: short,
    version: maybe(short),
    id,
    readOnly: fc.boolean(),
    call,
  }),
  fc.record({
    kind: fc.constant('response' as const),
    transactionId: short,
    version: maybe(short),
    id,
    ip: maybe(endpoint),
    nodes: maybe(fc.array(fc.record({ id, host: host4, port }), { maxLength: 8 })),
    nodes6: maybe(fc.array(fc.record({ id, host: host6, port }), { maxLength: 8 })),
    values: maybe(fc.array(endpoint, { maxLength: 20 })),
    token: maybe(short),
    value: maybe(value),
    publicKey: maybe(bytes(32)),
    signature: maybe(bytes(64)),
    seq: maybe(seq),
  }),
  fc.record({
    kind: fc.constant('error' as const),
    transactionId: short,
    code: fc.integer({ min: 200, max: 400 }),
    reason: fc.constantFrom('', 'A Generic Error'),
    ip: maybe(endpoint),
  }),
);

test('decoding undoes encoding', () => {
  fc.assert(
    fc.property(message, (given) => {
      expect(decodeKrpc(encodeKrpc(given))).toEqual(given);
    }),
  );
});

test('whatever the bytes are, they are a message or a DhtError', () => {
  const damaged = fc
    .tuple(message, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }))
    .map(([given, changes]) => {
      const whole = encodeKrpc(given);
      for (const [at, byte] of changes) whole[at % whole.length] = byte;
      return whole;
    });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged), (given) => {
      try {
        decodeKrpc(given);
      } catch (error) {
        expect(error).toBeInstanceOf(DhtError);
      }
    }),
    { numRuns: 500 },
  );
});

test('whatever arrives, a node goes on, and sends nothing to where it should not', () => {
  const means = new SimNet('fuzz').means('x');
  fc.assert(
    fc.property(fc.array(fc.tuple(message, endpoint, fc.nat(5_000)), { maxLength: 30 }), (arrivals) => {
      const dht = new Dht({ families: [4, 6], means, now: 0 });
      let now = 0;
      for (const [given, from, ms] of arrivals) {
        now += ms;
        dht.receive(encodeKrpc(given), from, now);
        dht.tick(now);
        for (let output = dht.poll(); output; output = dht.poll()) {
          if (output.kind !== 'datagram') continue;
          expect(output.bytes.length).toBeLessThanOrEqual(1_400);
          expect(output.to).toEqual({ host: from.host, port: from.port });
        }
      }
      expect(dht.status(now).map(({ nodes }) => nodes)).toEqual([0, 0]);
    }),
    { numRuns: 50 },
  );
});

test('state: decoding undoes encoding, and anything else is a DhtError', () => {
  const nodes = fc.array(fc.record({ id, host: host4, port }), { maxLength: 30 });
  fc.assert(
    fc.property(id, nodes, (own, known) => {
      expect(decodeState(encodeState({ ids: { 4: own }, nodes: known }))).toEqual({ ids: { 4: own }, nodes: known });
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (given) => {
      expect(() => decodeState(given)).toThrowError(DhtError);
    }),
  );
});
