import { createServer, request as httpRequest } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { AnnounceRequest } from '../src/index.ts';
import { TrackerServer, type TrackerServerOptions } from '../src/node/index.ts';
import { announceBy } from './announces.ts';
import { clientFor, HAS_IPV6 } from './loopback.ts';

const infoHash = Uint8Array.from({ length: 20 }, (_, index) => 255 - index * 12);
const idOf = (name: string): Uint8Array => new TextEncoder().encode(name.padEnd(20, '.'));

const asks = (name: string, details: Partial<AnnounceRequest> = {}): AnnounceRequest =>
  announceBy(name, { infoHash, ...details });
const portOf = (name: string): number => 1000 + name.charCodeAt(0);

async function serve(
  options: TrackerServerOptions = {},
  host = '127.0.0.1',
): Promise<{ server: TrackerServer; url: string }> {
  const server = new TrackerServer({ http: { host }, ...options });
  onTestFinished(() => server.close());
  const bound = await server.listen();
  expect(bound.port).toBeGreaterThan(0);
  return { server, url: server.urlFor(host) };
}

test.for([
  { family: 4, host: '127.0.0.1', compact: true },
  { family: 4, host: '127.0.0.1', compact: false },
  { family: 6, host: '::1', compact: true },
  { family: 6, host: '::1', compact: false },
])('two clients find each other over IPv$family, compact $compact', async ({ family, host, compact }, { skip }) => {
  skip(family === 6 && !HAS_IPV6, 'this machine has no ::1');
  const { url } = await serve({}, host);
  const client = clientFor();
  const first = await client.announce(url, asks('a', { event: 'started', compact }));
  expect(first).toMatchObject({ peers: [], seeders: 0, leechers: 1, externalIp: host, minInterval: 300 });
  expect(first.interval).toBeGreaterThanOrEqual(1800);
  expect(first.interval).toBeLessThanOrEqual(1980);
  const second = await client.announce(url, asks('b', { event: 'started', left: 0, compact }));
  expect(second).toMatchObject({ peers: [{ host, port: portOf('a') }], seeders: 1, leechers: 1 });
  const third = await client.announce(url, asks('a', { compact }));
  expect(third.peers).toEqual([{ host, port: portOf('b') }]);
  await client.announce(url, asks('b', { event: 'stopped', left: 0 }));
  expect((await client.announce(url, asks('a', { compact }))).peers).toEqual([]);
});

test('scrape and stats', async () => {
  const { url } = await serve();
  const client = clientFor();
  await client.announce(url, asks('a', { left: 0 }));
  await client.announce(url, asks('b'));
  await client.announce(url, asks('b', { event: 'completed', left: 0 }));
  await client.announce(url, asks('c', { event: 'paused' }));
  expect(await client.scrape(url, [new Uint8Array(20), infoHash])).toEqual([
    null,
    { seeders: 2, leechers: 1, completed: 1, downloaders: 0 },
  ]);
  const stats = await (await fetch(url.replace('/announce', '/stats'))).text();
  expect(stats).toContain('<tr><th scope="row">seeds</th><td>2</td></tr>');
  expect(stats).toContain('<td>4, 0</td>');
});

test('an allow-list refuses other torrents in words', async () => {
  const { url } = await serve({ allow: async (hash) => hash[0] === 1 });
  const client = clientFor();
  await expect(client.announce(url, asks('a'))).rejects.toMatchObject({
    code: 'ERR_TRACKER_FAILURE',
    message: 'the tracker refuses: this tracker does not serve this torrent',
  });
  await client.announce(url, asks('a', { infoHash: new Uint8Array(20).fill(1) }));
  expect(await client.scrape(url, [infoHash])).toEqual([null]);
});

test('a local seed is handed out under the address at which the tracker was reached', async () => {
  const { server } = await serve({ http: { host: '0.0.0.0' } });
  const leave = server.enterLocal({ infoHash, peerId: idOf('seed'), port: 7000, role: 'seed' });
  const client = clientFor();
  for (const host of ['127.0.0.1', '127.0.0.2']) {
    const { peers, seeders } = await client.announce(server.urlFor(host), asks('a'));
    expect(peers).toEqual([{ host, port: 7000 }]);
    expect(seeders).toBe(1);
  }
  const url = server.urlFor('127.0.0.1');
  const toSeed = await client.announce(url, asks('b', { left: 0 }));
  expect(toSeed.peers).toEqual([{ host: '127.0.0.1', port: portOf('a') }]);
  // Its own announce lists it no second time.
  const toItself = await client.announce(url, asks('seed', { left: 0 }));
  expect(toItself).toMatchObject({ seeders: 2, leechers: 1 });
  expect(await client.scrape(url, [infoHash])).toMatchObject([{ seeders: 2, leechers: 1 }]);
  leave();
  expect((await client.announce(url, asks('a'))).peers).toEqual([{ host: '127.0.0.1', port: portOf('b') }]);
});

test('inside another HTTP server it answers its own paths only', async () => {
  const tracker = new TrackerServer();
  const outer = createServer((request, response) => {
    if (!tracker.handle(request, response)) response.end('mine');
  });
  await new Promise<void>((resolve) => outer.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => void outer.close(() => resolve())));
  const origin = `http://127.0.0.1:${(outer.address() as AddressInfo).port}`;
  expect(await (await fetch(`${origin}/page`)).text()).toBe('mine');
  expect(await (await fetch(`${origin}/announcements`)).text()).toBe('mine');
  expect((await clientFor().announce(`${origin}/announce`, asks('a'))).leechers).toBe(1);
  outer.closeAllConnections();
});

test('behind a proxy both ends come from where the operator says', async () => {
  const { server, url } = await serve({
    addresses: (request) => ({ remote: String(request.headers['x-real-ip']), local: '192.0.2.9' }),
  });
  server.enterLocal({ infoHash, peerId: idOf('seed'), port: 7000, role: 'seed' });
  const query = new URLSearchParams({ peer_id: 'x'.repeat(20), port: '5', left: '1', compact: '0', no_peer_id: '1' });
  const hash = Array.from(infoHash, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  const body = await (
    await fetch(`${url}?info_hash=${hash}&${query}`, { headers: { 'X-Real-IP': '198.51.100.7' } })
  ).text();
  expect(body).toContain('d2:ip9:192.0.2.94:porti7000ee');
  const totals = await server.totals();
  expect(totals.leechers).toBe(1);
});

interface RawAnswer {
  status: number;
  body: string;
  headers: Record<string, string | string[] | undefined>;
}

function raw(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      url,
      { method: options.method ?? 'GET', headers: options.headers ?? {} },
      (response) => {
        let body = '';
        response.setEncoding('latin1');
        response.on('data', (chunk: string) => {
          body += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }));
      },
    );
    request.on('error', reject);
    request.end(options.body);
  });
}

test('methods, unknown paths, bodies and web pages', async () => {
  const { url } = await serve();
  expect(await raw(url, { method: 'POST', body: 'x' })).toMatchObject({
    status: 405,
    headers: { connection: 'close' },
  });
  expect(await raw(url.replace('/announce', '/other'))).toMatchObject({ status: 404 });
  expect(await raw(`${url}/../announce2`)).toMatchObject({ status: 404 });
  expect(await raw(url, { headers: { Origin: 'https://evil.example' } })).toMatchObject({ status: 403 });
  expect(await raw(url, { headers: { 'Sec-Fetch-Site': 'cross-site' } })).toMatchObject({ status: 403 });
  expect(await raw(url.replace('/announce', '/stats'), { headers: { 'Sec-Fetch-Site': 'none' } })).toMatchObject({
    status: 200,
    headers: { 'content-type': 'text/html; charset=utf-8', 'x-content-type-options': 'nosniff' },
  });
  expect(await raw(url, { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
});

test('a giant header is refused', async () => {
  const { url } = await serve();
  expect(await raw(`${url}?${'a'.repeat(9_000)}`)).toMatchObject({ status: 431 });
});

test('a request that is no HTTP ends the connection, and the server goes on', async () => {
  const { server, url } = await serve();
  const { port } = new URL(url);
  await new Promise<void>((resolve) => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.write('\u0013BitTorrent protocol\r\n\r\n'));
    socket.on('data', () => undefined);
    socket.on('close', () => resolve());
    socket.on('error', () => undefined);
  });
  expect((await server.totals()).announces).toBe(0);
  expect((await clientFor().announce(url, asks('a'))).leechers).toBe(1);
});

test('a request that never ends is ended', async () => {
  const { url } = await serve({ requestTimeoutMs: 50 });
  const answer = await new Promise<string>((resolve) => {
    let received = '';
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () =>
      socket.write('GET /announce HTTP/1.1\r\nHost: x\r\n'),
    );
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(received));
  });
  expect(answer).toMatch(/^HTTP\/1.1 408 /);
});

test('a request whose bytes drip is ended', async () => {
  const { server, url } = await serve({ requestTimeoutMs: 100 });
  const answer = await new Promise<string>((resolve) => {
    let received = '';
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write('GET /announce HTTP/1.1\r\n'));
    // A header is never whole, and never silent.
    const drip = setInterval(() => socket.write('X'), 20);
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(drip);
      resolve(received);
    });
  });
  expect(answer).toMatch(/^HTTP\/1.1 408 /);
  expect(server.counters.httpAnnounces).toBe(0);
});

test('a body is not read, however long it says it is', async () => {
  const { url } = await serve();
  for (const header of ['Content-Length: 9000000000000000', 'Transfer-Encoding: chunked']) {
    const answer = await new Promise<string>((resolve) => {
      let received = '';
      const socket = connect(Number(new URL(url).port), '127.0.0.1', () =>
        socket.write(`GET /announce HTTP/1.1\r\nHost: x\r\n${header}\r\n\r\n`),
      );
      socket.on('data', (bytes) => {
        received += bytes.toString('latin1');
      });
      socket.on('error', () => undefined);
      // Not before the answer: the server ends it without a byte of the body.
      socket.on('close', () => resolve(received));
    });
    expect(answer).toMatch(/^HTTP\/1.1 200 /);
    expect(answer).toContain('Connection: close');
  }
});

test('one host holds at most half of the connections', async () => {
  const { server } = await serve({ http: { host: '0.0.0.0' }, maxConnections: 4 });
  const port = Number(new URL(server.urlFor('x')).port);
  const from = (localAddress: string) => connect({ host: '127.0.0.1', port, localAddress });
  const opened = [1, 2, 3].map(() => from('127.0.0.5'));
  onTestFinished(() => {
    for (const socket of opened) socket.destroy();
  });
  // The third is ended by the server, without a word.
  await new Promise<void>((resolve) => opened[2]?.once('close', () => resolve()).on('error', () => undefined));
  const other = from('127.0.0.6');
  opened.push(other);
  const answered = new Promise<string>((resolve) => other.once('data', (bytes) => resolve(bytes.toString('latin1'))));
  other.write('GET /stats HTTP/1.1\r\nHost: x\r\n\r\n');
  expect(await answered).toMatch(/^HTTP\/1.1 200 /);
});

test('listening twice is a mistake, a taken port an error, closing twice nothing', async () => {
  const { server, url } = await serve();
  await expect(server.listen()).rejects.toThrow(TypeError);
  const second = new TrackerServer({ http: { host: '127.0.0.1', port: Number(new URL(url).port) } });
  await expect(second.listen()).rejects.toMatchObject({ code: 'EADDRINUSE' });
  expect(() => second.urlFor('127.0.0.1')).toThrow(TypeError);
  await server.close();
  await server.close();
});
