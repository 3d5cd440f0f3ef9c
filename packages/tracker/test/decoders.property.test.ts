import { encode } from '@shoal/bencode';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type AnnounceRequest,
  announceUrl,
  decodeAnnounce,
  decodeScrape,
  decodeUdpAnswer,
  decodeUdpRequest,
  encodeAnnounce,
  encodeUdpAnnounce,
  encodeUdpAnnounceAnswer,
  parseTrackerUrl,
  TrackerError,
  UdpExchange,
} from '../src/index.ts';
import { percentDecode, percentEncode } from '../src/percent.ts';

const twenty = fc.uint8Array({ minLength: 20, maxLength: 20 });
const port = fc.integer({ min: 1, max: 65_535 });
const whole = fc.maxSafeNat();
const request: fc.Arbitrary<AnnounceRequest> = fc.record(
  {
    infoHash: twenty,
    peerId: twenty,
    port: fc.integer({ min: 0, max: 65_535 }),
    uploaded: whole,
    downloaded: whole,
    left: whole,
    event: fc.constantFrom('started', 'completed', 'stopped', 'paused'),
    key: fc.integer({ min: 0, max: 0xffff_ffff }),
    numwant: fc.integer({ min: 0, max: 0x7fff_ffff }),
  },
  { requiredKeys: ['infoHash', 'peerId', 'port', 'uploaded', 'downloaded', 'left'] },
);
const host = fc.oneof(
  fc.tuple(fc.integer({ min: 1, max: 223 }), fc.nat(255), fc.nat(255), fc.nat(255)).map((bytes) => bytes.join('.')),
  fc.integer({ min: 1, max: 0xffff }).map((group) => `2001:db8::${group.toString(16)}`),
);

/** Runs a decoder; a throw is fine when it is the package's own. */
function survives(decoder: () => unknown): void {
  try {
    decoder();
  } catch (error) {
    expect(error).toBeInstanceOf(TrackerError);
    expect((error as TrackerError).message.length).toBeLessThan(1_000);
  }
}

const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.maxSafeInteger(),
    fc.bigInt(),
    fc.uint8Array({ maxLength: 60 }),
    fc.string(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom('ip', 'port', 'peer id', 'complete', 'x'), tie('value')),
  ),
})).value;

const answer = fc.dictionary(
  fc.constantFrom(
    'interval',
    'min interval',
    'peers',
    'peers6',
    'failure reason',
    'retry in',
    'warning message',
    'tracker id',
    'external ip',
    'complete',
    'incomplete',
    'files',
  ),
  value,
);

test('any bytes: an answer or a TrackerError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), twenty, (bytes, infoHash) => {
      survives(() => decodeAnnounce(bytes));
      survives(() => decodeScrape(bytes, [infoHash]));
      survives(() => decodeUdpAnswer(bytes, 4));
      survives(() => decodeUdpAnswer(bytes, 6));
      survives(() => decodeUdpRequest(bytes));
    }),
  );
});

test('any dictionary with a tracker’s keys: an answer within its bounds or a TrackerError', () => {
  fc.assert(
    fc.property(answer, (fields) => {
      const bytes = encode(fields as Parameters<typeof encode>[0]);
      survives(() => {
        const response = decodeAnnounce(bytes, { maxPeers: 3 });
        expect(response.interval).toBeGreaterThanOrEqual(60);
        expect(response.interval).toBeLessThanOrEqual(86_400);
        expect(response.peers.length).toBeLessThanOrEqual(3);
        for (const peer of response.peers) expect(peer.port).toBeGreaterThan(0);
      });
      survives(() => decodeScrape(bytes, [new Uint8Array(20)]));
    }),
  );
});

test('any text is a tracker’s URL or a TrackerError', () => {
  const scheme = fc.constantFrom(
    '',
    'http://',
    'https://',
    'udp://',
    'udp://[',
    'http://t.example:',
    'udp://t.example:1/',
  );
  const url = fc
    .tuple(
      scheme,
      fc.uint16Array({ maxLength: 12 }).map((units) => String.fromCharCode(...units)),
      fc.string(),
    )
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(url, request, (text, asks) => {
      survives(() => {
        const parsed = parseTrackerUrl(text);
        if (parsed.protocol !== 'udp') survives(() => announceUrl(parsed.href, asks));
      });
    }),
  );
});

test('encoding and decoding an HTTP answer is identity', () => {
  const seconds = fc.integer({ min: 60, max: 86_400 });
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.record({ host, port }), { selector: (peer) => `${peer.host} ${peer.port}`, maxLength: 20 }),
      seconds,
      whole,
      fc.boolean(),
      (peers, interval, seeders, compact) => {
        const { peers: read, ...rest } = decodeAnnounce(encodeAnnounce({ interval, seeders, peers }, { compact }));
        const key = (peer: { host: string; port: number }): string => `${peer.host} ${peer.port}`;
        expect(read.map(key).sort()).toEqual(peers.map(key).sort());
        expect(rest).toMatchObject({ interval, seeders });
      },
    ),
  );
});

test('encoding and decoding a UDP announce is identity', () => {
  fc.assert(
    fc.property(
      request,
      fc.nat(0xffff_ffff),
      fc.uint8Array({ minLength: 8, maxLength: 8 }),
      fc.string({ unit: 'grapheme-ascii' }),
      (asks, id, connection, path) => {
        const read = decodeUdpRequest(encodeUdpAnnounce(id, connection, asks, path));
        const { key = 0, ...rest } = asks;
        expect(read).toEqual({
          action: 'announce',
          transactionId: id,
          connectionId: connection,
          request: { ...rest, key },
          urlData: path,
        });
      },
    ),
  );
});

test('a UDP answer cut anywhere is an answer or a TrackerError', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ host, port }), { maxLength: 9 }), fc.nat(200), (peers, cut) => {
      const bytes = encodeUdpAnnounceAnswer(1, { interval: 900, seeders: 0, leechers: 0, peers }, 4);
      survives(() => decodeUdpAnswer(bytes.subarray(0, cut), 4));
    }),
  );
});

test('percent-encoding: any bytes come back, and only unreserved characters stay', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const text = percentEncode(bytes);
      expect(text).toMatch(/^([A-Za-z0-9._~-]|%[0-9A-F]{2})*$/);
      expect(percentDecode(text)).toEqual(bytes);
    }),
  );
});

test('an exchange fed with any datagrams at any time ends at most once and never sends a stale id', () => {
  const feed = fc.array(fc.tuple(fc.nat(100_000), fc.nat(4), fc.nat(3), fc.uint8Array({ maxLength: 40 })), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(feed, request, (steps, asks) => {
      let now = 0;
      let next = 0;
      const exchange = new UdpExchange({
        question: { kind: 'announce', request: asks, urlData: '' },
        family: 4,
        now,
        random: () => (next++ % 3) / 0x1_0000_0000,
      });
      let ended: unknown;
      for (const [ms, action, id, rest] of steps) {
        now += ms;
        exchange.tick(now);
        const sent = exchange.poll();
        if (sent && decodeUdpRequest(sent).action === 'announce') {
          expect(now - (exchange.connection?.since ?? Number.NEGATIVE_INFINITY)).toBeLessThan(60_000);
        }
        const bytes = new Uint8Array([0, 0, 0, action, 0, 0, 0, id, ...rest]);
        exchange.receive(bytes, now);
        if (ended !== undefined) expect(exchange.outcome).toBe(ended);
        ended = exchange.outcome;
        expect(exchange.nextWake() > now || exchange.nextWake() === Number.POSITIVE_INFINITY).toBe(true);
      }
    }),
  );
});
