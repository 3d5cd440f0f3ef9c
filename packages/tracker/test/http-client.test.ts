import type { IncomingMessage, ServerResponse } from 'node:http';
import { deflateSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { type AnnounceRequest, encodeAnnounce, encodeFailure } from '../src/index.ts';
import { clientFor, httpServer, tcpServer } from './loopback.ts';

const request: AnnounceRequest = {
  infoHash: new Uint8Array(20).fill(0xff),
  peerId: new Uint8Array(20).fill(0x61),
  port: 6881,
  uploaded: 0,
  downloaded: 0,
  left: 1,
};
const peers = [{ host: '10.0.0.1', port: 1 }];
const answer = Buffer.from(encodeAnnounce({ interval: 900, peers }));
const MIB = 1024 * 1024;

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

async function announceTo(listener: Listener, options = {}): Promise<unknown> {
  const origin = await httpServer(listener);
  return clientFor(options).announce(`${origin}/announce?passkey=x`, request);
}

test('asks with the raw bytes encoded, the query kept and a user agent', async () => {
  let seen: IncomingMessage | undefined;
  const response = await announceTo((incoming, outgoing) => {
    seen = incoming;
    outgoing.end(answer);
  });
  expect(response).toMatchObject({ interval: 900, peers });
  expect(seen?.url).toBe(
    `/announce?passkey=x&info_hash=${'%FF'.repeat(20)}&peer_id=${'a'.repeat(20)}` +
      '&port=6881&uploaded=0&downloaded=0&left=1&compact=1',
  );
  expect(seen?.headers).toMatchObject({ 'user-agent': 'Shoal', 'accept-encoding': 'gzip', connection: 'close' });
});

test.each([
  ['gzip', gzipSync(answer)],
  ['x-gzip', gzipSync(answer)],
  ['deflate', deflateSync(answer)],
  ['identity', answer],
])('an answer in %s', async (encoding, body) => {
  const response = await announceTo((_, outgoing) => {
    outgoing.setHeader('Content-Encoding', encoding);
    outgoing.end(body);
  });
  expect(response).toMatchObject({ peers });
});

test.each([
  ['a bomb in gzip', 'gzip', () => gzipSync(Buffer.alloc(8 * MIB)), 'ERR_TRACKER_SIZE'],
  ['gzip that is none', 'gzip', () => Buffer.from('d8:intervali9ee'), 'ERR_TRACKER_MALFORMED'],
  ['gzip that is cut', 'gzip', () => gzipSync(answer).subarray(0, 20), 'ERR_TRACKER_MALFORMED'],
  ['brotli', 'br', () => answer, 'ERR_TRACKER_MALFORMED'],
  ['3 MiB', 'identity', () => Buffer.alloc(3 * MIB), 'ERR_TRACKER_SIZE'],
  ['an empty answer', 'identity', () => Buffer.alloc(0), 'ERR_TRACKER_MALFORMED'],
])('%s', async (_, encoding, body, code) => {
  const bytes = body();
  const failing = announceTo((_request, outgoing) => {
    outgoing.setHeader('Content-Encoding', encoding);
    outgoing.end(bytes);
  });
  await expect(failing).rejects.toMatchObject({ name: 'TrackerError', code });
});

test('an endless answer is cut off at the limit', async () => {
  let written = 0;
  const failing = announceTo((_, outgoing) => {
    const more = (): void => {
      while (!outgoing.destroyed && outgoing.write(Buffer.alloc(65_536))) written += 65_536;
    };
    outgoing.on('drain', more);
    more();
  });
  await expect(failing).rejects.toMatchObject({ code: 'ERR_TRACKER_SIZE' });
  expect(written).toBeLessThan(64 * MIB);
});

test('an endless answer that inflates to nothing is cut off too', async () => {
  // A stored deflate block of no bytes, over and over, behind a gzip header.
  const emptyBlock = Buffer.from([0, 0, 0, 0xff, 0xff]);
  const blocks = Buffer.concat(Array.from({ length: 10_000 }, () => emptyBlock));
  const failing = announceTo((_, outgoing) => {
    outgoing.setHeader('Content-Encoding', 'gzip');
    outgoing.write(Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]));
    const more = (): void => {
      while (!outgoing.destroyed && outgoing.write(blocks));
    };
    outgoing.on('drain', more);
    more();
  });
  await expect(failing).rejects.toMatchObject({ code: 'ERR_TRACKER_SIZE' });
});

test('a declared length over the limit is refused at once', async () => {
  const failing = announceTo((_, outgoing) => {
    outgoing.setHeader('Content-Length', 3 * MIB);
    outgoing.write('d');
  });
  await expect(failing).rejects.toMatchObject({ code: 'ERR_TRACKER_SIZE' });
});

test.each([301, 302, 303, 307, 308])('status %i is followed', async (status) => {
  const response = await announceTo((incoming, outgoing) => {
    if (incoming.url === '/there?x=1') outgoing.end(answer);
    else outgoing.writeHead(status, { Location: '/there?x=1' }).end('a body nobody reads');
  });
  expect(response).toMatchObject({ peers });
});

test('five redirects are followed, the sixth is not', async () => {
  let hops = 0;
  const redirectsFor = (limit: number): Listener => {
    hops = 0;
    return (_, outgoing) => {
      if (hops++ < limit) outgoing.writeHead(302, { Location: '/announce' }).end();
      else outgoing.end(answer);
    };
  };
  expect(await announceTo(redirectsFor(5))).toMatchObject({ peers });
  await expect(announceTo(redirectsFor(Number.POSITIVE_INFINITY))).rejects.toMatchObject({
    code: 'ERR_TRACKER_REDIRECT',
    message: 'it redirects more than 5 times',
  });
  expect(hops).toBe(6);
});

test.each([
  ['file:///etc/passwd', /it redirects to file:/],
  ['udp://127.0.0.1:1/', /it redirects to udp:/],
  ['http://[bad', /no address/],
])('a redirect to %s is refused', async (location, message) => {
  const failing = announceTo((_, outgoing) => outgoing.writeHead(302, { Location: location }).end());
  await expect(failing).rejects.toMatchObject({
    code: 'ERR_TRACKER_REDIRECT',
    message: expect.stringMatching(message),
  });
});

test('a redirect from a public address into a private network is refused, by address and by name', async () => {
  const inside = await httpServer((_, outgoing) => outgoing.end(answer), '127.0.0.2');
  const { port } = new URL(inside);
  const options = {
    isPrivate: (ip: string) => ip === '127.0.0.2',
    lookup: async (host: string) => (host === 'inside.example' ? ['127.0.0.2'] : ['127.0.0.1']),
  };
  for (const host of ['127.0.0.2', 'inside.example']) {
    const failing = announceTo(
      (_, outgoing) => outgoing.writeHead(302, { Location: `http://${host}:${port}/` }).end(),
      options,
    );
    await expect(failing).rejects.toMatchObject({
      code: 'ERR_TRACKER_REDIRECT',
      message: `it redirects into a private network (${host}:${port})`,
    });
  }
  // The other way round, and within the private network, it is fine.
  const client = clientFor(options);
  expect(await client.announce(`http://inside.example:${port}/announce`, request)).toMatchObject({ peers });
});

test('a public address stays public after a private hop was refused or not: the chain is remembered', async () => {
  const options = { isPrivate: (ip: string) => ip !== '127.0.0.1' };
  const last = await httpServer((_, outgoing) => outgoing.end(answer), '127.0.0.3');
  const publicOne = await httpServer((_, outgoing) => outgoing.writeHead(302, { Location: last }).end());
  const privateOne = await httpServer(
    (_, outgoing) => outgoing.writeHead(302, { Location: publicOne }).end(),
    '127.0.0.2',
  );
  await expect(clientFor(options).announce(`${privateOne}/announce`, request)).rejects.toMatchObject({
    code: 'ERR_TRACKER_REDIRECT',
  });
});

test.each(['/', '/apply.cgi?reboot=1', '/announce/apply.cgi', '/?announce', '/%61nnounce', '/announce\\..\\apply'])(
  'what lies in a private network is not asked for %s: no tracker does',
  async (path) => {
    let requests = 0;
    const origin = await httpServer((_, outgoing) => {
      requests++;
      outgoing.end(answer);
    });
    await expect(clientFor().announce(origin + path, request)).rejects.toMatchObject({
      code: 'ERR_TRACKER_URL',
      message: expect.stringMatching(/is in a private network and no path to announce at$/),
    });
    expect(requests).toBe(0);
    // On the public internet paths are the tracker's own affair.
    expect(await clientFor({ isPrivate: () => false }).announce(origin + path, request)).toMatchObject({ peers });
  },
);

test.each(['/announce', '/x/0123/announce.php?passkey=1'])(
  'a private network may have a tracker at %s',
  async (path) => {
    const origin = await httpServer((_, outgoing) => outgoing.end(answer));
    expect(await clientFor().announce(origin + path, request)).toMatchObject({ peers });
  },
);

test('statuses: with a reason in the body, without, with Retry-After', async () => {
  const withStatus =
    (status: number, body: Uint8Array | string, headers = {}): Listener =>
    (_, outgoing) =>
      outgoing.writeHead(status, headers).end(body);
  await expect(announceTo(withStatus(403, encodeFailure('banned client')))).rejects.toMatchObject({
    code: 'ERR_TRACKER_FAILURE',
    message: 'the tracker refuses: banned client',
  });
  await expect(announceTo(withStatus(404, '<html>'))).rejects.toMatchObject({
    code: 'ERR_TRACKER_STATUS',
    message: 'it answers HTTP 404 Not Found',
    retryAfter: null,
  });
  await expect(announceTo(withStatus(503, '', { 'Retry-After': '120' }))).rejects.toMatchObject({ retryAfter: 120 });
  await expect(announceTo(withStatus(302, ''))).rejects.toMatchObject({ code: 'ERR_TRACKER_STATUS' });
});

test('silence ends with the time-out', async () => {
  await expect(announceTo(() => undefined, { timeoutMs: 50 })).rejects.toMatchObject({
    code: 'ERR_TRACKER_TIMEOUT',
    message: 'no answer within 0.05 s',
  });
});

test('the caller’s signal ends it with its reason, closing the client with an error', async () => {
  const origin = await httpServer(() => undefined);
  const client = clientFor();
  const abort = new AbortController();
  const aborted = client.announce(`${origin}/announce`, request, abort.signal);
  const closed = client.announce(`${origin}/announce`, request);
  abort.abort(new Error('enough'));
  await expect(aborted).rejects.toThrow('enough');
  await client.close();
  await expect(closed).rejects.toMatchObject({ message: 'the client was closed' });
  await expect(client.announce(`${origin}/announce`, request)).rejects.toMatchObject({
    message: 'the client was closed',
  });
});

test.each([
  ['no HTTP at all', 'SSH-2.0-OpenSSH\r\n'],
  ['a body shorter than declared', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nd8:'],
  ['headers without end', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`],
  ['nothing', ''],
])('%s is an error', async (_, text) => {
  const origin = await tcpServer((socket) => socket.end(text, 'latin1'));
  await expect(clientFor().announce(`${origin}/announce`, request)).rejects.toMatchObject({
    name: 'TrackerError',
    code: 'ERR_TRACKER_CONNECT',
  });
});

test('an answer over HTTP/1.0 without a length ends with the connection', async () => {
  const origin = await tcpServer((socket) => {
    socket.once('data', () => socket.end(Buffer.concat([Buffer.from('HTTP/1.0 200 OK\r\n\r\n'), answer])));
  });
  expect(await clientFor().announce(`${origin}/announce`, request)).toMatchObject({ peers });
});

test('nobody there, no such name, no such family', async () => {
  const origin = await tcpServer(() => undefined);
  const client = clientFor({
    lookup: async (host) => {
      if (host === 'four.example') return ['127.0.0.1'];
      throw Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' });
    },
    family: 6,
  });
  await expect(client.announce('http://gone.example/announce', request)).rejects.toMatchObject({
    code: 'ERR_TRACKER_CONNECT',
    message: 'gone.example: there is no host of that name',
  });
  await expect(client.announce('http://four.example/announce', request)).rejects.toMatchObject({
    message: 'four.example: it has no address over IPv6',
  });
  await expect(clientFor().announce('wss://t.example/', request)).rejects.toMatchObject({ code: 'ERR_TRACKER_URL' });
  expect(origin).toMatch(/^http/);
});

test('a refused connection in words', async () => {
  const origin = await httpServer(() => undefined);
  const { port } = new URL(origin);
  // Nobody listens at this port of another loopback address.
  await expect(clientFor().announce(`http://127.0.0.9:${port}/announce`, request)).rejects.toMatchObject({
    code: 'ERR_TRACKER_CONNECT',
    message: `127.0.0.9:${port}: connection refused`,
  });
});

test('a name with several addresses: one that refuses does not matter', async () => {
  const origin = await httpServer((_, outgoing) => outgoing.end(answer));
  const { port } = new URL(origin);
  const client = clientFor({ lookup: async () => ['127.0.0.9', '127.0.0.1'] });
  expect(await client.announce(`http://t.example:${port}/announce`, request)).toMatchObject({ peers });
});

test('limits of the client hold for the answer', async () => {
  const options = { limits: { minInterval: 5, maxBytes: 20 } };
  const short = Buffer.from(encodeAnnounce({ interval: 7, peers: [] }));
  await expect(announceTo((_, outgoing) => outgoing.end(short), options)).rejects.toMatchObject({
    code: 'ERR_TRACKER_SIZE',
  });
  const response = await announceTo((_, outgoing) => outgoing.end(short), { limits: { minInterval: 5 } });
  expect(response).toMatchObject({ interval: 7 });
});
