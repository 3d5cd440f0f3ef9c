import { InfoHash } from '@shoal/primitives';
import { expect, test } from 'vitest';
import { decodeAnnouncement, encodeAnnouncement, LsdError } from '../src/index.ts';

const hash = (byte: number): InfoHash => new InfoHash(new Uint8Array(20).fill(byte));
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const bytes = (content: string): Uint8Array => Uint8Array.from(Buffer.from(content, 'latin1'));
const HASH = 'ab'.repeat(20);

test('the datagrams of BEP 14', () => {
  const announcement = { port: 6_881, infoHashes: [hash(0xab), hash(1)], cookie: 'x1' };
  expect(text(encodeAnnouncement(4, announcement))).toBe(
    `BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\nPort: 6881\r\nInfohash: ${HASH}\r\nInfohash: ${'01'.repeat(20)}\r\ncookie: x1\r\n\r\n\r\n`,
  );
  expect(text(encodeAnnouncement(6, announcement))).toContain('\r\nHost: [ff15::efc0:988f]:6771\r\n');
});

test('twenty-four torrents with the longest cookie stay within 1,400 bytes', () => {
  const infoHashes = Array.from({ length: 24 }, (_, index) => hash(index));
  const datagram = encodeAnnouncement(6, { port: 65_535, infoHashes, cookie: 'x'.repeat(64) });
  expect(datagram.length).toBeLessThanOrEqual(1_400);
  expect(decodeAnnouncement(datagram)).toEqual({ port: 65_535, infoHashes, cookie: 'x'.repeat(64) });
});

test('what libtorrent and Transmission send', () => {
  const libtorrent = `BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\nPort: 6881\r\nInfohash: ${HASH}\r\ncookie: 6d2f1a\r\n\r\n\r\n`;
  expect(decodeAnnouncement(bytes(libtorrent))).toEqual({ port: 6_881, infoHashes: [hash(0xab)], cookie: '6d2f1a' });
  const transmission = `BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\nPort: 51413\r\nInfohash: ${HASH.toUpperCase()}\r\n\r\n\r\n`;
  expect(decodeAnnouncement(bytes(transmission))).toEqual({
    port: 51_413,
    infoHashes: [hash(0xab)],
    cookie: undefined,
  });
});

test('headers in any case and order, unknown ones, line feeds alone, the same hash twice', () => {
  const odd = `bt-search * HTTP/1.0\nINFOHASH:${HASH}\nX-New: 1\nno header\ninfohash: ${HASH}\nport:  1\n\n`;
  expect(decodeAnnouncement(bytes(odd))).toEqual({ port: 1, infoHashes: [hash(0xab)], cookie: undefined });
});

test('info-hashes that are none are left out, and there may be none at all', () => {
  const values = ['', 'ab', `${HASH}ab`, 'zz'.repeat(20), `${HASH.slice(1)} `];
  const lines = values.map((value) => `Infohash: ${value}\r\n`).join('');
  expect(decodeAnnouncement(bytes(`BT-SEARCH * HTTP/1.1\r\nPort: 9\r\n${lines}\r\n`)).infoHashes).toEqual([]);
});

test('limits on what is taken', () => {
  const infoHashes = Array.from({ length: 24 }, (_, index) => hash(index));
  const datagram = encodeAnnouncement(4, { port: 1, infoHashes, cookie: 'x' });
  expect(decodeAnnouncement(datagram, { infoHashes: 2 }).infoHashes).toHaveLength(2);
  const lines = `Infohash: ${HASH}\n`.repeat(60);
  expect(decodeAnnouncement(bytes(`BT-SEARCH * HTTP/1.1\nport: 1\n${lines}\n`)).infoHashes).toHaveLength(1);
  const cookie = `cookie: ${'x'.repeat(500)}\n`;
  expect(decodeAnnouncement(bytes(`BT-SEARCH * HTTP/1.1\nport: 1\n${cookie}\n`)).cookie).toHaveLength(64);
});

test.each([
  ['nothing', ''],
  ['another request', 'M-SEARCH * HTTP/1.1\r\nPort: 1\r\n\r\n'],
  ['an answer', 'HTTP/1.1 200 OK\r\nPort: 1\r\n\r\n'],
  ['no port', 'BT-SEARCH * HTTP/1.1\r\n\r\n'],
  ['port 0', 'BT-SEARCH * HTTP/1.1\r\nPort: 0\r\n\r\n'],
  ['port 65536', 'BT-SEARCH * HTTP/1.1\r\nPort: 65536\r\n\r\n'],
  ['a port that is none', 'BT-SEARCH * HTTP/1.1\r\nPort: 1e3\r\n\r\n'],
  ['headers that do not end', `BT-SEARCH * HTTP/1.1\r\nPort: 1\r\nInfohash: ${HASH}\r\n`],
  ['headers without end', `BT-SEARCH * HTTP/1.1\r\nPort: 1\r\n${'a:\n'.repeat(1_000)}\n`],
  ['5,000 bytes', `BT-SEARCH * HTTP/1.1\r\nPort: 1\r\nX: ${'x'.repeat(5_000)}\r\n\r\n`],
])('refused: %s', (_, content) => {
  expect(() => decodeAnnouncement(bytes(content))).toThrow(LsdError);
  expect(() => decodeAnnouncement(bytes(content))).toThrow(expect.objectContaining({ code: 'ERR_LSD_MESSAGE' }));
});

test('misuse when encoding', () => {
  const good = { port: 1, infoHashes: [hash(1)], cookie: 'x' };
  for (const port of [0, 65_536, 1.5]) expect(() => encodeAnnouncement(4, { ...good, port })).toThrow(RangeError);
  for (const cookie of ['', 'a b', 'x\r\nPort: 2', 'x'.repeat(65)]) {
    expect(() => encodeAnnouncement(4, { ...good, cookie })).toThrow(RangeError);
  }
  const wide = new InfoHash(new Uint8Array(32));
  for (const infoHashes of [[], [wide], new Array<InfoHash>(25).fill(hash(1))]) {
    expect(() => encodeAnnouncement(4, { ...good, infoHashes })).toThrow(RangeError);
  }
});
