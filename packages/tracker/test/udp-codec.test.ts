import { toHex } from '@shoal/primitives';
import { expect, test } from 'vitest';
import {
  type AnnounceRequest,
  decodeUdpAnswer,
  decodeUdpRequest,
  encodeUdpAnnounce,
  encodeUdpAnnounceAnswer,
  encodeUdpConnect,
  encodeUdpConnectAnswer,
  encodeUdpError,
  encodeUdpScrape,
  encodeUdpScrapeAnswer,
  MAX_UDP_SCRAPE,
  peekUdpAnswer,
} from '../src/index.ts';

const connectionId = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const request: AnnounceRequest = {
  infoHash: new Uint8Array(20).fill(0xaa),
  peerId: new Uint8Array(20).fill(0xbb),
  port: 0x1ae1,
  uploaded: 3,
  downloaded: 1,
  left: 2 ** 40,
  event: 'started',
  key: 0xdeadbeef,
  numwant: 50,
};

test('connect: magic, action 0, transaction id (BEP 15)', () => {
  expect(toHex(encodeUdpConnect(0x01020304))).toBe('00000417271019800000000001020304');
  expect(decodeUdpRequest(encodeUdpConnect(0xfffffffe))).toEqual({ action: 'connect', transactionId: 0xfffffffe });
});

test('announce, field by field (BEP 15)', () => {
  expect(toHex(encodeUdpAnnounce(7, connectionId, request))).toBe(
    [
      '0102030405060708', // connection id
      '00000001', // action
      '00000007', // transaction id
      'aa'.repeat(20),
      'bb'.repeat(20),
      '0000000000000001', // downloaded
      '0000010000000000', // left
      '0000000000000003', // uploaded
      '00000002', // started
      '00000000', // address
      'deadbeef', // key
      '00000032', // numwant
      '1ae1', // port
    ].join(''),
  );
});

test.each([
  [undefined, 0],
  ['completed', 1],
  ['started', 2],
  ['stopped', 3],
] as const)('event %s is %i', (event, number) => {
  const { event: _, ...rest } = request;
  const bytes = encodeUdpAnnounce(7, connectionId, event === undefined ? rest : { ...rest, event });
  expect(bytes[83]).toBe(number);
});

test('an announce reads back, with the path and query of the URL (BEP 41)', () => {
  const urlData = '/dir?a=b&c=d';
  const bytes = encodeUdpAnnounce(7, connectionId, request, urlData);
  // The example of the BEP.
  expect(toHex(bytes.subarray(98))).toBe(`020c${toHex(new TextEncoder().encode(urlData))}`);
  expect(decodeUdpRequest(bytes)).toEqual({ action: 'announce', transactionId: 7, connectionId, request, urlData });
});

test('long URL data is cut into runs of 255 and put together again, options unknown to us are stepped over', () => {
  const urlData = `/${'x'.repeat(600)}`;
  const bytes = encodeUdpAnnounce(7, connectionId, request, urlData);
  expect(bytes).toHaveLength(98 + 601 + 3 * 2);
  expect(decodeUdpRequest(bytes)).toMatchObject({ urlData });
  const options = [1, 1, 9, 2, 0xff, 0xff, 2, 1, 0x2f, 2, 0, 0, 2, 1, 0x41];
  const other = new Uint8Array([...encodeUdpAnnounce(7, connectionId, request), ...options]);
  expect(decodeUdpRequest(other)).toMatchObject({ urlData: '/' });
  const cut = new Uint8Array([...encodeUdpAnnounce(7, connectionId, request), 2, 9, 0x2f]);
  expect(decodeUdpRequest(cut)).toMatchObject({ urlData: '' });
  expect(() => encodeUdpAnnounce(7, connectionId, request, `/${'x'.repeat(1_100)}`)).toThrow(
    /1101 bytes, at most 1100/,
  );
});

test('without a number of peers -1 is sent', () => {
  const { numwant: _, ...rest } = request;
  const bytes = encodeUdpAnnounce(7, connectionId, rest);
  expect(toHex(bytes.subarray(92, 96))).toBe('ffffffff');
  expect(decodeUdpRequest(bytes)).toMatchObject({ request: rest });
});

test('scrape of several torrents', () => {
  const infoHashes = [new Uint8Array(20).fill(1), new Uint8Array(20).fill(2)];
  const bytes = encodeUdpScrape(9, connectionId, infoHashes);
  expect(toHex(bytes)).toBe(`01020304050607080000000200000009${'01'.repeat(20)}${'02'.repeat(20)}`);
  expect(decodeUdpRequest(bytes)).toEqual({ action: 'scrape', transactionId: 9, connectionId, infoHashes });
  expect(() => encodeUdpScrape(9, connectionId, [])).toThrow(RangeError);
  const many = Array.from({ length: MAX_UDP_SCRAPE + 1 }, () => new Uint8Array(20));
  expect(() => encodeUdpScrape(9, connectionId, many)).toThrow(/not 75/);
});

test('answers read back', () => {
  expect(decodeUdpAnswer(encodeUdpConnectAnswer(5, connectionId), 4)).toEqual({
    action: 'connect',
    transactionId: 5,
    connectionId,
  });
  const peers = [
    { host: '10.0.0.1', port: 1 },
    { host: '2001:db8::1', port: 2 },
  ];
  const response = {
    interval: 1800,
    minInterval: null,
    seeders: 3,
    leechers: 4,
    warning: null,
    trackerId: null,
    externalIp: null,
  };
  for (const [index, family] of ([4, 6] as const).entries()) {
    const bytes = encodeUdpAnnounceAnswer(5, { interval: 1800, seeders: 3, leechers: 4, peers }, family);
    expect(bytes).toHaveLength(family === 4 ? 26 : 38);
    expect(decodeUdpAnswer(bytes, family)).toEqual({
      action: 'announce',
      transactionId: 5,
      response: { ...response, peers: [peers[index]] },
    });
  }
  const counts = [{ seeders: 1, completed: 2, leechers: 3, downloaders: null }];
  expect(decodeUdpAnswer(encodeUdpScrapeAnswer(5, counts), 4)).toEqual({ action: 'scrape', transactionId: 5, counts });
  expect(decodeUdpAnswer(encodeUdpError(5, 'nö'), 4)).toEqual({ action: 'error', transactionId: 5, reason: 'nö' });
});

test('intervals are clamped, bytes past the last whole peer are left alone (BEP 15 wants no exact sizes)', () => {
  const bytes = encodeUdpAnnounceAnswer(
    5,
    { interval: 1, seeders: 0, leechers: 0, peers: [{ host: '10.0.0.1', port: 9 }] },
    4,
  );
  const answer = decodeUdpAnswer(new Uint8Array([...bytes, 1, 2, 3]), 4);
  expect(answer).toMatchObject({ response: { interval: 60, peers: [{ host: '10.0.0.1', port: 9 }] } });
  for (const [interval, expected] of [
    [0, 60],
    [3_155_760_000, 86_400],
  ] as const) {
    const clamped = decodeUdpAnswer(encodeUdpAnnounceAnswer(5, { interval, seeders: 0, leechers: 0, peers: [] }, 4), 4);
    expect(clamped).toMatchObject({ response: { interval: expected } });
  }
});

test.each([
  [7, /7 bytes, at least 8/],
  [8, /^the tracker refuses: it answers with nothing, as for a torrent that is not on its list$/],
  [19, /19 bytes, at least 20/],
])('an announce answer of %i bytes', (length, message) => {
  const bytes = encodeUdpAnnounceAnswer(5, { interval: 1, seeders: 0, leechers: 0, peers: [] }, 4);
  expect(() => decodeUdpAnswer(bytes.subarray(0, length), 4)).toThrow(message);
});

test('other answers that are none', () => {
  expect(() => decodeUdpAnswer(encodeUdpConnectAnswer(5, connectionId).subarray(0, 15), 4)).toThrow(/15 bytes, 16/);
  expect(() => decodeUdpAnswer(Uint8Array.of(0, 0, 0, 4, 0, 0, 0, 0), 4)).toThrow(/action 4/);
  expect(peekUdpAnswer(new Uint8Array(7))).toBeUndefined();
  expect(peekUdpAnswer(encodeUdpError(0x80000001, ''))).toEqual({ action: 3, transactionId: 0x80000001 });
});

test.each([
  [new Uint8Array(15), /15 bytes, at least 16/],
  [new Uint8Array(16), /without the protocol id/],
  [encodeUdpAnnounce(1, connectionId, request).subarray(0, 97), /97 bytes, at least 98/],
  [encodeUdpScrape(1, connectionId, [new Uint8Array(20)]).subarray(0, 35), /no torrents/],
  [Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0), /action 9/],
])('requests that are none', (bytes, message) => {
  expect(() => decodeUdpRequest(bytes)).toThrow(message);
});
