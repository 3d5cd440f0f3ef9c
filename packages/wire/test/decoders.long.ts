// Each decoder and a million mutants of what it takes: nothing but the package's own error comes out. SHOAL_SEED repeats a
// run; connections.long.ts does the same to whole connections.
import { encode } from '@shoal/bencode';
import { assert, expect, test } from 'vitest';
import {
  DEFAULT_LIMITS,
  decodeExtendedHandshake,
  decodeHandshake,
  decodeMessage,
  encodeHandshake,
  FrameDecoder,
  WireError,
} from '../src/index.ts';
import { INFO_HASH, PEER_ID } from './harness.ts';
import { chunks, count, MESSAGES, SEED, STREAMS, TOKENS } from './mutants.ts';

const MILLION = 1_000_000;

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

test(`handshakes (seed ${SEED})`, async () => {
  const corpus = [encodeHandshake({ infoHash: INFO_HASH, peerId: PEER_ID, fast: true, extended: true, dht: true })];
  const { runs, accepted } = await count('handshakes', MILLION, { corpus, maxLength: 80 }, (bytes) =>
    isTaken(() => assert.equal(decodeHandshake(bytes).reserved.length, 8)),
  );
  expect(accepted).toBeGreaterThan(runs / 100);
});

test(`messages (seed ${SEED})`, async () => {
  const corpus = MESSAGES.map((bytes) => bytes.slice(4));
  const { runs, accepted, refused } = await count('messages', MILLION, { corpus, tokens: TOKENS }, (bytes) =>
    isTaken(() => decodeMessage(bytes)),
  );
  expect(accepted).toBeGreaterThan(runs / 20);
  expect(refused).toBeGreaterThan(runs / 20);
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
  const told = await count('extended handshakes', MILLION, { corpus, tokens }, (bytes) =>
    isTaken(() => {
      former = decodeExtendedHandshake(bytes, former);
      const { extensions, port = 1, reqq = 1, client = '', yourIp } = former;
      assert.isAtMost(extensions.size, 128);
      // One assertion for all: a million times 128 of them would be most of the run.
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
  expect(told.accepted).toBeGreaterThan(told.runs / 20);
  expect(told.refused).toBeGreaterThan(told.runs / 20);
});

test(`frames, however they are cut (seed ${SEED})`, async () => {
  const told = await count('frames', MILLION, { corpus: STREAMS, tokens: TOKENS }, (bytes, random) =>
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
  expect(told.accepted).toBeGreaterThan(told.runs / 20);
  expect(told.refused).toBeGreaterThan(told.runs / 20);
});
