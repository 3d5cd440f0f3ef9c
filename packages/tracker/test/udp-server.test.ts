// Our own client against our own server, HTTP and UDP beside one another over one store.
import { createSocket } from 'node:dgram';
import { expect, onTestFinished, test } from 'vitest';
import { type AnnounceRequest, encodeUdpConnect, MemorySwarmStore, type SwarmStore } from '../src/index.ts';
import { TrackerServer, type TrackerServerOptions } from '../src/node/index.ts';
import { announceBy } from './announces.ts';
import { clientFor, HAS_IPV6, udpServer } from './loopback.ts';

const infoHash = new Uint8Array(20).fill(0x42);
const asks = (name: string, details: Partial<AnnounceRequest> = {}): AnnounceRequest =>
  announceBy(name, { infoHash, ...details });

async function serve(
  options: TrackerServerOptions = {},
  host: string | undefined = '127.0.0.1',
): Promise<TrackerServer> {
  const server = new TrackerServer({ http: { host }, udp: { host }, ...options });
  onTestFinished(() => server.close());
  await server.listen();
  return server;
}

test.for([
  { family: 4, host: '127.0.0.1' },
  { family: 6, host: '::1' },
])('announce and scrape over UDP, IPv$family, and the same swarm over HTTP', async ({ family, host }, { skip }) => {
  skip(family === 6 && !HAS_IPV6, 'this machine has no ::1');
  const server = await serve({}, host);
  const [udp, http] = [server.udpUrlFor(host), server.urlFor(host)];
  const client = clientFor();
  const first = await client.announce(udp, asks('a', { event: 'started' }));
  expect(first).toMatchObject({ peers: [], seeders: 0, leechers: 1 });
  expect(first.interval).toBeGreaterThanOrEqual(1_800);
  expect(first.interval).toBeLessThanOrEqual(1_980);
  const second = await client.announce(http, asks('b', { left: 0 }));
  expect(second).toMatchObject({ peers: [{ host, port: 1_097 }], seeders: 1, leechers: 1 });
  expect((await client.announce(udp, asks('a'))).peers).toEqual([{ host, port: 1_098 }]);
  await client.announce(udp, asks('a', { event: 'completed', left: 0 }));
  const counts = { seeders: 2, leechers: 0, completed: 1 };
  expect(await client.scrape(udp, [infoHash])).toMatchObject([counts]);
  expect(await client.scrape(http, [infoHash])).toMatchObject([counts]);
  await client.announce(udp, asks('a', { event: 'stopped', left: 0 }));
  expect(await client.scrape(http, [infoHash])).toMatchObject([{ ...counts, seeders: 1 }]);
  expect(server.counters).toMatchObject({
    udpAnnounces: 4,
    httpAnnounces: 1,
    udpScrapes: 1,
    httpScrapes: 2,
    staleIds: 0,
  });
});

test('without a host both families answer on one port, and each is told its own', async ({ skip }) => {
  skip(!HAS_IPV6, 'this machine has no ::1');
  const server = await serve({ http: null, udp: {} });
  const client = clientFor();
  await client.announce(server.udpUrlFor('::1'), asks('a'));
  await client.announce(server.udpUrlFor('127.0.0.1'), asks('b'));
  const six = await client.announce(server.udpUrlFor('::1'), asks('c'));
  expect(six).toMatchObject({ leechers: 3, peers: [{ host: '::1', port: 1_097 }] });
  const four = await client.announce(server.udpUrlFor('127.0.0.1'), asks('d'));
  expect(four).toMatchObject({ leechers: 4, peers: [{ host: '127.0.0.1', port: 1_098 }] });
});

test('over a socket of the caller’s, which stays open', async () => {
  const { socket, port } = await udpServer(() => undefined);
  const server = await serve({ http: null, udp: { sockets: [socket] } });
  const client = clientFor();
  expect(server.udpUrlFor('127.0.0.1')).toBe(`udp://127.0.0.1:${port}/announce`);
  expect((await client.announce(server.udpUrlFor('127.0.0.1'), asks('a'))).leechers).toBe(1);
  await server.close();
  expect(socket.address().port).toBe(port);
  expect(socket.listenerCount('message')).toBe(1);
});

test('passkeys over both: in the path of HTTP, in the URL data of UDP', async () => {
  const server = await serve({ passkeys: async (passkey) => passkey === 'k3y' });
  const client = clientFor();
  for (const plain of [server.urlFor('127.0.0.1'), server.udpUrlFor('127.0.0.1')]) {
    const withKey = (key: string): string => plain.replace('/announce', `/${key}/announce`);
    expect((await client.announce(withKey('k3y'), asks('a'))).leechers).toBe(1);
    await expect(client.announce(withKey('other'), asks('a'))).rejects.toThrow(/this passkey is not known/);
    await expect(client.announce(plain, asks('a'))).rejects.toThrow(/wants a passkey/);
  }
  const http = server.urlFor('127.0.0.1').replace('/announce', '/k3y/announce');
  expect(await client.scrape(http, [infoHash])).toMatchObject([{ leechers: 1 }]);
});

test('a store that is slow: answers come when it answers', async () => {
  const inner = new MemorySwarmStore({ random: () => 0 });
  const store: SwarmStore = {
    announce: (announce) => new Promise((resolve) => setImmediate(() => resolve(inner.announce(announce)))),
    scrape: async (hash, now) => inner.scrape(hash, now),
    totals: (now) => inner.totals(now),
  };
  const server = await serve({ store });
  const client = clientFor();
  await client.announce(server.udpUrlFor('127.0.0.1'), asks('a'));
  expect((await client.announce(server.udpUrlFor('127.0.0.1'), asks('b'))).peers).toHaveLength(1);
});

test('junk is dropped without a word, and the next datagram is answered', async () => {
  const server = await serve();
  const { port } = new URL(server.udpUrlFor('x'));
  const socket = createSocket('udp4');
  onTestFinished(() => new Promise<void>((resolve) => socket.close(() => resolve())));
  const answers: Uint8Array[] = [];
  await new Promise<void>((resolve) => {
    socket.on('message', (bytes) => {
      answers.push(bytes);
      resolve();
    });
    for (const junk of [
      new Uint8Array(0),
      new Uint8Array(1),
      new Uint8Array(1_400).fill(0xff),
      new Uint8Array(9_000),
    ]) {
      socket.send(junk, Number(port), '127.0.0.1');
    }
    socket.send(encodeUdpConnect(5), Number(port), '127.0.0.1');
  });
  expect(answers).toHaveLength(1);
  expect(server.counters).toMatchObject({ malformed: 4, udpConnects: 1 });
});

test('a taken UDP port is an error, and leaves nothing open', async () => {
  const { port } = await udpServer(() => undefined);
  const server = new TrackerServer({ http: { host: '127.0.0.1' }, udp: { host: '127.0.0.1', port } });
  await expect(server.listen()).rejects.toMatchObject({ code: 'EADDRINUSE' });
  expect(() => server.urlFor('127.0.0.1')).toThrow(TypeError);
  expect(() => server.udpUrlFor('127.0.0.1')).toThrow(TypeError);
  await server.close();
});
