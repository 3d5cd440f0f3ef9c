// What trackers answer and askers send: 200,000 mutants for each decoder. SHOAL_SEED repeats a run.
import { encode } from '@shoal/bencode';
import { fuzz, seededRandom } from '@shoal/testkit';
import { assert, expect, test } from 'vitest';
import {
  AnnounceHandler,
  type AnnounceRequest,
  announceUrl,
  decodeAnnounce,
  decodeFailure,
  decodeScrape,
  decodeUdpAnswer,
  decodeUdpRequest,
  encodeAnnounce,
  encodeFailure,
  encodeScrape,
  encodeUdpAnnounce,
  encodeUdpAnnounceAnswer,
  encodeUdpConnect,
  encodeUdpConnectAnswer,
  encodeUdpError,
  encodeUdpScrape,
  encodeUdpScrapeAnswer,
  MemorySwarmStore,
  parseTrackerUrl,
  scrapeUrl,
  TrackerError,
} from '../src/index.ts';

const RUNS = Number(process.env.SHOAL_TEST_RUNS ?? 200_000);
const SEED = process.env.SHOAL_SEED ?? String(Date.now());
const HASH = new Uint8Array(20).fill(0x61);
const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

const PEERS = ['10.0.0.1', '2001:db8::7', '192.0.2.4'].map((host, index) => ({ host, port: 1 + index, peerId: HASH }));
const COUNTS = { seeders: 3, leechers: 2, completed: 9, downloaders: 1 };
const REQUEST: AnnounceRequest = {
  infoHash: HASH,
  peerId: new Uint8Array(20).fill(0x62),
  port: 6881,
  uploaded: 1,
  downloaded: 2,
  left: 3,
  event: 'started',
  key: 7,
  numwant: 50,
};
const ANSWERS = [
  encodeAnnounce({ interval: 1_800, minInterval: 60, seeders: 1, leechers: 2, peers: PEERS, externalIp: '10.0.0.9' }),
  encodeAnnounce({ interval: 900, seeders: 1, leechers: 2, peers: PEERS }, { compact: false, peerIds: true }),
  encode({
    'warning message': 'w',
    'tracker id': 't',
    peers: [{ ip: 'host.example', port: 5 }],
    peers6: new Uint8Array(36),
  }),
  encodeFailure('no', 30),
  encodeScrape([[HASH, COUNTS]]),
];
const TOKENS = [
  'i0e',
  'i-1e',
  'i65535e',
  'i99999999999999999999e',
  'le',
  'de',
  '0:',
  '5:peers',
  '6:peers6',
  '2:ip',
  '4:port',
]
  .concat([
    '14:failure reason',
    '8:retry in5:never',
    '15:warning message3:\x1b[m',
    '8:complete',
    '9:127.0.0.1',
    '5:files',
  ])
  .map(bytesOf);

/** Whether the bytes were taken; another error than the package's own is thrown on. */
function isTaken(run: () => unknown): boolean {
  try {
    run();
    return true;
  } catch (error) {
    if (!(error instanceof TrackerError)) throw error;
    assert.isBelow(error.message.length, 1_000);
    return false;
  }
}

test(`HTTP answers to announces (seed ${SEED})`, async () => {
  const report = await fuzz({ seed: SEED, runs: RUNS, corpus: ANSWERS, tokens: TOKENS }, (bytes) => {
    decodeFailure(bytes);
    return isTaken(() => {
      const { interval, minInterval, peers, warning, trackerId } = decodeAnnounce(bytes, { maxPeers: 5 });
      assert.isTrue(interval >= 60 && interval <= 86_400, `interval ${interval}`);
      assert.isTrue(minInterval === null || minInterval <= interval, `min interval ${minInterval}`);
      assert.isAtMost(peers.length, 5);
      for (const { host, port } of peers) {
        assert.isTrue(port >= 1 && port <= 65_535, `port ${port}`);
        assert.match(host, /^[\d.]+$|^[\da-f:.]+$/);
      }
      assert.notMatch(warning ?? '', /[\p{Cc}\p{Bidi_Control}]/u);
      assert.isAtMost(trackerId?.length ?? 0, 512);
    });
  });
  expect(report.accepted).toBeGreaterThan(RUNS / 20);
  expect(report.refused).toBeGreaterThan(RUNS / 20);
});

test(`HTTP answers to scrapes (seed ${SEED})`, async () => {
  const report = await fuzz({ seed: SEED, runs: RUNS, corpus: ANSWERS, tokens: TOKENS }, (bytes) =>
    isTaken(() => {
      const answer = decodeScrape(bytes, [HASH, new Uint8Array(20)]);
      assert.equal(answer.length, 2);
      for (const each of answer) for (const count of Object.values(each ?? {})) assert.isAtLeast(count ?? 0, 0);
    }),
  );
  expect(report.accepted).toBeGreaterThan(RUNS / 100);
});

test(`UDP answers (seed ${SEED})`, async () => {
  const counts = { interval: 900, seeders: 1, leechers: 1 };
  const corpus = [
    encodeUdpConnectAnswer(1, new Uint8Array(8)),
    encodeUdpAnnounceAnswer(1, { ...counts, peers: PEERS }, 4),
    encodeUdpAnnounceAnswer(1, { ...counts, peers: PEERS }, 6),
    encodeUdpScrapeAnswer(1, [COUNTS, COUNTS]),
    encodeUdpError(1, 'no'),
  ];
  const report = await fuzz({ seed: SEED, runs: RUNS, corpus, maxLength: 1_500 }, (bytes, random) =>
    isTaken(() => decodeUdpAnswer(bytes, random.int(2) === 0 ? 4 : 6)),
  );
  expect(report.accepted).toBeGreaterThan(RUNS / 20);
  expect(report.refused).toBeGreaterThan(RUNS / 20);
});

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

test(`tracker URLs (seed ${SEED})`, async () => {
  const corpus = [
    'http://t.example/announce?a=b',
    'https://[2001:db8::1]:8443/x/announce',
    'udp://t.example:80/announce',
  ].map(bytesOf);
  const tokens = [
    'udp://',
    'http://',
    ':65536',
    '[',
    ']',
    '@',
    '%00',
    '%',
    '\\',
    '#',
    '?',
    '\xfc',
    '..',
    'announce',
  ].map(bytesOf);
  const report = await fuzz({ seed: SEED, runs: RUNS, corpus, tokens, maxLength: 300 }, (bytes) =>
    isTaken(() => {
      const parsed = parseTrackerUrl(textOf(bytes));
      if (parsed.protocol === 'udp') return;
      isTaken(() => new URL(scrapeUrl(parsed.href, [HASH])));
      isTaken(() => new URL(announceUrl(parsed.href, REQUEST)));
    }),
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
