import { createSocket } from 'node:dgram';
import { expect, onTestFinished, test } from 'vitest';
import {
  decodeUdpRequest,
  encodeUdpAnnounceAnswer,
  encodeUdpConnectAnswer,
  encodeUdpError,
  encodeUdpScrapeAnswer,
} from '../src/index.ts';
import { announceOf } from './announces.ts';
import { clientFor, HAS_IPV6, udpServer } from './loopback.ts';

const request = announceOf({ event: 'started', key: 99 });
const connectionId = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const PEERS = [
  { host: '10.0.0.1', port: 1 },
  { host: '2001:db8::1', port: 2 },
];

interface Tracker {
  readonly port: number;
  /** The actions that arrived, in order. */
  readonly seen: string[];
  urlData: string;
}

/** A small UDP tracker; `drop` swallows datagrams. */
async function tracker(family: 4 | 6 = 4, drop: (count: number) => boolean = () => false): Promise<Tracker> {
  let count = 0;
  const { port } = await udpServer((bytes, from, socket) => {
    const asked = decodeUdpRequest(bytes);
    self.seen.push(asked.action);
    if (drop(count++)) return;
    const reply = (answer: Uint8Array): void => socket.send(answer, from.port, from.address);
    switch (asked.action) {
      case 'connect':
        return reply(encodeUdpConnectAnswer(asked.transactionId, connectionId));
      case 'announce': {
        self.urlData = asked.urlData;
        const answer = { interval: 900, seeders: 3, leechers: 4, peers: PEERS };
        return reply(encodeUdpAnnounceAnswer(asked.transactionId, answer, family));
      }
      case 'scrape':
        return reply(
          encodeUdpScrapeAnswer(
            asked.transactionId,
            asked.infoHashes.map((hash) => ({ seeders: hash[0] ?? 0, completed: 5, leechers: 6 })),
          ),
        );
    }
  }, family);
  const self: Tracker = { port, seen: [], urlData: '' };
  return self;
}

test.for([4, 6] as const)('announces over IPv%i', async (family, { skip }) => {
  skip(family === 6 && !HAS_IPV6, 'this machine has no ::1');
  const { port, seen } = await tracker(family);
  const host = family === 4 ? '127.0.0.1' : '[::1]';
  const response = await clientFor().announce(`udp://${host}:${port}`, request);
  expect(response).toEqual({
    interval: 900,
    minInterval: null,
    seeders: 3,
    leechers: 4,
    peers: [PEERS[family === 4 ? 0 : 1]],
    warning: null,
    trackerId: null,
    externalIp: null,
  });
  expect(seen).toEqual(['connect', 'announce']);
});

test('path and query of the URL go along (BEP 41), the connection id is kept', async () => {
  const self = await tracker();
  const client = clientFor();
  const url = `udp://127.0.0.1:${self.port}/announce?auth=1`;
  await client.announce(url, request);
  expect(self.urlData).toBe('/announce?auth=1');
  await client.announce(url, request);
  const counts = { seeders: 1, completed: 5, leechers: 6, downloaders: null };
  expect(await client.scrape(url, [request.infoHash, new Uint8Array(20).fill(9)])).toEqual([
    counts,
    { ...counts, seeders: 9 },
  ]);
  expect(self.seen).toEqual(['connect', 'announce', 'announce', 'scrape']);
});

test('lost datagrams are sent again', async () => {
  const self = await tracker(4, (count) => count === 0 || count === 2);
  const client = clientFor({ udpRetransmitMs: 20 });
  expect(await client.announce(`udp://127.0.0.1:${self.port}`, request)).toMatchObject({ interval: 900 });
  expect(self.seen).toEqual(['connect', 'connect', 'announce', 'announce']);
});

test('answers with another transaction id or from another address are ignored', async () => {
  const forger = createSocket('udp4');
  onTestFinished(() => void forger.close());
  await new Promise<void>((resolve) => forger.bind(0, '127.0.0.1', resolve));
  const { port } = await udpServer((bytes, from, socket) => {
    const asked = decodeUdpRequest(bytes);
    const { transactionId } = asked;
    socket.send(encodeUdpError((transactionId + 1) >>> 0, 'forged: transaction'), from.port, from.address);
    forger.send(encodeUdpError(transactionId, 'forged: address'), from.port, from.address, () => {
      const answer =
        asked.action === 'connect'
          ? encodeUdpConnectAnswer(transactionId, connectionId)
          : encodeUdpAnnounceAnswer(transactionId, { interval: 900, seeders: 0, leechers: 0, peers: [] }, 4);
      socket.send(answer, from.port, from.address);
    });
  });
  expect(await clientFor().announce(`udp://127.0.0.1:${port}`, request)).toMatchObject({ interval: 900 });
});

test.each([
  [
    'an error',
    (id: number) => encodeUdpError(id, 'unregistered'),
    'ERR_TRACKER_FAILURE',
    'the tracker refuses: unregistered',
  ],
  [
    'an empty error',
    (id: number) => encodeUdpError(id, ''),
    'ERR_TRACKER_FAILURE',
    'the tracker refuses: it gives no readable reason',
  ],
  [
    'a connect that is cut',
    (id: number) => encodeUdpConnectAnswer(id, connectionId).subarray(0, 12),
    'ERR_TRACKER_MALFORMED',
    "not a UDP tracker's answer: a connect of 12 bytes, 16 expected",
  ],
])('%s', async (_, reply, code, message) => {
  const { port } = await udpServer((bytes, from, socket) => {
    socket.send(reply(decodeUdpRequest(bytes).transactionId), from.port, from.address);
  });
  await expect(clientFor().announce(`udp://127.0.0.1:${port}`, request)).rejects.toMatchObject({ code, message });
});

test('silence ends with the time-out, the signal or the end of the client', async () => {
  const { port } = await udpServer(() => undefined);
  const url = `udp://127.0.0.1:${port}`;
  await expect(clientFor({ udpTimeoutMs: 40 }).announce(url, request)).rejects.toMatchObject({
    code: 'ERR_TRACKER_TIMEOUT',
  });
  const client = clientFor();
  const abort = new AbortController();
  const aborted = client.announce(url, request, abort.signal);
  const closed = client.announce(url, request);
  abort.abort(new Error('enough'));
  await expect(aborted).rejects.toThrow('enough');
  await client.close();
  await expect(closed).rejects.toMatchObject({ message: 'the client was closed' });
});

test('a shared socket: datagrams go out through it, and only our answers are taken from it', async () => {
  const { port } = await tracker();
  const shared = createSocket('udp4');
  onTestFinished(() => void shared.close());
  await new Promise<void>((resolve) => shared.bind(0, '127.0.0.1', resolve));
  const client = clientFor({ udp: { send: (bytes, to, address) => shared.send(bytes, to, address) } });
  const taken: boolean[] = [];
  shared.on('message', (bytes, from) => taken.push(client.receiveUdp(bytes, from.address, from.port)));
  expect(client.receiveUdp(new TextEncoder().encode('d1:ad2:id20:'), '127.0.0.1', port)).toBe(false);
  expect(await client.announce(`udp://127.0.0.1:${port}`, request)).toMatchObject({ interval: 900 });
  expect(taken).toEqual([true, true]);
});

test('a socket that cannot send is an error in words', async () => {
  const client = clientFor({
    udp: {
      send: () => {
        throw Object.assign(new Error('send'), { code: 'ENETUNREACH' });
      },
    },
  });
  await expect(client.announce('udp://127.0.0.1:9', request)).rejects.toMatchObject({
    code: 'ERR_TRACKER_CONNECT',
    message: '127.0.0.1:9: the network cannot be reached',
  });
});

test('a host with both families is asked over IPv4, unless the client is for IPv6', async () => {
  const self = await tracker();
  const lookup = async () => ['::1', '127.0.0.1'];
  await clientFor({ lookup }).announce(`udp://t.example:${self.port}`, request);
  expect(self.seen).toEqual(['connect', 'announce']);
});
