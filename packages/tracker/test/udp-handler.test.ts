import { toHex } from '@shoal/primitives';
import { seededRandom } from '@shoal/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type AnnounceRequest,
  decodeUdpAnswer,
  encodeUdpAnnounce,
  encodeUdpConnect,
  encodeUdpScrape,
  MemorySwarmStore,
  type SwarmStore,
  Tracker,
  type TrackerOptions,
  UdpHandler,
} from '../src/index.ts';

const infoHash = new Uint8Array(20).fill(0xaa);
const request = (name: number, details: Partial<AnnounceRequest> = {}): AnnounceRequest => ({
  infoHash,
  peerId: new Uint8Array(20).fill(name),
  port: 1_000 + name,
  uploaded: 0,
  downloaded: 0,
  left: 5,
  ...details,
});

interface Setup {
  readonly tracker: Tracker;
  readonly handler: UdpHandler;
  ask(bytes: Uint8Array, address?: string, now?: number, port?: number): Uint8Array | undefined;
  /** A connection id for an address. */
  id(address?: string, now?: number, port?: number): Uint8Array;
}

function setup(options: Partial<TrackerOptions> = {}): Setup {
  const store = options.store ?? new MemorySwarmStore({ random: () => 0 });
  const tracker = new Tracker({ random: () => 0, ...options, store });
  const handler = new UdpHandler({ tracker, randomBytes: seededRandom('udp').bytes, now: 0 });
  const ask: Setup['ask'] = (bytes, address = '10.0.0.1', now = 0, port = 9) => {
    const answer = handler.receive(bytes, { address, reachedAt: '10.9.9.9' }, port, now);
    if (answer instanceof Promise) throw new Error('a promise from a store that answers at once');
    return answer;
  };
  const id: Setup['id'] = (address, now, port) => {
    const answer = ask(encodeUdpConnect(1), address, now, port);
    if (!answer) throw new Error('no answer to a connect');
    return answer.slice(8);
  };
  return { tracker, handler, ask, id };
}

test('connect: 16 bytes in, 16 out: action 0, the transaction id, a connection id (BEP 15)', () => {
  const { ask } = setup();
  const answer = ask(encodeUdpConnect(0xfedcba98)) as Uint8Array;
  expect(answer).toHaveLength(16);
  expect(toHex(answer.subarray(0, 8))).toBe('00000000fedcba98');
});

test('announce, field by field: action 1, transaction id, interval, leechers, seeders, 6 bytes a peer (BEP 15)', () => {
  const { ask, id } = setup({ interval: 1_800 });
  ask(encodeUdpAnnounce(1, id('10.0.0.2'), request(2, { left: 0 })), '10.0.0.2');
  const answer = ask(encodeUdpAnnounce(0x01020304, id(), request(1))) as Uint8Array;
  expect(toHex(answer)).toBe(['00000001', '01020304', '00000708', '00000001', '00000001', '0a00000203ea'].join(''));
});

test('over IPv6 a peer has 18 bytes, and IPv4 peers are not told', () => {
  const { ask, id } = setup();
  ask(encodeUdpAnnounce(1, id(), request(1)));
  ask(encodeUdpAnnounce(1, id('2001:db8::2'), request(2)), '2001:db8::2');
  const answer = ask(encodeUdpAnnounce(1, id('2001:db8::3'), request(3)), '2001:db8::3') as Uint8Array;
  expect(decodeUdpAnswer(answer, 6)).toMatchObject({
    response: { leechers: 3, seeders: 0, peers: [{ host: '2001:db8::2', port: 1_002 }] },
  });
  expect(answer).toHaveLength(38);
});

test('an IPv6 answer fits an unfragmented datagram, however many peers are wanted', () => {
  const { ask, id } = setup({ maxNumwant: 2_000 });
  for (let peer = 1; peer <= 120; peer++) {
    const address = `2001:db8:${peer}::1`;
    ask(encodeUdpAnnounce(1, id(address), request(peer)), address);
  }
  const answer = ask(encodeUdpAnnounce(1, id('2001:db8::9'), request(200, { numwant: 1_000 })), '2001:db8::9');
  expect(answer).toHaveLength(20 + 79 * 18);
});

test('stopped, completed and paused; scrape tells seeders, completed, leechers (BEPs 15, 21)', () => {
  const { ask, id, tracker } = setup();
  const other = new Uint8Array(20).fill(7);
  ask(encodeUdpAnnounce(1, id(), request(1, { event: 'started' })));
  ask(encodeUdpAnnounce(1, id(), request(1, { event: 'completed', left: 0 })));
  ask(encodeUdpAnnounce(1, id(), request(2, { event: 'paused' })));
  ask(encodeUdpAnnounce(1, id(), request(3)));
  const answer = ask(encodeUdpScrape(5, id(), [infoHash, other])) as Uint8Array;
  expect(toHex(answer)).toBe(`0000000200000005${'000000010000000100000002'}${'000000000000000000000000'}`);
  ask(encodeUdpAnnounce(1, id(), request(1, { event: 'stopped' })));
  const counts = ask(encodeUdpScrape(5, id(), [infoHash])) as Uint8Array;
  expect(decodeUdpAnswer(counts, 4)).toMatchObject({ counts: [{ seeders: 0, completed: 1, leechers: 2 }] });
  expect(tracker.counters).toMatchObject({ udpAnnounces: 5, udpScrapes: 2, udpConnects: 7, refusals: 0, malformed: 0 });
});

test('an address of the asker’s choice is ignored unless the operator says otherwise', () => {
  for (const trustIpParameter of [false, true]) {
    const { ask, id } = setup({ trustIpParameter });
    const announce = encodeUdpAnnounce(1, id(), request(1));
    announce.set([203, 0, 113, 5], 84);
    ask(announce);
    const answer = ask(encodeUdpAnnounce(1, id('10.0.0.2'), request(2)), '10.0.0.2') as Uint8Array;
    const host = trustIpParameter ? '203.0.113.5' : '10.0.0.1';
    expect(decodeUdpAnswer(answer, 4)).toMatchObject({ response: { peers: [{ host, port: 1_001 }] } });
  }
});

test('a peer of this process is handed out where it can be reached', () => {
  const { ask, id, tracker } = setup();
  tracker.enterLocal({ infoHash, peerId: new Uint8Array(20).fill(99), port: 7_000, role: 'seed' });
  const answer = ask(encodeUdpAnnounce(1, id(), request(1))) as Uint8Array;
  expect(decodeUdpAnswer(answer, 4)).toMatchObject({
    response: { seeders: 1, peers: [{ host: '10.9.9.9', port: 7_000 }] },
  });
});

test('passkeys come in the path of BEP 41’s URL data; scrapes carry none', () => {
  const { ask, id } = setup({ passkeys: new Set(['s3cret']) });
  const answerTo = (urlData: string) =>
    decodeUdpAnswer(ask(encodeUdpAnnounce(1, id(), request(1), urlData)) as Uint8Array, 4);
  expect(answerTo('/s3cret/announce?x=1')).toMatchObject({ action: 'announce' });
  expect(answerTo('/other/announce')).toMatchObject({ action: 'error', reason: 'this passkey is not known' });
  for (const none of ['', '/announce', '/s3cret', '/a/s3cret/announce', '//announce']) {
    expect(answerTo(none)).toMatchObject({ action: 'error', reason: expect.stringMatching(/wants a passkey/) });
  }
  expect(decodeUdpAnswer(ask(encodeUdpScrape(1, id(), [infoHash])) as Uint8Array, 4)).toMatchObject({
    action: 'error',
  });
});

test('torrents that are not served are refused in words', () => {
  const { ask, id } = setup({ allow: () => false });
  const answer = ask(encodeUdpAnnounce(1, id(), request(1))) as Uint8Array;
  expect(decodeUdpAnswer(answer, 4)).toMatchObject({ reason: 'this tracker does not serve this torrent' });
});

test('a store and lists that answer promises are waited for', async () => {
  const inner = new MemorySwarmStore({ random: () => 0 });
  const store: SwarmStore = {
    announce: async (announce) => inner.announce(announce),
    scrape: async (hash, now) => inner.scrape(hash, now),
    totals: async (now) => inner.totals(now),
  };
  const { handler, id } = setup({ store, allow: async () => true });
  const from = { address: '10.0.0.1' };
  await handler.receive(encodeUdpAnnounce(1, id(), request(1)), from, 9, 0);
  const answer = await handler.receive(encodeUdpAnnounce(1, id(), request(2)), from, 9, 0);
  expect(decodeUdpAnswer(answer as Uint8Array, 4)).toMatchObject({
    response: { peers: [{ host: '10.0.0.1', port: 1_001 }] },
  });
});

const LONG_AGO = new Uint8Array(8);

// What arrives is hostile: what each datagram gets back, and at what length.
test.each<[string, (id: Uint8Array) => Uint8Array, number | undefined]>([
  ['nothing', () => new Uint8Array(0), undefined],
  ['15 bytes', () => encodeUdpConnect(1).subarray(0, 15), undefined],
  ['a connect without the protocol id', () => encodeUdpConnect(1).fill(0, 0, 8), undefined],
  ['a connect with more behind it', () => Buffer.concat([encodeUdpConnect(1), new Uint8Array(1_400)]), 16],
  ['an unknown action', (id) => encodeUdpScrape(1, id, [infoHash]).fill(9, 8, 12), undefined],
  ['the error action', (id) => encodeUdpScrape(1, id, [infoHash]).fill(3, 11, 12), undefined],
  ['a cut announce', (id) => encodeUdpAnnounce(1, id, request(1)).subarray(0, 97), undefined],
  ['an announce with no connection id', () => encodeUdpAnnounce(1, LONG_AGO, request(1)), 25],
  ['a scrape with no connection id', () => encodeUdpScrape(1, LONG_AGO, [infoHash]), 25],
  ['a scrape of nothing', (id) => encodeUdpScrape(1, id, [infoHash]).subarray(0, 16), undefined],
  ['a scrape and a half', (id) => Buffer.concat([encodeUdpScrape(1, id, [infoHash]), new Uint8Array(10)]), 20],
  [
    'an announce with options that are cut',
    (id) => Buffer.concat([encodeUdpAnnounce(1, id, request(1)), Uint8Array.of(2, 9, 1)]),
    20,
  ],
  [
    'an announce with 64 KiB of options',
    (id) => Buffer.concat([encodeUdpAnnounce(1, id, request(1)), new Uint8Array(65_000).fill(1)]),
    20,
  ],
  ['an announce for port 0', (id) => encodeUdpAnnounce(1, id, request(1, { port: 0 })), 20],
])('hostile: %s', (_name, make, length) => {
  const { ask, id, tracker } = setup();
  const bytes = make(id());
  const answer = ask(bytes);
  expect(answer?.length).toBe(length);
  if (length === undefined) expect(tracker.counters.malformed).toBe(1);
  if (length === 25) {
    expect(decodeUdpAnswer(answer as Uint8Array, 4)).toEqual({
      action: 'error',
      transactionId: 1,
      reason: 'old connection id',
    });
    expect(bytes.length).toBeGreaterThanOrEqual(25);
  }
});

test('a connection id of another address, another port or long ago is none', () => {
  const { ask, id, tracker } = setup();
  const own = id('10.0.0.1', 0);
  for (const [address, now, port] of [
    ['10.0.0.2', 0, 9],
    ['10.0.0.1', 0, 10],
    ['10.0.0.1', 122_000, 9],
  ] as const) {
    expect(ask(encodeUdpAnnounce(1, own, request(1)), address, now, port)).toHaveLength(25);
  }
  expect(tracker.counters.staleIds).toBe(3);
  expect(ask(encodeUdpAnnounce(1, own, request(1)), '10.0.0.1', 119_000)).toHaveLength(20);
});

test('an address over its rate gets silence, others get answers', () => {
  const { ask, id, tracker } = setup({ rateLimit: { perSecond: 1, burst: 3 } });
  const own = id();
  expect(ask(encodeUdpAnnounce(1, own, request(1)))).toBeDefined();
  expect(ask(encodeUdpAnnounce(1, own, request(1)))).toBeDefined();
  expect(ask(encodeUdpAnnounce(1, own, request(1)))).toBeUndefined();
  expect(ask(encodeUdpConnect(1))).toBeUndefined();
  expect(tracker.counters.limited).toBe(2);
  expect(ask(encodeUdpConnect(1), '10.0.0.2')).toBeDefined();
  expect(ask(encodeUdpAnnounce(1, own, request(1)), '10.0.0.1', 1_000)).toBeDefined();
  for (let times = 0; times < 20; times++) expect(ask(encodeUdpConnect(1), '127.0.0.1')).toBeDefined();
});

test('any bytes: no exception, and never more out than in to who has not proved its address', () => {
  const { handler } = setup();
  const addresses = ['10.0.0.1', '2001:db8::1', '', 'nonsense'];
  const datagrams = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .tuple(fc.uint8Array({ minLength: 8, maxLength: 8 }), fc.nat(4), fc.uint8Array({ maxLength: 200 }))
      .map(([id, action, rest]) => Uint8Array.from([...id, 0, 0, 0, action, ...rest])),
    fc.uint8Array({ maxLength: 40 }).map((rest) => Uint8Array.from([...encodeUdpConnect(7), ...rest])),
  );
  fc.assert(
    fc.property(datagrams, fc.constantFrom(...addresses), fc.nat(65_535), (bytes, address, port) => {
      const answer = handler.receive(bytes, { address }, port, 1_000);
      if (answer instanceof Promise) throw new Error('a promise');
      expect(answer?.length ?? 0).toBeLessThanOrEqual(bytes.length);
    }),
    { numRuns: 2_000 },
  );
});
