// Whom a tracker serves and what it tells the operator: lists, proxies, limits, pages, full scrapes, state.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode, isDict, textOf } from '@shoal/bencode';
import { expect, onTestFinished, test } from 'vitest';
import { type AnnounceRequest, announceUrl, decodeScrape, MemorySwarmStore } from '../src/index.ts';
import { TrackerServer, type TrackerServerOptions } from '../src/node/index.ts';
import { TrustedProxies } from '../src/node/trusted-proxies.ts';
import { announceBy } from './announces.ts';
import { clientFor } from './loopback.ts';

const infoHash = new Uint8Array(20).fill(0x61);
const asks = (name: string, details: Partial<AnnounceRequest> = {}): AnnounceRequest =>
  announceBy(name, { infoHash, ...details });

async function serve(
  options: TrackerServerOptions = {},
): Promise<{ server: TrackerServer; url: string; origin: string }> {
  const server = new TrackerServer({ http: { host: '127.0.0.1' }, ...options });
  onTestFinished(() => server.close());
  await server.listen();
  const url = server.urlFor('127.0.0.1');
  return { server, url, origin: url.replace('/announce', '') };
}

function get(
  url: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Buffer; type: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => {
        const type = String(response.headers['content-type']);
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts), type });
      });
    });
    request.on('error', reject);
    request.end();
  });
}

async function failureOf(url: string, headers?: Record<string, string>): Promise<[string | undefined, unknown]> {
  const answer = decode((await get(url, headers)).body);
  if (!isDict(answer)) throw new Error('no dictionary');
  const retry = answer.get('retry in');
  return [textOf(answer.get('failure reason')), retry instanceof Uint8Array ? textOf(retry) : retry];
}

test('a torrent on the deny-list is refused for ever, allowed or not, and left out of scrapes (BEP 31)', async () => {
  const { url } = await serve({ allow: () => true, deny: async (hash) => hash[0] === 0x61 });
  const reason = 'this tracker does not serve this torrent, and will not';
  expect(await failureOf(announceUrl(url, asks('a')))).toEqual([reason, 'never']);
  expect(await clientFor().scrape(url, [infoHash])).toEqual([null]);
});

test('an address over its rate is told to come back in a minute', async () => {
  const { url, server } = await serve({ rateLimit: { perSecond: 0.01, burst: 2, loopback: true } });
  const ask = announceUrl(url, asks('a'));
  expect(await failureOf(ask)).toEqual([undefined, undefined]);
  expect(await failureOf(ask)).toEqual([undefined, undefined]);
  expect(await failureOf(ask)).toEqual(['too many questions from your address', 1]);
  expect(await failureOf(url.replace('announce', 'scrape'))).toEqual(['too many questions from your address', 1]);
  expect(server.counters.limited).toBe(2);
});

test('X-Forwarded-For counts from proxies on the list alone', async () => {
  const listed = async (trustProxy: string[] | undefined, header: string): Promise<string | undefined> => {
    const { url } = await serve({ trustProxy });
    const forwarded = { 'X-Forwarded-For': header };
    const answer = decode((await get(announceUrl(url, asks('a')), forwarded)).body);
    if (!isDict(answer)) throw new Error('no dictionary');
    const ip = answer.get('external ip');
    return ip instanceof Uint8Array ? Array.from(ip).join('.') : textOf(answer.get('failure reason'));
  };
  expect(await listed(undefined, '198.51.100.7')).toBe('127.0.0.1');
  expect(await listed(['10.0.0.0/8'], '198.51.100.7')).toBe('127.0.0.1');
  expect(await listed(['127.0.0.1'], '198.51.100.7')).toBe('198.51.100.7');
  // What the asker wrote itself stands before what the proxy wrote.
  expect(await listed(['127.0.0.1'], '203.0.113.1, 198.51.100.7')).toBe('198.51.100.7');
  expect(await listed(['127.0.0.0/8', '10.1.0.0/16'], '203.0.113.1, 198.51.100.7:4711, 10.1.2.3')).toBe('198.51.100.7');
  expect(await listed(['127.0.0.1'], 'unknown')).toBe('your address is not known');
  expect(await listed(['127.0.0.1'], '')).toBe('your address is not known');
  expect(await listed(['127.0.0.1'], ','.repeat(500))).toBe('your address is not known');
});

test.each(['', 'proxy', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '::1/129', '1.2.3'])('%j is no proxy', (text) => {
  expect(() => new TrustedProxies([text])).toThrow(RangeError);
});

test('ip= counts where the operator says so', async () => {
  const { url, server } = await serve({ trustIpParameter: true });
  await get(`${announceUrl(url, asks('a'))}&ip=203.0.113.5`);
  expect((await clientFor().announce(url, asks('b'))).peers).toEqual([{ host: '203.0.113.5', port: 1_097 }]);
  expect(await failureOf(`${announceUrl(url, asks('a'))}&ip=host.example`)).toEqual([
    'your address is not known',
    undefined,
  ]);
  expect((await server.totals()).leechers).toBe(2);
});

test('all torrents in one scrape, if the operator allows it', async () => {
  const hashes = [1, 2, 3].map((byte) => new Uint8Array(20).fill(byte));
  const closed = await serve();
  expect(await failureOf(`${closed.origin}/scrape`)).toEqual(['info_hash is missing', undefined]);
  const { url, origin } = await serve({ fullScrape: true, deny: (hash) => hash[0] === 3 });
  for (const hash of hashes)
    await clientFor()
      .announce(url, asks('a', { infoHash: hash }))
      .catch(() => undefined);
  const counts = { seeders: 0, leechers: 1, completed: 0, downloaders: 1 };
  expect(decodeScrape((await get(`${origin}/scrape`)).body, hashes)).toEqual([counts, counts, null]);
  const withKeys = await serve({ fullScrape: true, passkeys: new Set(['k']) });
  expect((await failureOf(`${withKeys.origin}/scrape`))[0]).toMatch(/wants a passkey/);
  expect(decodeScrape((await get(`${withKeys.origin}/k/scrape`)).body, hashes)).toEqual([null, null, null]);
});

test('metrics in Prometheus’ text form, a page for people, both elsewhere or nowhere', async () => {
  const { url, origin } = await serve();
  await clientFor().announce(url, asks('a', { left: 0 }));
  const { body, type } = await get(`${origin}/metrics`);
  expect(type).toBe('text/plain; version=0.0.4; charset=utf-8');
  const lines = body.toString().trimEnd().split('\n');
  expect(lines).toContain('shoal_tracker_peers{role="seed"} 1');
  expect(lines).toContain('shoal_tracker_requests_total{protocol="http",kind="announce"} 1');
  expect(lines).toContain('shoal_tracker_dropped_total{reason="malformed"} 0');
  for (const line of lines)
    expect(line).toMatch(/^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+="[a-z_]+"(,[a-z]+="[a-z]+")*\})? \d+)$/);
  const page = (await get(`${origin}/stats`)).body.toString();
  expect(page).toMatch(/^<!doctype html>/);
  expect(page).not.toMatch(/<script|src=|href=/);
  const other = await serve({ statsPath: '/secret', metricsPath: null });
  expect((await get(`${other.origin}/secret`)).status).toBe(200);
  expect((await get(`${other.origin}/stats`)).status).toBe(404);
  expect((await get(`${other.origin}/metrics`)).status).toBe(404);
});

test.each([
  '/../../etc/passwd',
  '/%2e%2e/announce',
  '//announce',
  '/stats/..',
  '/a/../announce',
  '/announce/',
  '/k/scrape/x',
])('no way out of the paths there are: %s', async (path) => {
  const { server } = await serve({ passkeys: () => true });
  const port = Number(new URL(server.urlFor('x')).port);
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on('error', reject);
    request.end();
  });
  expect(status).toBe(path === '/%2e%2e/announce' ? 200 : 404);
  expect((await server.totals()).leechers).toBe(0);
});

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'shoal-tracker-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

test('swarms outlive a restart; nothing else is left beside the file', async () => {
  const dir = await folder();
  const stateFile = join(dir, 'swarms');
  const first = await serve({ stateFile });
  const client = clientFor();
  await client.announce(first.url, asks('a'));
  await client.announce(first.url, asks('b'));
  await client.announce(first.url, asks('b', { left: 0, event: 'completed' }));
  await first.server.close();
  expect(await readdir(dir)).toEqual(['swarms']);
  const second = await serve({ stateFile });
  expect(await client.scrape(second.url, [infoHash])).toEqual([
    { seeders: 1, leechers: 1, completed: 1, downloaders: 1 },
  ]);
  expect((await client.announce(second.url, asks('c'))).peers).toHaveLength(2);
});

test('a state from long ago lists nobody, but what was completed', async () => {
  const stateFile = join(await folder(), 'swarms');
  const first = await serve({ stateFile });
  await clientFor().announce(first.url, asks('a'));
  await clientFor().announce(first.url, asks('a', { left: 0, event: 'completed' }));
  await first.server.close();
  const bytes = await readFile(stateFile);
  const header = bytes.subarray(0, bytes.indexOf(10)).toString();
  const old = header.replace(/\d+$/, (ms) => String(Number(ms) - 4_500_000));
  await writeFile(stateFile, Buffer.concat([Buffer.from(old), bytes.subarray(header.length)]));
  const { url } = await serve({ stateFile });
  expect(await clientFor().scrape(url, [infoHash])).toEqual([
    { seeders: 0, leechers: 0, completed: 1, downloaders: 0 },
  ]);
});

test.each([
  ['nothing', Buffer.alloc(0)],
  ['another file', Buffer.from('#!/bin/sh\n')],
  ['a header alone', Buffer.from('shoal-tracker-state-1 5\n')],
  ['a later version', Buffer.from('shoal-tracker-state-2 5\n')],
])('a state that is %s is told and set aside, and the tracker runs', async (_name, bytes) => {
  const dir = await folder();
  const stateFile = join(dir, 'swarms');
  await writeFile(stateFile, bytes);
  const errors: unknown[] = [];
  const { url, server } = await serve({ stateFile, onError: (error) => errors.push(error) });
  expect(errors).toMatchObject([{ code: 'ERR_TRACKER_SNAPSHOT' }]);
  expect((await clientFor().announce(url, asks('a'))).leechers).toBe(1);
  await server.close();
  expect((await readdir(dir)).sort()).toEqual(['swarms', 'swarms.broken']);
});

test('a state file beside another store is a mistake; one that cannot be written is told by close', async () => {
  const store = { announce: () => ({}) as never, scrape: () => null, totals: () => ({}) as never };
  expect(() => new TrackerServer({ store, stateFile: 'x' })).toThrow(TypeError);
  const server = new TrackerServer({
    http: { host: '127.0.0.1' },
    store: new MemorySwarmStore({ random: () => 0 }),
    stateFile: join(await folder(), 'missing', 'swarms'),
  });
  await server.listen();
  await expect(server.close()).rejects.toMatchObject({ code: 'ENOENT' });
});
