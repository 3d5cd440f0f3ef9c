// What trackers answer, and how their URLs are written: a million mutants for each decoder, which throw nothing but the
// package's own error. SHOAL_SEED repeats a run.
import { encode } from '@shoal/bencode';
import { fuzz } from '@shoal/testkit';
import { expect, test } from 'vitest';
import {
  announceUrl,
  decodeAnnounce,
  decodeFailure,
  decodeScrape,
  decodeUdpAnswer,
  encodeAnnounce,
  encodeFailure,
  encodeScrape,
  encodeUdpAnnounceAnswer,
  encodeUdpConnectAnswer,
  encodeUdpError,
  encodeUdpScrapeAnswer,
  parseTrackerUrl,
  peekUdpAnswer,
  printableUrl,
  scrapeUrl,
} from '../src/index.ts';
import { bytesOf, HASH, isTaken, REQUEST, SEED, textOf } from './fuzz-inputs.ts';

const RUNS = Number(process.env.SHOAL_TEST_RUNS ?? 1_000_000);
const PEERS = ['10.0.0.1', '2001:db8::7', '192.0.2.4'].map((host, index) => ({ host, port: 1 + index, peerId: HASH }));
const COUNTS = { seeders: 3, leechers: 2, completed: 9, downloaders: 1 };
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

/** Cheaper than an assertion library's, which would cost more than the decoders. */
function must(isSo: boolean, what: string, value: unknown): void {
  if (!isSo) throw new Error(`${what}: ${String(value)}`);
}

test(`HTTP answers to announces and the reasons in them, ${RUNS} inputs (seed ${SEED})`, async () => {
  const report = await fuzz({ seed: SEED, runs: RUNS, corpus: ANSWERS, tokens: TOKENS }, (bytes) => {
    const failure = decodeFailure(bytes);
    must((failure?.message.length ?? 0) < 1_000, 'reason', failure?.message.length);
    return isTaken(() => {
      const { interval, minInterval, peers, warning, trackerId } = decodeAnnounce(bytes, { maxPeers: 5 });
      must(failure === undefined, 'taken, with a failure', failure);
      must(interval >= 60 && interval <= 86_400, 'interval', interval);
      must(minInterval === null || minInterval <= interval, 'min interval', minInterval);
      must(peers.length <= 5, 'peers', peers.length);
      for (const { host, port } of peers) {
        must(port >= 1 && port <= 65_535, 'port', port);
        must(/^[\d.]+$|^[\da-f:.]+$/.test(host), 'host', host);
      }
      must(warning === null || !/[\p{Cc}\p{Bidi_Control}]/u.test(warning), 'warning', warning);
      must((trackerId?.length ?? 0) <= 512, 'tracker id', trackerId?.length);
    });
  });
  expect(report.accepted).toBeGreaterThan(RUNS / 20);
  expect(report.refused).toBeGreaterThan(RUNS / 20);
  expect(report.accepted + report.refused).toBe(RUNS);
});

test(`HTTP answers to scrapes, ${RUNS} inputs (seed ${SEED})`, async () => {
  const report = await fuzz({ seed: SEED, runs: RUNS, corpus: ANSWERS, tokens: TOKENS }, (bytes) =>
    isTaken(() => {
      const answer = decodeScrape(bytes, [HASH, new Uint8Array(20)]);
      must(answer.length === 2, 'torrents', answer.length);
      for (const each of answer) for (const count of Object.values(each ?? {})) must((count ?? 0) >= 0, 'count', count);
    }),
  );
  expect(report.accepted).toBeGreaterThan(RUNS / 100);
  expect(report.accepted + report.refused).toBe(RUNS);
});

test(`UDP answers, ${RUNS} inputs (seed ${SEED})`, async () => {
  const counts = { interval: 900, seeders: 1, leechers: 1 };
  const corpus = [
    encodeUdpConnectAnswer(1, new Uint8Array(8)),
    encodeUdpAnnounceAnswer(1, { ...counts, peers: PEERS }, 4),
    encodeUdpAnnounceAnswer(1, { ...counts, peers: PEERS }, 6),
    encodeUdpScrapeAnswer(1, [COUNTS, COUNTS]),
    encodeUdpError(1, 'no'),
  ];
  const report = await fuzz({ seed: SEED, runs: RUNS, corpus, maxLength: 1_500 }, (bytes, random) => {
    must((peekUdpAnswer(bytes) !== undefined) === bytes.length >= 8, 'peeked', bytes.length);
    return isTaken(() => decodeUdpAnswer(bytes, random.int(2) === 0 ? 4 : 6));
  });
  expect(report.accepted).toBeGreaterThan(RUNS / 20);
  expect(report.refused).toBeGreaterThan(RUNS / 20);
  expect(report.accepted + report.refused).toBe(RUNS);
});

test(`tracker URLs, ${RUNS} inputs (seed ${SEED})`, async () => {
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
      const text = textOf(bytes);
      must(/^[\x20-\x7e]*$/.test(printableUrl(text)), 'printed', text);
      const parsed = parseTrackerUrl(text);
      if (parsed.protocol === 'udp') return;
      isTaken(() => new URL(scrapeUrl(parsed.href, [HASH])));
      isTaken(() => new URL(announceUrl(parsed.href, REQUEST)));
    }),
  );
  expect(report.accepted).toBeGreaterThan(RUNS / 20);
  expect(report.refused).toBeGreaterThan(RUNS / 20);
  expect(report.accepted + report.refused).toBe(RUNS);
});
