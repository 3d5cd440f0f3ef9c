// The short road for plain requests beside Node's HTTP alone: whatever comes over a connection, in whatever pieces, both
// answer the same.
import { connect } from 'node:net';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { TrackerServer, type TrackerServerOptions } from '../src/node/index.ts';

// With `addresses`, and those no others than without, there is no short road.
const ALL_NODE: TrackerServerOptions = {
  addresses: ({ socket }) => ({ remote: socket.remoteAddress ?? '', local: socket.localAddress }),
};

async function serve(options: TrackerServerOptions): Promise<{ server: TrackerServer; port: number }> {
  // An interval this short has no random part; of one peer alone there is nothing to choose.
  const server = new TrackerServer({ http: { host: '127.0.0.1' }, interval: 5, ...options });
  onTestFinished(() => server.close());
  return { server, port: (await server.listen()).port };
}

interface Heard {
  /** The answers to what was asked one after the other. */
  readonly answers: readonly string[];
  /** All that came back after those, until the server closed. */
  readonly rest: string;
  /** It closed without having read everything: what it had answered may be lost on the way. */
  readonly isReset: boolean;
}

/** Asks one after the other, each in its pieces, and then says the last things without waiting for answers. */
async function talk(port: number, asked: readonly (readonly string[])[], last: readonly string[]): Promise<Heard> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let text = '';
  let isReset = false;
  let isClosed = false;
  let wake = (): void => {};
  const woken = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
    wake();
  });
  socket.on('error', () => {
    isReset = true;
  });
  socket.on('close', () => {
    isClosed = true;
    wake();
  });
  // Two turns of the loop: the server has read it by then, and it does not come in one piece with the next.
  const write = (piece: string): Promise<unknown> =>
    new Promise((resolve) => socket.write(piece, 'latin1', () => setImmediate(() => setImmediate(resolve))));
  const answers: string[] = [];
  for (const pieces of asked) {
    for (const piece of pieces) await write(piece);
    let length = answerLength(text);
    for (; !isClosed && length === undefined; length = answerLength(text)) await woken();
    answers.push(withoutDate(text.slice(0, length)));
    text = text.slice(length);
  }
  for (const piece of last) if (!isClosed) await write(piece);
  while (!isClosed) await woken();
  return { answers, rest: withoutDate(text), isReset };
}

function answerLength(text: string): number | undefined {
  const [head, body] = text.split('\r\n\r\n', 2);
  const [, length] = /\r\nContent-Length: (\d+)/.exec(head ?? '') ?? [];
  if (head === undefined || body === undefined || length === undefined) return undefined;
  const end = head.length + 4 + Number(length);
  return text.length >= end ? end : undefined;
}

function withoutDate(text: string): string {
  return text.replace(/\r\nDate: [^\r]*/g, '');
}

function expectSame(ours: Heard, theirs: Heard): void {
  expect(ours.answers).toEqual(theirs.answers);
  // Of what follows a request that ends the connection, Node loses more or less, as it happens.
  const length = Math.min(ours.rest.length, theirs.rest.length);
  expect(ours.rest.slice(0, length)).toBe(theirs.rest.slice(0, length));
  if (!ours.isReset && !theirs.isReset) expect(length > 0).toBe(ours.rest.length + theirs.rest.length > 0);
}

const hash = fc.constantFrom(
  '%01%02%03%04%05%06%07%08%09%0a%0b%0c%0d%0e%0f%10%11%12%13%14',
  'abcdefghijklmnopqrst',
  'short',
);
const target = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(hash, fc.constantFrom('&left=0', '&left=9&compact=0', '&event=stopped', '', '&%zz', '&a=b?c'))
      .map(([infoHash, rest]) => `/announce?info_hash=${infoHash}&peer_id=-SH0001-abcdefghijkl&port=7000${rest}`),
  },
  hash.map((infoHash) => `/scrape?info_hash=${infoHash}`),
  fc.constantFrom(
    '/',
    '/announce',
    '/scrape',
    '/announce#a',
    '//announce',
    'http://x/announce',
    '*',
    '/other?x',
    '/%61nnounce',
  ),
);
const ODD = [
  'Connection: keep-alive',
  'Connection: close',
  'Connection: x',
  'Content-Length: 0',
  'Content-Length: 5',
  'Content-Length: -1',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: gzip',
  'Origin: http://evil.example',
  'Sec-Fetch-Site: cross-site',
  'Host: y',
  'Expect: 100-continue',
  ' folded',
  'No colon',
  'Space : x',
  ': x',
  'Tab:\tx',
  'Nul: \u0000',
  'High: \u00e9',
  'A: b\rc',
  'A: b\nc',
];
const header = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('User-Agent: a/1', 'Accept: */*', 'accept-encoding:gzip') },
  fc.constantFrom(...ODD),
);
const request = fc
  .record({
    method: fc.oneof({ weight: 9, arbitrary: fc.constant('GET') }, fc.constantFrom('HEAD', 'POST', 'get', 'GE', '')),
    target,
    version: fc.oneof(
      { weight: 9, arbitrary: fc.constant('HTTP/1.1') },
      fc.constantFrom('HTTP/1.0', 'HTTP/2.0', 'x', ''),
    ),
    hasHost: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, fc.constant(false)),
    headers: fc.array(header, { maxLength: 3 }),
    end: fc.oneof({ weight: 9, arbitrary: fc.constant('\r\n') }, fc.constantFrom('\n', '\r\n\r\n', 'x')),
  })
  .map(({ method, target: where, version, hasHost, headers, end }) =>
    [`${method} ${where} ${version}`, ...(hasHost ? ['Host: x'] : []), ...headers, ''].join('\r\n').concat(end),
  );

const sound = fc
  .tuple(
    target.filter((text) => /^\/[^#]*$/.test(text)),
    fc.subarray(['User-Agent: a/1', 'Accept: */*', 'accept-encoding:gzip', 'Connection: keep-alive', 'X-Other: y']),
    fc.array(fc.nat(200), { maxLength: 2 }),
  )
  .map(([where, headers, cuts]) => {
    const whole = [`GET ${where} HTTP/1.1`, 'Host: x', ...headers, '', ''].join('\r\n');
    const places = [0, ...cuts.map((cut) => Math.min(cut, whole.length)), whole.length].sort((a, b) => a - b);
    return places.slice(1).map((end, at) => whole.slice(places[at], end));
  });
const LAST = 'GET /scrape?info_hash=abcdefghijklmnopqrst HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

test('any requests, whole or in pieces: the same answers as with Node’s HTTP alone', async () => {
  const [plain, node] = await Promise.all([serve({}), serve(ALL_NODE)]);
  const asked = fc.array(sound, { maxLength: 3 });
  const odd = fc.array(request, { maxLength: 2 });
  await fc.assert(
    fc.asyncProperty(asked, odd, fc.boolean(), async (questions, rest, isAtOnce) => {
      const last = isAtOnce ? [[...rest, LAST].join('')] : [...rest, LAST];
      const [ours, theirs] = await Promise.all([talk(plain.port, questions, last), talk(node.port, questions, last)]);
      expectSame(ours, theirs);
    }),
    { numRuns: 400 },
  );
  expect(plain.server.counters.httpAnnounces).toBeGreaterThan(100);
}, 60_000);

test('each odd header alone: the same answers', async () => {
  const [plain, node] = await Promise.all([serve({}), serve(ALL_NODE)]);
  for (const line of ODD) {
    const last = [`GET /scrape?info_hash=abcdefghijklmnopqrst HTTP/1.1\r\nHost: x\r\n${line}\r\n\r\n`, LAST];
    const [ours, theirs] = await Promise.all([talk(plain.port, [], last), talk(node.port, [], last)]);
    expectSame(ours, theirs);
  }
});

test('a store that answers promises: in the order of the questions', async () => {
  const allow = async (infoHash: Uint8Array): Promise<boolean> => infoHash[0] !== 0x61;
  const [plain, node] = await Promise.all([serve({ allow }), serve({ allow, ...ALL_NODE })]);
  const ask = (infoHash: string): string =>
    `GET /announce?info_hash=${infoHash}&peer_id=-SH0001-abcdefghijkl&port=7000 HTTP/1.1\r\nHost: x\r\n\r\n`;
  const requests = ['abcdefghijklmnopqrst', 'bbcdefghijklmnopqrst', 'abcdefghijklmnopqrst'].map(ask);
  const [ours, theirs] = await Promise.all([
    talk(plain.port, [[requests[0] ?? '']], [requests.slice(1).join('') + LAST]),
    talk(node.port, [[requests[0] ?? '']], [requests.slice(1).join('') + LAST]),
  ]);
  expect(ours).toEqual(theirs);
  expect([...ours.answers, ours.rest].join('').match(/failure reason/g)).toHaveLength(2);
});

test('the hundredth answer of a connection is its last', async () => {
  const { port } = await serve({});
  const once = 'GET /scrape?info_hash=abcdefghijklmnopqrst HTTP/1.1\r\nHost: x\r\n\r\n';
  const answers = await new Promise<string>((resolve) => {
    let received = '';
    let seen = 0;
    const socket = connect(port, '127.0.0.1', () => socket.write(once));
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
      const count = received.split('HTTP/1.1 200 OK').length - 1;
      if (count > seen && count < 100) socket.write(once);
      seen = count;
    });
    socket.on('close', () => resolve(received));
  });
  expect(answers.match(/Keep-Alive: timeout=5, max=100/g)).toHaveLength(99);
  expect(answers.match(/Connection: close/g)).toHaveLength(1);
});

test('a connection that says nothing is told so and closed; closing the server ends those that are idle', async () => {
  const { port } = await serve({ requestTimeoutMs: 50 });
  expect((await talk(port, [], [])).rest).toBe('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n');
  const second = await serve({});
  const closed = talk(second.port, [[LAST.replace('Connection: close\r\n', '')]], []);
  await expect.poll(() => second.server.counters.httpScrapes).toBe(1);
  await second.server.close();
  expect((await closed).answers[0]).toContain('Connection: keep-alive');
});
