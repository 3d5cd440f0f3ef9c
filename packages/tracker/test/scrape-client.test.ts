// BEP 48 over HTTP and BEP 15's scrape over UDP, for any number of torrents.
import { expect, test } from 'vitest';
import {
  decodeUdpRequest,
  encodeFailure,
  encodeScrape,
  encodeUdpConnectAnswer,
  encodeUdpScrapeAnswer,
  type ScrapeCounts,
} from '../src/index.ts';
import { TrackerServer } from '../src/node/index.ts';
import { clientFor, httpServer, udpServer } from './loopback.ts';

const hashOf = (index: number): Uint8Array => {
  const hash = new Uint8Array(20).fill(0xee);
  hash[19] = index;
  return hash;
};
const countsOf = (infoHash: Uint8Array): ScrapeCounts => ({
  seeders: infoHash[19] as number,
  leechers: 2,
  completed: 3,
  downloaders: null,
});
const many = Array.from({ length: 150 }, (_, index) => hashOf(index));

/** The hashes in a scrape's query, byte for byte. */
function hashesIn(url: string | undefined): Uint8Array[] {
  const query = url?.slice(url.indexOf('?') + 1) ?? '';
  return query
    .split('&')
    .filter((pair) => pair.startsWith('info_hash='))
    .map((pair) => {
      const text = pair.slice('info_hash='.length);
      const raw = text.replaceAll(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
      return Uint8Array.from(raw, (each) => each.charCodeAt(0));
    });
}

test('HTTP: many torrents go in runs of 74, and come back in order', async () => {
  const runs: number[] = [];
  const origin = await httpServer((incoming, response) => {
    const hashes = hashesIn(incoming.url);
    runs.push(hashes.length);
    expect(incoming.url?.startsWith('/scrape?passkey=x&')).toBe(true);
    // The last of them is not known here.
    response.end(encodeScrape(hashes.map((hash) => [hash, hash[19] === 149 ? null : countsOf(hash)])));
  });
  const counts = await clientFor().scrape(`${origin}/announce?passkey=x`, many);
  expect(counts).toEqual([...many.slice(0, 149).map(countsOf), null]);
  expect(runs).toEqual([74, 74, 2]);
});

test('UDP: many torrents go in runs of 74 over one connection id; what is not answered is null', async () => {
  const seen: string[] = [];
  const { port } = await udpServer((bytes, from, socket) => {
    const asked = decodeUdpRequest(bytes);
    const { transactionId } = asked;
    if (asked.action === 'scrape') {
      seen.push(`scrape ${asked.infoHashes.length}`);
      const known = asked.infoHashes.slice(0, 73);
      socket.send(encodeUdpScrapeAnswer(transactionId, known.map(countsOf)), from.port, from.address);
      return;
    }
    seen.push(asked.action);
    socket.send(encodeUdpConnectAnswer(transactionId, new Uint8Array(8)), from.port, from.address);
  });
  const counts = await clientFor().scrape(`udp://127.0.0.1:${port}`, many);
  expect(counts).toEqual(many.map((hash, index) => (index === 73 || index === 147 ? null : countsOf(hash))));
  expect(seen).toEqual(['connect', 'scrape 74', 'scrape 74', 'scrape 2']);
});

test('our own tracker is scraped', async () => {
  const server = new TrackerServer({ http: { host: '127.0.0.1' } });
  await server.listen();
  try {
    server.enterLocal({ infoHash: hashOf(1), peerId: new Uint8Array(20), port: 1, role: 'seed' });
    const counts = await clientFor().scrape(server.urlFor('127.0.0.1'), [hashOf(1), hashOf(2)]);
    expect(counts).toMatchObject([{ seeders: 1, leechers: 0 }, null]);
  } finally {
    await server.close();
  }
});

test('no torrents at all are not asked for: a tracker would answer all it has', async () => {
  expect(await clientFor().scrape('http://127.0.0.1:9/announce', [])).toEqual([]);
  expect(await clientFor().scrape('udp://127.0.0.1:9', [])).toEqual([]);
});

test('a tracker that refuses, one that cannot be scraped, a hash of the wrong size', async () => {
  const origin = await httpServer((_, response) => response.end(encodeFailure('no scraping')));
  const client = clientFor();
  await expect(client.scrape(`${origin}/announce`, [hashOf(1)])).rejects.toMatchObject({
    code: 'ERR_TRACKER_FAILURE',
    message: 'the tracker refuses: no scraping',
  });
  await expect(client.scrape(`${origin}/a`, [hashOf(1)])).rejects.toMatchObject({ code: 'ERR_TRACKER_NO_SCRAPE' });
  await expect(client.scrape('udp://127.0.0.1:9', [new Uint8Array(32)])).rejects.toThrow(RangeError);
});
