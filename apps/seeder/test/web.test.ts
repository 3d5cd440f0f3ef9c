import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { parseMagnet } from '@shoal/metainfo';
import { expect, test } from 'vitest';
import type { TorrentsAnswer } from '../src/page/rows.ts';
import { ask, askJson, Fixture, hashOf, pattern } from './fixture.ts';

const at = new Fixture();
const TOKEN = 'correct-horse-battery';

test('a name cannot become part of the page', async () => {
  const name = `<script>alert('1')</script> & "x".bin`.replace('/', '');
  await writeFile(join(at.dir, name), pattern(1_000));
  const seeder = await at.start();
  const page = await ask(seeder, '/');
  const text = page.body.toString();
  expect(page.headers['content-type']).toBe('text/html; charset=UTF-8');
  expect(text).not.toContain('<script>alert');
  expect(text).toContain('&lt;script&gt;alert(&#39;1&#39;)&lt;script&gt; &amp; &quot;x&quot;.bin');
  expect(page.headers['content-security-policy']).toContain("default-src 'none'");
  const torrent = await ask(seeder, `/torrents/${hashOf(seeder)}.torrent`);
  expect(torrent.headers['content-disposition']).toBe(
    `attachment; filename="_script_alert(_1_)_script_ _ _x_.bin.torrent"; ` +
      `filename*=UTF-8''%3Cscript%3Ealert%28%271%27%29%3Cscript%3E%20%26%20%22x%22.bin.torrent`,
  );
});

test('the page and its parts are there', async () => {
  await at.makeTree();
  const seeder = await at.start();
  const page = String((await ask(seeder, '/')).body);
  expect(page).toContain('single.bin');
  expect(page).toContain('tree/Ünïcode 世界/café ☕.bin');
  expect(page).toContain(hashOf(seeder, 0));
  expect(page).toContain('293 KiB');
  expect((await ask(seeder, '/page.css')).headers['content-type']).toContain('text/css');
  expect((await ask(seeder, '/page.js')).headers['content-type']).toContain('text/javascript');
  expect(JSON.parse(String((await ask(seeder, '/healthz')).body))).toEqual({
    status: 'ok',
    ready: true,
    torrents: 2,
    fault: null,
  });
  const one = JSON.parse(String((await ask(seeder, `/api/torrents/${hashOf(seeder, 1)}`)).body));
  expect(one.files).toEqual([
    { path: 'tree/empty', length: 0 },
    { path: 'tree/Ünïcode 世界/café ☕.bin', length: 70_000 },
  ]);
});

test('an empty folder says so on its page', async () => {
  const seeder = await at.start();
  expect(String((await ask(seeder, '/')).body)).toContain('nothing in the folder');
  expect(at.events).toMatchObject([{ event: 'ready', torrents: [] }]);
});

test.each([
  ['evil.example', 403],
  ['evil.example:80', 403],
  ['localhost.evil.example', 403],
  ['localhost', 200],
  ['LOCALHOST:1234', 200],
  ['192.0.2.7:8080', 200],
  ['[2001:db8::1]:8080', 200],
  ['seeds.example.org', 200],
  ['seeds.example.org:8443', 200],
])('a request for the host %s is answered with %i', async (host, status) => {
  const seeder = await at.start({ publicUrl: 'https://seeds.example.org/here' });
  expect((await ask(seeder, '/', { host })).status).toBe(status);
});

test.each([
  '/../../etc/passwd',
  '/torrents/..%2f..%2fetc%2fpasswd',
  '/torrents/%00.torrent',
  `/torrents/${'0'.repeat(40)}.torrent`,
  '/.hidden',
])('there is nothing at %s', async (path) => {
  await at.makeTree();
  const seeder = await at.start();
  expect((await ask(seeder, path)).status).toBe(404);
});

test('only short requests without a body are answered', async () => {
  const seeder = await at.start();
  expect((await ask(seeder, '/', { method: 'POST', body: 'x' })).status).toBe(405);
  expect((await ask(seeder, '/', { body: 'x' })).status).toBe(413);
  expect((await ask(seeder, `/?${'x'.repeat(20_000)}`)).status).toBe(431);
  expect((await ask(seeder, '/', { method: 'HEAD' })).body).toHaveLength(0);
});

test('a request that another site made a browser send is refused, and may be read by nobody', async () => {
  await at.makeTree();
  const seeder = await at.start();
  const origin = 'https://evil.example';
  for (const path of ['/', '/api/torrents', '/metrics', '/announce?info_hash=x', '/scrape']) {
    expect((await ask(seeder, path, { headers: { origin } })).status, path).toBe(403);
    const { status } = await ask(seeder, path, {
      headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
    });
    expect(status, path).toBe(403);
  }
  const own = await ask(seeder, '/api/torrents', { headers: { origin: seeder.url.slice(0, -1) } });
  expect(own.status).toBe(200);
  expect(own.headers['access-control-allow-origin']).toBeUndefined();
});

test('with a token, page, API and metrics want it; announces, health and torrents do not', async () => {
  await at.makeTree();
  const seeder = await at.start({ token: TOKEN });
  const guarded = [
    '/',
    '/page.js',
    '/page.css',
    '/api/torrents',
    `/api/torrents/${hashOf(seeder)}`,
    '/metrics',
    '/nothing',
  ];
  for (const path of guarded) {
    const refused = await ask(seeder, path);
    expect(refused.status, path).toBe(401);
    expect(refused.headers['www-authenticate'], path).toContain('Bearer');
    expect((await ask(seeder, path, { headers: { authorization: 'Bearer wrong' } })).status, path).toBe(401);
    const { status } = await ask(seeder, path, { headers: { authorization: `Bearer ${TOKEN}` } });
    expect(status, path).toBe(path === '/nothing' ? 404 : 200);
  }
  const basic = `Basic ${Buffer.from(`anybody:${TOKEN}`).toString('base64')}`;
  expect((await ask(seeder, '/', { headers: { authorization: basic } })).status).toBe(200);
  for (const path of ['/healthz', '/announce?x', '/scrape?x', `/torrents/${hashOf(seeder)}.torrent`]) {
    expect((await ask(seeder, path)).status, path).toBe(200);
  }
  // Another spelling of a path opens nothing that was closed.
  for (const path of ['//metrics', '/healthz/../metrics', '/%6detrics', '/healthz%2f..%2fmetrics']) {
    expect((await ask(seeder, path)).status, path).toBe(401);
  }
});

test('the API tells everything at first, and later what changed', async () => {
  await at.makeTree();
  const seeder = await at.start();
  const all = await askJson<TorrentsAnswer>(seeder, '/api/torrents');
  expect(all).toMatchObject({ full: true, ready: true, fault: null, pending: [], removed: [] });
  expect(all.summary).toEqual({ torrents: 2, size: 370_000, peers: 0, upRate: 0, uploaded: 0 });
  expect(all.torrents.map(({ name }) => name)).toEqual(['single.bin', 'tree']);
  expect(parseMagnet(all.torrents[0]?.magnet ?? '').infoHash?.hex).toBe(hashOf(seeder));
  const later = await askJson<TorrentsAnswer>(seeder, `/api/torrents?since=${all.revision}`);
  expect(later).toMatchObject({ full: false, revision: all.revision, torrents: [] });
  for (const since of ['nonsense', '00000000-1', `${all.revision}0`, all.revision.replace(/\d+$/, '-1')]) {
    expect((await askJson<TorrentsAnswer>(seeder, `/api/torrents?since=${since}`)).full, since).toBe(true);
  }
  await writeFile(join(at.dir, 'zz'), 'one more');
  await at.seen(({ event, name }: { event: string; name?: string | null }) => event === 'torrent' && name === 'zz');
  const news = await askJson<TorrentsAnswer>(seeder, `/api/torrents?since=${all.revision}`);
  expect(news.torrents.map(({ name }) => name)).toEqual(['zz']);
});

test("metrics are Prometheus text, the tracker's and the seeder's", async () => {
  await at.makeTree();
  const seeder = await at.start();
  await ask(seeder, '/announce?nonsense');
  const { headers, body } = await ask(seeder, '/metrics');
  expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  const text = String(body);
  for (const line of [
    'shoal_seeder_ready 1',
    'shoal_seeder_folder_readable 1',
    'shoal_seeder_entries{state="seeding"} 2',
    'shoal_seeder_entries{state="failed"} 0',
    'shoal_seeder_size_bytes 370000',
    'shoal_seeder_uploaded_bytes_total 0',
    `shoal_seeder_torrent_peers{infohash="${hashOf(seeder)}"} 0`,
    'shoal_tracker_requests_total{protocol="http",kind="announce"} 1',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
  // Every line is a comment or a sample, and every name is described once.
  const shape = /^(?:# (?:HELP|TYPE) [a-z_]+ .+|[a-z_]+(?:\{[a-z]+="[^"]*"(?:,[a-z]+="[^"]*")*\})? -?[\d.e+]+)$/;
  expect(
    text
      .trimEnd()
      .split('\n')
      .filter((line) => !shape.test(line)),
  ).toEqual([]);
  const described = text.match(/^# TYPE \S+/gm) ?? [];
  expect(new Set(described).size).toBe(described.length);
});

test('the first page of many is whole without a script', async () => {
  for (let index = 0; index < 105; index++) await writeFile(join(at.dir, `file ${index + 100}`), `bytes ${index}`);
  const seeder = await at.start();
  const [first, second] = await Promise.all(
    ['/', '/?page=2'].map(async (path) => String((await ask(seeder, path)).body)),
  );
  expect(first?.match(/<li class="row"/g)).toHaveLength(101);
  expect(first).toContain('Page 1 of 2');
  expect(second?.match(/<li class="row"/g)).toHaveLength(6);
  expect(first).toContain('href="magnet:?xt=urn:btih:');
  expect(first).not.toMatch(/<script>|<style|\son[a-z]+=|style=/);
});

test('who sends half a request is cut off, and the others are served meanwhile', async () => {
  await mkdir(join(at.dir, 'empty'));
  const seeder = await at.start();
  const socket = connect(Number(new URL(seeder.url).port), '127.0.0.1').on('error', () => undefined);
  await once(socket, 'connect');
  socket.write('GET /api/torrents HTTP/1.1\r\nhost: localhost\r\n');
  expect((await ask(seeder, '/healthz')).status).toBe(200);
  await once(socket.resume(), 'close');
}, 15_000);
