// What askers send to a tracker: 200,000 mutants for each decoder. SHOAL_SEED repeats a run.
import { fuzz, seededRandom } from '@shoal/testkit';
import { assert, expect, test } from 'vitest';
import {
  AnnounceHandler,
  announceUrl,
  decodeAnnounce,
  decodeFailure,
  decodeScrape,
  decodeUdpRequest,
  encodeUdpAnnounce,
  encodeUdpConnect,
  encodeUdpScrape,
  MemorySwarmStore,
} from '../src/index.ts';
import { bytesOf, HASH, isTaken, REQUEST, SEED, textOf } from './fuzz-inputs.ts';

const RUNS = Number(process.env.SHOAL_TEST_RUNS ?? 200_000);

test(`UDP requests (seed ${SEED})`, async () => {
  const id = new Uint8Array(8).fill(9);
  const corpus = [
    encodeUdpConnect(1),
    encodeUdpAnnounce(1, id, REQUEST, '/announce?passkey=0123456789'),
    encodeUdpAnnounce(1, id, REQUEST, 'x'.repeat(400)),
    encodeUdpScrape(1, id, [HASH, HASH]),
  ];
  const report = await fuzz({ seed: SEED, runs: RUNS, corpus, maxLength: 1_500 }, (bytes) =>
    isTaken(() => decodeUdpRequest(bytes)),
  );
  expect(report.accepted).toBeGreaterThan(RUNS / 20);
  expect(report.refused).toBeGreaterThan(RUNS / 20);
});

test(`queries: a tracker answers each in bencode, and nothing breaks inside (seed ${SEED})`, async () => {
  const query = (url: string): Uint8Array => bytesOf(url.slice(url.indexOf('?') + 1));
  const corpus = [
    query(announceUrl('http://t.example/announce', REQUEST)),
    query(announceUrl('http://t.example/announce', { ...REQUEST, event: 'completed', left: 0 })),
    query(announceUrl('http://t.example/announce', { ...REQUEST, event: 'stopped', compact: false })),
  ];
  const tokens = [
    '&',
    '=',
    '%',
    '%00',
    '%ff',
    '&info_hash=',
    '&port=0',
    '&left=0',
    '&numwant=-1',
    '&compact=0',
    '&event=paused',
  ].map(bytesOf);
  const random = seededRandom(SEED);
  const broken: unknown[] = [];
  const handler = new AnnounceHandler({
    store: new MemorySwarmStore({ random: random.number, maxPeers: 2_000, maxSwarms: 200 }),
    random: random.number,
    numwant: 4,
    maxNumwant: 8,
    onError: (error) => broken.push(error),
  });
  let now = 0;
  const report = await fuzz({ seed: SEED, runs: RUNS / 4, corpus, tokens, maxLength: 600 }, async (bytes, { int }) => {
    now += int(1_000);
    const address = int(2) === 0 ? `10.0.${int(4)}.${int(256)}` : `2001:db8::${int(1_000)}`;
    const { body, status } = await handler.announce(textOf(bytes), { address, reachedAt: '10.9.9.9' }, now);
    assert.equal(status, 200);
    if (int(8) === 0) isTaken(() => decodeScrape(body, [HASH]));
    const scraped = int(8) === 0 ? await handler.scrape(textOf(bytes), now) : undefined;
    if (scraped && !decodeFailure(scraped.body)) decodeScrape(scraped.body, [HASH]);
    if (broken.length > 0) throw broken[0];
    return isTaken(() => decodeAnnounce(body));
  });
  expect(report.accepted).toBeGreaterThan(RUNS / 400);
  expect(report.refused).toBeGreaterThan(RUNS / 80);
});
