// A million mutants of messages for the decoder, and as many for connections that want and that serve. SHOAL_SEED repeats
// a run.
import { encode } from '@shoal/bencode';
import { fuzz } from '@shoal/testkit';
import { assert, expect, test } from 'vitest';
import { decodeMetadataMessage, encodeData, encodeReject, encodeRequest, UtMetadataError } from '../src/index.ts';
import { dictionary, scene, TestTorrent } from './harness.ts';

const SEED = process.env.SHOAL_SEED ?? String(Date.now());
const RUNS = Number(process.env.SHOAL_TEST_RUNS ?? 1_000_000);
const INFO = dictionary(33_000);
const corpus = [
  encodeRequest(0),
  encodeRequest(2),
  encodeReject(1),
  encodeData(2, INFO.length, INFO.subarray(32_768)),
  encode({ msg_type: 7, piece: 1, x: [1, { y: 'z' }] }),
];
const tokens = [
  'd8:msg_typei',
  'e5:piecei',
  '10:total_sizei',
  'e',
  'i-1e',
  'i0e',
  'i9007199254740993e',
  'ee',
  'l',
  'd',
  '4096:',
].map((text) => new TextEncoder().encode(text));

test(`messages (seed ${SEED})`, async () => {
  const report = await fuzz({ seed: SEED, runs: RUNS, corpus, tokens, maxLength: 600 }, (bytes) => {
    try {
      const message = decodeMetadataMessage(bytes);
      if (message) assert.isTrue(message.piece >= 0 && message.piece <= 0x7fffffff);
      if (message?.type === 'data') assert.isTrue(message.data.length > 0 && message.data.length <= 16_384);
      return true;
    } catch (error) {
      if (error instanceof UtMetadataError) return false;
      throw error;
    }
  });
  process.stdout.write(`metadata messages, seed ${SEED}: ${JSON.stringify(report)}\n`);
  expect(report.accepted).toBeGreaterThan(RUNS / 50);
  expect(report.refused).toBeGreaterThan(RUNS / 50);
});

test.each([false, true])(`connections, has the dictionary: %s (seed ${SEED})`, async (has) => {
  const messages = 20;
  let { peer, check } = scene(new TestTorrent({ of: INFO, has }));
  let each = peer('a', INFO.length);
  let now = 0;
  const report = await fuzz(
    { seed: `${SEED} ${has}`, runs: RUNS / 2, corpus, tokens, maxLength: 600 },
    (bytes, random) => {
      now += random.int(2) * 500;
      each.extension.onMessage(bytes, now);
      if (random.int(4) === 0) each.extension.onTick?.(now);
      each.sent.length = 0;
      const isFine = each.faults.length === 0;
      if (!isFine || random.int(messages) === 0) {
        check();
        ({ peer, check } = scene(new TestTorrent({ of: INFO, has })));
        each = peer('a', random.int(3) === 0 ? undefined : INFO.length);
      }
      return isFine;
    },
  );
  process.stdout.write(`metadata connections, seed ${SEED}: ${JSON.stringify(report)}\n`);
});
