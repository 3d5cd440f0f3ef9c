import { encode } from '@shoal/bencode';
import { expect, test } from 'vitest';
import {
  decodeAnnounce,
  decodeFailure,
  decodeScrape,
  encodeAnnounce,
  encodeFailure,
  encodeScrape,
  TrackerError,
} from '../src/index.ts';

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

test('a compact answer (BEP 23) with peers6 (BEP 7)', () => {
  const six = `\x20\x01\x0d\xb8${'\0'.repeat(11)}\x01\x1a\xe2`;
  const answer = decodeAnnounce(
    ascii(
      `d8:completei5e10:incompletei7e8:intervali1800e5:peers12:\x0a\0\0\x01\x1a\xe1\x0a\0\0\x02\0\x506:peers618:${six}e`,
    ),
  );
  expect(answer).toEqual({
    interval: 1800,
    minInterval: null,
    seeders: 5,
    leechers: 7,
    peers: [
      { host: '10.0.0.1', port: 6881 },
      { host: '10.0.0.2', port: 80 },
      { host: '2001:db8::1', port: 6882 },
    ],
    warning: null,
    trackerId: null,
    externalIp: null,
  });
});

test('dictionary peers (BEP 3) beside compact peers6; names, bad ports and nonsense are left out', () => {
  const peers = [
    { ip: '10.0.0.1', port: 1, 'peer id': new Uint8Array(20) },
    { ip: '2001:DB8:0::1', port: 2 },
    { ip: 'localhost', port: 3 },
    { ip: '10.0.0.4', port: 0 },
    { ip: '10.0.0.5', port: 70_000 },
    { ip: '10.0.0.6' },
    { port: 7 },
    'text',
    { ip: '10.0.0.1', port: 1 },
  ];
  const six = decodeAnnounce(encode({ peers, peers6: new Uint8Array(18).fill(0x22) }));
  expect(six.peers).toEqual([
    { host: '10.0.0.1', port: 1 },
    { host: '2001:db8::1', port: 2 },
    { host: '2222:2222:2222:2222:2222:2222:2222:2222', port: 0x2222 },
  ]);
});

test('nobody is at port 0, 0.0.0.0, a multicast address or ::', () => {
  const peers = Uint8Array.of(10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 239, 1, 1, 1, 1, 1, 255, 255, 255, 255, 1, 1);
  const peers6 = new Uint8Array(18);
  peers6[17] = 1;
  expect(decodeAnnounce(encode({ peers, peers6 })).peers).toEqual([]);
});

test('peers are deduplicated and capped', () => {
  const peers = new Uint8Array(6 * 5_000);
  for (let at = 0; at < peers.length; at += 6) peers.set([10, 0, (at / 6) >> 8, (at / 6) & 0xff, 1, 1], at);
  expect(decodeAnnounce(encode({ peers })).peers).toHaveLength(2_000);
  expect(decodeAnnounce(encode({ peers }), { maxPeers: 10 }).peers).toHaveLength(10);
  expect(decodeAnnounce(encode({ peers: new Uint8Array(600).fill(9) })).peers).toHaveLength(1);
});

test.each([
  [0, 60],
  [-5, 60],
  [59, 60],
  [1800, 1800],
  [3_155_760_000, 86_400],
  [10n ** 20n, 86_400],
  [-(10n ** 20n), 60],
  ['soon', 1800],
])('an interval of %s becomes %i s', (interval, expected) => {
  expect(decodeAnnounce(encode({ interval })).interval).toBe(expected);
});

test('the interval is never below the min interval, and the caller may allow shorter ones', () => {
  expect(decodeAnnounce(encode({ interval: 100, 'min interval': 900 }))).toMatchObject({
    interval: 900,
    minInterval: 900,
  });
  expect(decodeAnnounce(encode({ interval: 2 }), { minInterval: 1 }).interval).toBe(2);
  expect(decodeAnnounce(encode({ 'min interval': 10n ** 30n })).minInterval).toBe(86_400);
});

test('warning, tracker id as bytes, external ip (BEP 24)', () => {
  const answer = decodeAnnounce(
    encode({
      'warning message': 'please\u0007 update\u202e',
      'tracker id': Uint8Array.of(0x61, 0xff),
      'external ip': Uint8Array.of(1, 2, 3, 4),
    }),
  );
  expect(answer).toMatchObject({ warning: 'please update', trackerId: 'a\xff', externalIp: '1.2.3.4' });
  expect(decodeAnnounce(encode({ 'external ip': new Uint8Array(16).fill(0x20) })).externalIp).toMatch(/^2020:/);
  expect(decodeAnnounce(encode({ 'external ip': '5.6.7.8' })).externalIp).toBe('5.6.7.8');
  expect(decodeAnnounce(encode({ 'external ip': 'nowhere', 'tracker id': 'x'.repeat(600) }))).toMatchObject({
    externalIp: null,
    trackerId: null,
  });
});

const failureOf = (bytes: Uint8Array): TrackerError => {
  try {
    decodeAnnounce(bytes);
  } catch (error) {
    if (error instanceof TrackerError) return error;
    throw error;
  }
  throw new Error('no failure');
};

test('a failure reason and when to retry (BEP 31)', () => {
  expect(failureOf(encodeFailure('unregistered torrent'))).toMatchObject({
    code: 'ERR_TRACKER_FAILURE',
    message: 'the tracker refuses: unregistered torrent',
    retryAfter: null,
  });
  expect(failureOf(encodeFailure('overloaded', 5)).retryAfter).toBe(300);
  expect(failureOf(encodeFailure('no tracker', 'never')).retryAfter).toBe(Number.POSITIVE_INFINITY);
  // As the BEP's own example writes it.
  expect(failureOf(encode({ 'failure reason': 'overloaded', 'retry in': '5' })).retryAfter).toBe(300);
  expect(failureOf(encode({ 'failure reason': 'x', 'retry in': -1 })).retryAfter).toBeNull();
  expect(failureOf(encode({ 'failure reason': 'x', 'retry in': 'soon' })).retryAfter).toBeNull();
});

test.each([
  [42, 'the tracker refuses: it gives no readable reason'],
  ['', 'the tracker refuses: it gives no readable reason'],
  [Uint8Array.of(0xff, 0xe9), 'the tracker refuses: ÿé'],
  [['list'], 'the tracker refuses: it gives no readable reason'],
  ['two\nlines\u001b[31m', 'the tracker refuses: two lines [31m'],
])('a failure reason of %j', (reason, message) => {
  expect(failureOf(encode({ 'failure reason': reason })).message).toBe(message);
});

test('a long reason is cut between characters', () => {
  const { message } = failureOf(encode({ 'failure reason': '🐟'.repeat(5_000) }));
  expect(message.endsWith('…') || message.endsWith('🐟')).toBe(true);
  expect(message.length).toBeLessThan(700);
  expect(message).not.toMatch(/\ufffd|ð/);
});

test.each([
  ['', /not a tracker's answer/],
  ['<html><body>404</body></html>', /a web page/],
  ['le', /no dictionary/],
  ['d5:peers7:1234567e', /peers of 7 bytes, a multiple of 6 expected/],
  ['d6:peers619:1234567890123456789e', /peers6 of 19 bytes, a multiple of 18 expected/],
  ['d5:peersi1ee', /peers is neither a string nor a list/],
  ['d8:intervali1800e', /not a tracker's answer/],
  ['d8:interval99999999999:', /not a tracker's answer/],
])('%s is no answer', (text, message) => {
  const error = failureOf(ascii(text));
  expect(error.code).toBe('ERR_TRACKER_MALFORMED');
  expect(error.message).toMatch(message);
});

test('an answer over the limit is refused before it is read', () => {
  expect(failureOf(new Uint8Array(2 * 1024 * 1024 + 1)).code).toBe('ERR_TRACKER_SIZE');
});

test('what the server writes the client reads', () => {
  const peers = [
    { host: '10.0.0.1', port: 1, peerId: new Uint8Array(20).fill(1) },
    { host: '2001:db8::1', port: 2, peerId: new Uint8Array(20).fill(2) },
  ];
  const answer = {
    interval: 900,
    minInterval: 300,
    seeders: 1,
    leechers: 2,
    warning: 'old client',
    trackerId: 'x\xfe',
    externalIp: '2001:db8::9',
  };
  const expected = { ...answer, peers: peers.map(({ host, port }) => ({ host, port })) };
  for (const compact of [true, false]) {
    expect(decodeAnnounce(encodeAnnounce({ ...answer, peers }, { compact }))).toEqual(expected);
  }
});

test('dictionary peers carry ids unless they are not wanted', () => {
  const peers = [{ host: '10.0.0.1', port: 1, peerId: ascii('-XX0000-aaaaaaaaaaaa') }];
  const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
  expect(text(encodeAnnounce({ interval: 9, peers }, { compact: false }))).toBe(
    'd8:intervali9e5:peersld2:ip8:10.0.0.17:peer id20:-XX0000-aaaaaaaaaaaa4:porti1eeee',
  );
  expect(text(encodeAnnounce({ interval: 9, peers }, { compact: false, peerIds: false }))).not.toContain('peer id');
});

test('scrape (BEP 48, the vector of its example)', () => {
  const [x, y, z] = [ascii('x'.repeat(20)), ascii('y'.repeat(20)), ascii('z'.repeat(20))];
  const vector = ascii(
    `d5:filesd20:${'x'.repeat(20)}d8:completei11e10:downloadedi13772e10:incompletei19ee` +
      `20:${'y'.repeat(20)}d8:completei21e10:downloadedi206e10:incompletei20eeee`,
  );
  const counts = [
    { seeders: 11, leechers: 19, completed: 13_772, downloaders: null },
    { seeders: 21, leechers: 20, completed: 206, downloaders: null },
  ];
  expect(decodeScrape(vector, [y, z, x])).toEqual([counts[1], null, counts[0]]);
  expect(
    encodeScrape([
      [y, counts[1] ?? null],
      [z, null],
      [x, counts[0] ?? null],
    ]),
  ).toEqual(vector);
  expect(() => decodeScrape(ascii('de'), [x])).toThrow(/without a dictionary of files/);
});

test('a failure is found in a body of any status, and nothing else is', () => {
  expect(decodeFailure(encodeFailure('no'))?.message).toBe('the tracker refuses: no');
  expect(decodeFailure(ascii('<html>'))).toBeUndefined();
  expect(decodeFailure(ascii('de'))).toBeUndefined();
});
