// A million mutants of datagrams, for the decoder and for the machine. SHOAL_SEED repeats a run.
import { InfoHash } from '@shoal/primitives';
import { fuzz } from '@shoal/testkit';
import { assert, expect, test } from 'vitest';
import { decodeAnnouncement, encodeAnnouncement, LsdError, LsdMachine } from '../src/index.ts';

const SEED = process.env.SHOAL_SEED ?? String(Date.now());
const RUNS = Number(process.env.SHOAL_TEST_RUNS ?? 1_000_000);
const hashes = [1, 2, 3].map((byte) => new InfoHash(new Uint8Array(20).fill(byte)));
const corpus = [
  encodeAnnouncement(4, { port: 6_881, infoHashes: hashes, cookie: 'theirs' }),
  encodeAnnouncement(6, { port: 1, infoHashes: hashes.slice(1), cookie: 'x' }),
  new TextEncoder().encode(`BT-SEARCH * HTTP/1.1\r\nPort: 51413\r\nInfohash: ${'AB'.repeat(20)}\r\n\r\n\r\n`),
];
const tokens = [
  '\r\n',
  '\n',
  ':',
  'Port: ',
  'Infohash: ',
  'cookie: ',
  'BT-SEARCH ',
  ' HTTP/1.1',
  '\r\n\r\n',
  '65536',
  '\xff',
].map((text) => new TextEncoder().encode(text));

test(`datagrams (seed ${SEED})`, async () => {
  const report = await fuzz({ seed: SEED, runs: RUNS, corpus, tokens, maxLength: 1_500 }, (bytes) => {
    try {
      const { port, infoHashes, cookie } = decodeAnnouncement(bytes);
      assert.isTrue(port >= 1 && port <= 65_535 && infoHashes.length <= 64 && (cookie?.length ?? 0) <= 64);
      return true;
    } catch (error) {
      if (error instanceof LsdError) return false;
      throw error;
    }
  });
  process.stdout.write(`announcements, seed ${SEED}: ${JSON.stringify(report)}\n`);
  expect(report.accepted).toBeGreaterThan(RUNS / 50);
  expect(report.refused).toBeGreaterThan(RUNS / 50);
});

test(`a machine in a flood (seed ${SEED})`, async () => {
  const lsd = new LsdMachine({ cookie: 'ours' });
  for (const infoHash of hashes) lsd.add(infoHash, () => 6_881, 0);
  let [now, offered] = [0, 0];
  await fuzz({ seed: `${SEED} m`, runs: RUNS / 2, corpus, tokens, maxLength: 1_500 }, (bytes, random) => {
    now += random.int(20);
    lsd.receive(bytes, `10.${random.int(3)}.0.${random.int(256)}`, now);
    lsd.tick(now);
    for (let output = lsd.poll(); output !== undefined; output = lsd.poll()) if (output.type === 'peer') offered++;
    lsd.checkInvariants();
    return true;
  });
  process.stdout.write(`a machine in a flood, seed ${SEED}: ${offered} peers in ${Math.round(now / 60_000)} minutes\n`);
  expect(offered).toBeLessThanOrEqual((Math.floor(now / 60_000) + 1) * 300);
});
