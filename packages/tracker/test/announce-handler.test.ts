import { type BencodeDict, decode, encode, isDict, textOf } from '@shoal/bencode';
import { expect, test } from 'vitest';
import {
  AnnounceHandler,
  type AnnounceHandlerOptions,
  decodeAnnounce,
  MemorySwarmStore,
  type SwarmStore,
  type TrackerError,
} from '../src/index.ts';

const HASH = '%01'.repeat(20);
const query = (name: string, rest = ''): string =>
  `info_hash=${HASH}&peer_id=${name.padEnd(20, '.')}&port=${name.charCodeAt(0)}&left=1${rest}`;

function handlerWith(options: Partial<AnnounceHandlerOptions> = {}): AnnounceHandler {
  const store = options.store ?? new MemorySwarmStore({ random: () => 0 });
  return new AnnounceHandler({ random: () => 0, ...options, store });
}

async function answerTo(handler: AnnounceHandler, text: string, address = '10.0.0.1'): Promise<BencodeDict> {
  const { status, body } = await handler.announce(text, { address }, 0);
  expect(status).toBe(200);
  const answer = decode(body, { strict: true });
  if (!isDict(answer)) throw new Error('no dictionary');
  return answer;
}

test.each([
  ['', 'info_hash is missing'],
  ['info_hash=short', 'info_hash has 5 bytes, 20 expected'],
  [`info_hash=${HASH}`, 'peer_id is missing'],
  [`info_hash=${HASH}&peer_id=${'p'.repeat(21)}`, 'peer_id has 21 bytes, 20 expected'],
  [`info_hash=${HASH}&peer_id=${'p'.repeat(20)}`, 'port is missing'],
  [query('a', '').replace('port=97', 'port=65536'), 'port is not a whole number from 0 to 65535'],
  [query('a', '').replace('port=97', 'port=-1'), 'port is not a whole number from 0 to 65535'],
  [query('a', '').replace('port=97', 'port=1e3'), 'port is not a whole number from 0 to 65535'],
  ['info_hash=%zz', 'the query cannot be read'],
  ['info_hash=%1', 'the query cannot be read'],
  ['a&'.repeat(200), 'the query cannot be read'],
])('%s is refused with a reason', async (text, reason) => {
  const handler = handlerWith();
  expect(textOf((await answerTo(handler, text)).get('failure reason'))).toBe(reason);
  expect((await handler.totals(0)).refusals).toBe(1);
});

test('an asker without an address is refused', async () => {
  const answer = await answerTo(handlerWith(), query('a'), '');
  expect(textOf(answer.get('failure reason'))).toBe('your address is not known');
});

test('ip= is ignored, a mapped address is IPv4', async () => {
  const handler = handlerWith();
  await answerTo(handler, query('a', '&ip=203.0.113.1&ipv6=2001:db8::1'), '::ffff:10.0.0.7');
  const { body } = await handler.announce(query('b'), { address: '10.0.0.2' }, 0);
  expect(decodeAnnounce(body).peers).toEqual([{ host: '10.0.0.7', port: 97 }]);
});

test('peers of both families: peers and peers6, and the external ip of each', async () => {
  const handler = handlerWith();
  await answerTo(handler, query('a'), '10.0.0.1');
  const six = await answerTo(handler, query('b'), '2001:db8::b');
  expect(six.get('external ip')).toHaveLength(16);
  const answer = await answerTo(handler, query('c'), '10.0.0.3');
  expect(answer.get('peers')).toHaveLength(6);
  expect(answer.get('peers6')).toHaveLength(18);
  expect(answer.get('external ip')).toEqual(Uint8Array.of(10, 0, 0, 3));
});

test('numwant is clamped', async () => {
  const handler = handlerWith({ numwant: 3, maxNumwant: 5 });
  for (let host = 1; host <= 9; host++) await answerTo(handler, query(String(host)), `10.0.0.${host}`);
  const peersFor = async (rest: string): Promise<number> => {
    const peers = (await answerTo(handler, query('z', rest), '10.0.1.1')).get('peers');
    return peers instanceof Uint8Array ? peers.length / 6 : -1;
  };
  expect(await peersFor('')).toBe(3);
  expect(await peersFor('&numwant=4')).toBe(4);
  expect(await peersFor('&numwant=0')).toBe(0);
  expect(await peersFor('&numwant=1000000')).toBe(5);
  expect(await peersFor('&numwant=-1')).toBe(3);
  expect(await peersFor('&numwant=many')).toBe(3);
});

test('who listens nowhere (port 0) gets peers and is not listed', async () => {
  const handler = handlerWith();
  await answerTo(handler, query('a'));
  const answer = await answerTo(handler, query('b').replace('port=98', 'port=0'), '10.0.0.2');
  expect(answer.get('peers')).toHaveLength(6);
  expect(answer.get('incomplete')).toBe(1);
});

test('who does not say what is left is a leech; any amount of 64 bits will do', async () => {
  const handler = handlerWith();
  await answerTo(handler, query('a').replace('&left=1', ''));
  await answerTo(handler, query('b').replace('left=1', 'left=18446744073709551615'));
  expect((await handler.totals(0)).leechers).toBe(2);
});

test('the interval has jitter, and entries outlive it', async () => {
  const handler = handlerWith({ interval: 100, random: () => 0.999, store: new MemorySwarmStore({ random: () => 0 }) });
  const answer = await answerTo(handler, query('a'));
  expect(answer.get('interval')).toBe(109);
  expect(answer.get('min interval')).toBe(100);
  expect((await handler.totals(249_999)).leechers).toBe(1);
  expect((await handler.totals(250_000)).leechers).toBe(0);
  expect(() => handlerWith({ interval: 0 })).toThrow(RangeError);
});

test('a local leech is handed to seeds, a local seed is not; numwant counts local peers', async () => {
  const handler = handlerWith();
  const peerId = new Uint8Array(20).fill(7);
  const infoHash = new Uint8Array(20).fill(1);
  const ask = async (rest: string) => {
    const { body } = await handler.announce(query('a', rest), { address: '10.0.0.1', reachedAt: '10.0.0.99' }, 0);
    return decodeAnnounce(body).peers;
  };
  handler.enterLocal({ infoHash, peerId, port: 5, role: 'leech' });
  expect(await ask('')).toEqual([{ host: '10.0.0.99', port: 5 }]);
  // The same peer, complete now.
  const leave = handler.enterLocal({ infoHash, peerId, port: 5, role: 'seed' });
  expect(await ask('')).toEqual([{ host: '10.0.0.99', port: 5 }]);
  expect(await ask('&numwant=0')).toEqual([]);
  const seed = await handler.announce(
    query('s').replace('left=1', 'left=0'),
    { address: '10.0.0.2', reachedAt: '10.0.0.99' },
    0,
  );
  expect(decodeAnnounce(seed.body).peers).toEqual([{ host: '10.0.0.1', port: 97 }]);
  leave();
  leave();
  expect(await ask('')).toEqual([{ host: '10.0.0.2', port: 115 }]);
});

test('a store that fails is told to the operator, not to the asker', async () => {
  const errors: unknown[] = [];
  const broken: SwarmStore = {
    announce: async () => {
      throw new Error('password of the database');
    },
    scrape: () => null,
    totals: () => ({ torrents: 0, seeders: 0, leechers: 0 }),
  };
  const handler = handlerWith({ store: broken, onError: (error) => errors.push(error) });
  const answer = await answerTo(handler, query('a'));
  expect(textOf(answer.get('failure reason'))).toBe('the tracker cannot answer now');
  expect(answer.get('retry in')).toBe(5);
  expect(errors).toHaveLength(1);
});

test('a full store says so, and when to come back (BEP 31)', async () => {
  const handler = handlerWith({ store: new MemorySwarmStore({ random: () => 0, maxPeers: 0 }) });
  const { body } = await handler.announce(query('a'), { address: '10.0.0.1' }, 0);
  expect(() => decodeAnnounce(body)).toThrow(
    expect.objectContaining<Partial<TrackerError>>({ code: 'ERR_TRACKER_FAILURE', retryAfter: 1_800 }),
  );
});

test('scrapes: none, too many, of the wrong length', async () => {
  const handler = handlerWith();
  const reasonFor = async (text: string): Promise<string | undefined> => {
    const answer = decode((await handler.scrape(text, 0)).body);
    return isDict(answer) ? textOf(answer.get('failure reason')) : undefined;
  };
  expect(await reasonFor('')).toBe('info_hash is missing');
  expect(await reasonFor('info_hash=abc')).toBe('info_hash has 3 bytes, 20 expected');
  expect(await reasonFor(`info_hash=${HASH}&`.repeat(101))).toBe(
    '101 torrents in one scrape, at most 100 are answered',
  );
  expect((await handler.scrape(`info_hash=${HASH}`, 0)).body).toEqual(encode({ files: {} }));
});
