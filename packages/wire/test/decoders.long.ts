// What a peer may send: 200,000 mutants for each decoder, and for a whole connection. SHOAL_SEED repeats a run.
import { encode } from '@shoal/bencode';
import { concatBytes } from '@shoal/primitives';
import { fuzz, type SeededRandom } from '@shoal/testkit';
import fc from 'fast-check';
import { assert, expect, test } from 'vitest';
import {
  DEFAULT_LIMITS,
  decodeExtendedHandshake,
  decodeHandshake,
  decodeMessage,
  encodeHandshake,
  FrameDecoder,
  Wire,
  WireError,
} from '../src/index.ts';
import { connect, drain, GEOMETRY, INFO_HASH, OUR_ID, PEER_ID } from './harness.ts';
import { message, stream } from './streams.ts';

const RUNS = Number(process.env.SHOAL_TEST_RUNS ?? 200_000);
const SEED = process.env.SHOAL_SEED ?? String(Date.now());

const STREAMS = fc.sample(stream, { numRuns: 40, seed: 1 });
const MESSAGES = fc.sample(message, { numRuns: 100, seed: 1 });
const TOKENS = [
  [0, 0, 0, 0],
  [0, 0, 0, 1],
  [0, 0, 0, 5, 4],
  [0, 0, 0, 13, 6],
  [0, 2, 0, 9, 7],
  [0, 0, 0, 2, 20, 0],
].map((bytes) => Uint8Array.from(bytes));

/** Whether the bytes were taken; another error than the package's own is thrown on. */
function isTaken(run: () => unknown): boolean {
  try {
    run();
    return true;
  } catch (error) {
    if (error instanceof WireError) return false;
    throw error;
  }
}

/** Some of the bytes, then the next; few or many at a time. */
function* chunks(bytes: Uint8Array, random: SeededRandom): Generator<Uint8Array> {
  const most = [bytes.length + 1, 400, 20][random.int(3)] as number;
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + random.int(most);
    yield bytes.slice(at, at + size);
    at += size;
  }
}

test(`handshakes (seed ${SEED})`, async () => {
  const corpus = [encodeHandshake({ infoHash: INFO_HASH, peerId: PEER_ID, fast: true, extended: true, dht: true })];
  const report = await fuzz({ seed: SEED, runs: RUNS, corpus, maxLength: 80 }, (bytes) =>
    isTaken(() => assert.equal(decodeHandshake(bytes).reserved.length, 8)),
  );
  expect(report.accepted).toBeGreaterThan(RUNS / 100);
});

test(`messages (seed ${SEED})`, async () => {
  const corpus = MESSAGES.map((bytes) => bytes.slice(4));
  const report = await fuzz({ seed: SEED, runs: RUNS, corpus, tokens: TOKENS }, (bytes) =>
    isTaken(() => decodeMessage(bytes)),
  );
  expect(report.accepted).toBeGreaterThan(RUNS / 20);
  expect(report.refused).toBeGreaterThan(RUNS / 20);
});

test(`extended handshakes, each amending the one before (seed ${SEED})`, async () => {
  const corpus = [
    encode({ m: { ut_metadata: 1, ut_pex: 2 }, v: 'client', p: 6881, reqq: 250, yourip: new Uint8Array(4) }),
    encode({ m: { ut_metadata: 0 }, upload_only: 1, metadata_size: 31_235, yourip: new Uint8Array(16) }),
    encode({}),
  ];
  const tokens = ['1:m', 'de', 'i0e', 'i-1e', 'i256e', 'i65536e', '1:p', '4:reqq', '1:\xff', 'd0:', 'l'.repeat(20)].map(
    (text) => Uint8Array.from(text, (character) => character.charCodeAt(0)),
  );
  let former = decodeExtendedHandshake(corpus[0] as Uint8Array);
  const report = await fuzz({ seed: SEED, runs: RUNS, corpus, tokens }, (bytes) =>
    isTaken(() => {
      former = decodeExtendedHandshake(bytes, former);
      const { extensions, port = 1, reqq = 1, client = '', yourIp } = former;
      assert.isAtMost(extensions.size, 128);
      assert.isTrue(
        [...extensions.values()].every((id) => id >= 1 && id <= 255),
        'ids from 1 to 255',
      );
      assert.isTrue(port >= 1 && port <= 65_535, `port ${port}`);
      assert.isTrue(reqq >= 1 && reqq <= 0x7fffffff, `reqq ${reqq}`);
      assert.isAtMost(client.length, 128);
      assert.isTrue(yourIp === undefined || yourIp.length === 4 || yourIp.length === 16);
    }),
  );
  expect(report.accepted).toBeGreaterThan(RUNS / 20);
  expect(report.refused).toBeGreaterThan(RUNS / 20);
});

test(`frames, however they are cut (seed ${SEED})`, async () => {
  const report = await fuzz({ seed: SEED, runs: RUNS, corpus: STREAMS, tokens: TOKENS }, (bytes, random) =>
    isTaken(() => {
      const decoder = new FrameDecoder(DEFAULT_LIMITS);
      for (const chunk of chunks(bytes, random)) {
        decoder.push(chunk);
        for (let step = decoder.next(); step !== 'none'; step = decoder.next()) {
          decoder.checkInvariants();
          if (step === 'message') decodeMessage(Uint8Array.of(decoder.id, ...decoder.payload));
        }
        assert.isTrue(decoder.isDrained);
      }
    }),
  );
  expect(report.accepted).toBeGreaterThan(RUNS / 20);
  expect(report.refused).toBeGreaterThan(RUNS / 20);
});

test(`a whole connection ends with one WireError or goes on, and never throws (seed ${SEED})`, async () => {
  const report = await fuzz({ seed: SEED, runs: RUNS, corpus: STREAMS, tokens: TOKENS }, (bytes, random) => {
    const wire = connect({ fast: true, extended: true, limits: { unrequestedBlocks: 5 } });
    wire.unchoke();
    wire.allowedFast(2);
    let closed = 0;
    for (const chunk of chunks(bytes, random)) {
      wire.receive(chunk, 0);
      drain(wire, (event) => {
        if (event.type === 'closed') closed++;
        if (event.type !== 'unchoke') return;
        for (const piece of [0, 1])
          if (wire.canRequest(piece) && wire.requests().length < 2) wire.request(piece, 0, 500);
      });
    }
    assert.equal(closed, wire.closed ? 1 : 0);
    assert.isTrue(wire.closed === undefined || wire.closed instanceof WireError);
    return wire.closed === undefined;
  });
  expect(report.accepted).toBeGreaterThan(RUNS / 100);
});

test(`a connection from its first byte, dialled or accepted (seed ${SEED})`, async () => {
  const handshake = encodeHandshake({ infoHash: INFO_HASH, peerId: PEER_ID, fast: true, extended: true });
  const corpus = STREAMS.map((bytes) => concatBytes([handshake, bytes]));
  await fuzz({ seed: SEED, runs: RUNS, corpus, tokens: TOKENS }, (bytes, random) => {
    const isDialled = random.int(2) === 0;
    const wire = isDialled
      ? new Wire({ role: 'dial', now: 0, infoHash: INFO_HASH, peerId: OUR_ID })
      : new Wire({ role: 'accept', now: 0 });
    if (isDialled) wire.setGeometry(GEOMETRY);
    for (const chunk of chunks(bytes, random)) {
      wire.receive(chunk, 0);
      drain(wire, (event) => {
        if (event.type === 'handshake' && !isDialled) wire.accept({ infoHash: event.infoHash, peerId: OUR_ID });
      });
    }
    if (!isDialled && !wire.closed) wire.setGeometry(GEOMETRY);
    drain(wire);
    wire.tick(1_000_000);
    drain(wire);
    assert.instanceOf(wire.closed, WireError);
    return bytes.length > 68;
  });
});
