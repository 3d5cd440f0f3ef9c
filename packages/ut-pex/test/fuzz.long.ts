// A million mutants of messages, for the decoder and through a connection. SHOAL_SEED repeats a run.
import { encode } from '@shoal/bencode';
import { parseEndpoint } from '@shoal/primitives';
import { fuzz } from '@shoal/testkit';
import { assert, expect, test } from 'vitest';
import { decodePexMessage, encodePexMessage, UtPexError } from '../src/index.ts';
import { TestTorrent } from './harness.ts';

const SEED = process.env.SHOAL_SEED ?? String(Date.now());
const RUNS = Number(process.env.SHOAL_TEST_RUNS ?? 1_000_000);
const corpus = [
  encodePexMessage({
    added: [
      { host: '1.2.3.4', port: 6_881, flags: 3 },
      { host: '2001:db8::1', port: 6_881, flags: 0 },
    ],
    dropped: [
      { host: '10.0.0.1', port: 1 },
      { host: 'fe80::1', port: 2 },
    ],
  }),
  encode({ added: new Uint8Array(6 * 120).fill(9), 'added.f': new Uint8Array(120), x: [1, { y: 2 }] }),
];
const tokens = ['5:added', '7:added.f', '6:added6', '7:dropped', '18:', '6:', '0:', 'd', 'e', 'le', 'i0e'].map((text) =>
  new TextEncoder().encode(text),
);

test(`messages (seed ${SEED})`, async () => {
  const report = await fuzz({ seed: SEED, runs: RUNS, corpus, tokens, maxLength: 1_000 }, (bytes) => {
    try {
      const { added, dropped } = decodePexMessage(bytes);
      assert.isTrue(added.length <= 100 && dropped.length <= 100);
      assert.isTrue(added.every(({ flags, port }) => flags >= 0 && flags <= 255 && port <= 65_535));
      return true;
    } catch (error) {
      if (error instanceof UtPexError) return false;
      throw error;
    }
  });
  process.stdout.write(`pex messages, seed ${SEED}: ${JSON.stringify(report)}\n`);
  expect(report.accepted).toBeGreaterThan(RUNS / 50);
  expect(report.refused).toBeGreaterThan(RUNS / 50);
});

test(`connections offer addresses that can be dialled (seed ${SEED})`, async () => {
  const torrent = new TestTorrent();
  torrent.own = ['1.2.3.4:6881'];
  const peer = torrent.dial('1.0.0.1:6881').meet();
  let now = 0;
  const report = await fuzz({ seed: `${SEED} c`, runs: RUNS / 2, corpus, tokens, maxLength: 1_000 }, (bytes) => {
    now += 45_000;
    peer.extension.onMessage(bytes, now);
    for (const address of torrent.offered.splice(0)) {
      const { port, host } = parseEndpoint(address);
      assert.isTrue(
        port > 0 && address !== '1.2.3.4:6881' && !/^(0|10|127|169\.254|192\.168|22[4-9]|2[3-5]\d)\./.test(host),
        address,
      );
    }
    return peer.faults.splice(0).length === 0;
  });
  process.stdout.write(`pex connections, seed ${SEED}: ${JSON.stringify(report)}\n`);
});
