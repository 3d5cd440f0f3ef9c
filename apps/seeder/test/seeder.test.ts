import { mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@shoal/client';
import { parseTorrent } from '@shoal/metainfo/node';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SeederEvent } from '../src/events.ts';
import { type Seeder, type SeederOptions, startSeeder } from '../src/seeder.ts';

let root: string;
let dir: string;
let running: { close(): Promise<void> }[];
let events: SeederEvent[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'shoal-seeder-'));
  dir = join(root, 'data');
  await mkdir(dir);
  running = [];
  events = [];
});

afterEach(async () => {
  for (const one of running.reverse()) await one.close();
  await rm(root, { recursive: true, force: true });
});

async function start(options: Partial<SeederOptions> = {}): Promise<Seeder> {
  const seeder = await startSeeder({
    dir,
    http: { host: '127.0.0.1', port: 0 },
    bind: '127.0.0.1',
    stateDir: join(root, 'state'),
    onEvent: (event) => events.push(event),
    ...options,
  });
  running.push(seeder);
  await seeder.whenReady();
  return seeder;
}

/** Bytes that differ from place to place, so that swapped pieces show. */
function pattern(length: number, seed = 1): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = seed;
  for (let index = 0; index < words.length; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    words[index] = state;
  }
  return new Uint8Array(words.buffer).subarray(0, length);
}

async function makeTree(): Promise<void> {
  await writeFile(join(dir, 'single.bin'), pattern(300_000));
  await mkdir(join(dir, 'tree', 'Ünïcode 世界'), { recursive: true });
  await writeFile(join(dir, 'tree', 'Ünïcode 世界', 'café ☕.bin'), pattern(70_000, 2));
  await writeFile(join(dir, 'tree', 'empty'), '');
  await writeFile(join(dir, '.hidden'), 'not for others');
}

const namesOf = (seeder: Seeder): string[] => seeder.torrents.map(({ entry }) => entry.name);
const eventsOf = (kind: SeederEvent['event']): SeederEvent[] => events.filter(({ event }) => event === kind);
const hashOf = (seeder: Seeder, index = 0): string => seeder.torrents[index]?.entry.metainfo.infoHash.hex ?? '';

/** With any Host header, which fetch does not allow. */
function ask(
  seeder: Seeder,
  path: string,
  options: { host?: string; method?: string; body?: string } = {},
): Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: Buffer }> {
  const { port } = new URL(seeder.url);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port,
        path,
        method: options.method ?? 'GET',
        agent: false,
        headers: {
          host: options.host ?? `127.0.0.1:${port}`,
          ...(options.body === undefined ? {} : { 'content-length': options.body.length }),
        },
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) });
        });
      },
    );
    sent.on('error', reject);
    sent.end(options.body);
  });
}

test('each entry of the folder becomes a torrent; dot files and links are left out', async () => {
  await makeTree();
  await symlink('/etc/hostname', join(dir, 'link'));
  const seeder = await start();
  expect(namesOf(seeder)).toEqual(['single.bin', 'tree']);
  expect(eventsOf('warning')).toMatchObject([{ name: 'link', message: expect.stringContaining('link') }]);
  expect(events.at(-1)).toMatchObject({
    event: 'ready',
    http: seeder.url,
    port: seeder.port,
    torrents: [
      { name: 'single.bin', size: 300_000, files: 1, infoHash: hashOf(seeder, 0) },
      { name: 'tree', size: 70_000, files: 2, torrent: `${seeder.url}torrents/${hashOf(seeder, 1)}.torrent` },
    ],
  });
});

test('the state lies in the folder itself unless told, and is no torrent', async () => {
  await makeTree();
  const seeder = await start({ stateDir: undefined });
  expect(namesOf(seeder)).toEqual(['single.bin', 'tree']);
  expect(await readdir(join(dir, '.shoal-seeder', 'torrents'))).toHaveLength(2);
});

test('a torrent is handed out with the tracker in it, and its info-hash stays', async () => {
  await makeTree();
  const seeder = await start();
  const { status, headers, body } = await ask(seeder, `/torrents/${hashOf(seeder, 1)}.torrent`);
  const metainfo = parseTorrent(body);
  expect(status).toBe(200);
  expect(headers['content-type']).toBe('application/x-bittorrent');
  expect(headers['content-disposition']).toBe(`attachment; filename="tree.torrent"; filename*=UTF-8''tree.torrent`);
  expect(metainfo.announce).toEqual([[`${seeder.url}announce`]]);
  expect(metainfo.infoHash.hex).toBe(hashOf(seeder, 1));
  expect(metainfo.warnings).toEqual([]);
});

test('another client downloads everything through the tracker beside the seed', async () => {
  await makeTree();
  const seeder = await start();
  const client = await createClient({ bind: '127.0.0.1' });
  running.push(client);
  const target = join(root, 'target');
  for (const { entry } of seeder.torrents) {
    const { body } = await ask(seeder, `/torrents/${entry.metainfo.infoHash.hex}.torrent`);
    const torrent = await client.add(body, { dir: target });
    await torrent.whenComplete();
  }
  for (const file of ['single.bin', 'tree/Ünïcode 世界/café ☕.bin', 'tree/empty']) {
    // Not toEqual: that walks through large buffers byte by byte, for seconds.
    expect((await readFile(join(target, file))).equals(await readFile(join(dir, file))), file).toBe(true);
  }
  await client.close();
  const { torrents } = JSON.parse(String((await ask(seeder, '/api/torrents')).body));
  expect(torrents).toMatchObject([
    { name: 'single.bin', uploaded: 300_000, completed: 1, leechers: 0, state: 'seeding' },
    { name: 'tree', uploaded: 70_000, completed: 1, leechers: 0, state: 'seeding' },
  ]);
});

test('the seed dials who announces', async () => {
  await makeTree();
  const seeder = await start();
  const client = await createClient({ bind: '127.0.0.1' });
  running.push(client);
  const { entry } = seeder.torrents[0]!;
  const torrent = await client.add(entry.bytes, { dir: join(root, 'target') });
  await torrent.whenChecked();
  const hash = Buffer.from(entry.metainfo.infoHash.bytes).toString('latin1');
  const escaped = [...hash].map((sign) => `%${sign.charCodeAt(0).toString(16).padStart(2, '0')}`).join('');
  const query = `info_hash=${escaped}&peer_id=${'x'.repeat(20)}&port=${client.port}&left=1&compact=1`;
  expect(String((await ask(seeder, `/announce?${query}`)).body)).not.toContain('failure');
  await torrent.whenComplete();
});

test('the tracker serves no other torrents', async () => {
  await makeTree();
  const seeder = await start();
  const query = `info_hash=${'a'.repeat(20)}&peer_id=${'b'.repeat(20)}&port=6881&left=1`;
  expect(String((await ask(seeder, `/announce?${query}`)).body)).toContain('14:failure reason');
  expect(String((await ask(seeder, `/scrape?info_hash=${'a'.repeat(20)}`)).body)).toBe('d5:filesdee');
});

test('a name cannot become part of the page', async () => {
  const name = `<script>alert('1')</script> & "x".bin`.replace('/', '');
  await writeFile(join(dir, name), pattern(1_000));
  const seeder = await start();
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
  await makeTree();
  const seeder = await start();
  const page = String((await ask(seeder, '/')).body);
  expect(page).toContain('single.bin');
  expect(page).toContain('tree/Ünïcode 世界/café ☕.bin');
  expect(page).toContain(hashOf(seeder, 0));
  expect(page).toContain('293 KiB');
  expect((await ask(seeder, '/style.css')).headers['content-type']).toContain('text/css');
  expect((await ask(seeder, '/page.js')).headers['content-type']).toContain('text/javascript');
  expect(JSON.parse(String((await ask(seeder, '/healthz')).body))).toEqual({ status: 'ok', ready: true, torrents: 2 });
  const one = JSON.parse(String((await ask(seeder, `/api/torrents/${hashOf(seeder, 1)}`)).body));
  expect(one.files).toEqual([
    { path: 'tree/empty', length: 0 },
    { path: 'tree/Ünïcode 世界/café ☕.bin', length: 70_000 },
  ]);
});

test('an empty folder says so on its page', async () => {
  const seeder = await start();
  expect(String((await ask(seeder, '/')).body)).toContain('nothing in the folder');
  expect(events).toMatchObject([{ event: 'ready', torrents: [] }]);
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
  const seeder = await start({ publicUrl: 'https://seeds.example.org/here' });
  expect((await ask(seeder, '/', { host })).status).toBe(status);
});

test('the tracker in a torrent is the public one, or the one that was asked for when bound to every address', async () => {
  await writeFile(join(dir, 'a'), 'some bytes');
  const announceOf = async (seeder: Seeder, host: string): Promise<unknown> =>
    parseTorrent((await ask(seeder, `/torrents/${hashOf(seeder)}.torrent`, { host })).body).announce;
  const everywhere = await start({ http: { host: '0.0.0.0', port: 0 } });
  expect(await announceOf(everywhere, '192.0.2.7:99')).toEqual([['http://192.0.2.7:99/announce']]);
  const fixed = await start();
  expect(await announceOf(fixed, '192.0.2.7:99')).toEqual([[`${fixed.url}announce`]]);
  const published = await start({ publicUrl: 'https://seeds.example.org/here' });
  expect(await announceOf(published, '192.0.2.7')).toEqual([['https://seeds.example.org/here/announce']]);
});

test.each([
  '/../../etc/passwd',
  '/torrents/..%2f..%2fetc%2fpasswd',
  '/torrents/%00.torrent',
  `/torrents/${'0'.repeat(40)}.torrent`,
  '/.hidden',
])('there is nothing at %s', async (path) => {
  await makeTree();
  const seeder = await start();
  expect((await ask(seeder, path)).status).toBe(404);
});

test('only short requests without a body are answered', async () => {
  const seeder = await start();
  expect((await ask(seeder, '/', { method: 'POST', body: 'x' })).status).toBe(405);
  expect((await ask(seeder, '/', { body: 'x' })).status).toBe(413);
  expect((await ask(seeder, `/?${'x'.repeat(20_000)}`)).status).toBe(431);
  expect((await ask(seeder, '/', { method: 'HEAD' })).body).toHaveLength(0);
});

test('a restart hashes nothing that stayed as it was', async () => {
  await makeTree();
  const first = await start();
  const hashes = first.torrents.map(({ entry }) => entry.metainfo.infoHash.hex);
  await first.close();
  expect(first.torrents.map(({ entry }) => entry.isNew)).toEqual([true, true]);
  await writeFile(join(dir, 'tree', 'empty'), 'not any more');
  const second = await start();
  expect(second.torrents.map(({ entry }) => entry.isNew)).toEqual([false, true]);
  expect(hashOf(second, 0)).toBe(hashes[0]);
  expect(hashOf(second, 1)).not.toBe(hashes[1]);
  expect(await readdir(join(root, 'state', 'torrents'))).toHaveLength(2);
  expect(second.torrents[0]?.torrent.snapshot()).toMatchObject({ state: 'seeding', bytesChecked: 0 });
});

test('private torrents are other torrents', async () => {
  await makeTree();
  const open = await start();
  const closed = await start({ private: true });
  expect(hashOf(closed)).not.toBe(hashOf(open));
  expect(closed.torrents[0]?.entry.metainfo.private).toBe(true);
});

test('data that changed behind their time stamps are not seeded, and hashed at the next start', async () => {
  const file = join(dir, 'a.bin');
  const time = new Date(1_700_000_000_000);
  await writeFile(file, pattern(100_000));
  await utimes(file, time, time);
  await (await start()).close();
  await rm(join(root, 'state', 'resume'), { recursive: true });
  await writeFile(file, pattern(100_000, 5));
  await utimes(file, time, time);
  const second = await start();
  expect(second.torrents).toEqual([]);
  expect(eventsOf('error')).toMatchObject([{ name: 'a.bin', code: 'ERR_SEEDER_ENTRY' }]);
  await second.close();
  expect(namesOf(await start())).toEqual(['a.bin']);
});

test('what cannot be a torrent is an error of its own, and the rest is seeded', async () => {
  await makeTree();
  await mkdir(join(dir, 'nothing'));
  await writeFile(join(dir, 'zero'), '');
  const seeder = await start();
  expect(namesOf(seeder)).toEqual(['single.bin', 'tree']);
  expect(eventsOf('error')).toMatchObject([
    { name: 'nothing', infoHash: null },
    { name: 'zero', infoHash: null },
  ]);
});

test('a file cut short under the seed is an error that names it, and nobody is sent there any more', async () => {
  await makeTree();
  const seeder = await start();
  const client = await createClient({ bind: '127.0.0.1' });
  running.push(client);
  await truncate(join(dir, 'single.bin'), 10);
  const failed = seeder.torrents[0]?.torrent.events();
  const { body } = await ask(seeder, `/torrents/${hashOf(seeder)}.torrent`);
  await client.add(body, { dir: join(root, 'target') });
  for await (const event of failed ?? []) if (event.type === 'error') break;
  expect(eventsOf('error')).toMatchObject([{ name: 'single.bin', infoHash: hashOf(seeder) }]);
  expect(String((await ask(seeder, '/')).body)).toContain('Not seeded any more');
});

test('a stop is quick, even with a connection that says nothing, and leaves nothing behind', async () => {
  await makeTree();
  const seeder = await start();
  const { port } = new URL(seeder.url);
  const silent = connect(Number(port), '127.0.0.1');
  await new Promise((resolve) => silent.once('connect', resolve));
  const ended = new Promise((resolve) => silent.once('close', resolve));
  const before = performance.now();
  await seeder.close();
  expect(performance.now() - before).toBeLessThan(1_500);
  expect(events.at(-1)).toMatchObject({ event: 'stopped', infoHash: null, uploaded: 0 });
  silent.destroy();
  await ended;
  await expect(ask(seeder, '/')).rejects.toThrow('ECONNREFUSED');
});

test('a stop ends the hashing', async () => {
  await writeFile(join(dir, 'large'), '');
  await truncate(join(dir, 'large'), 8 * 1024 ** 3);
  const seeder = await startSeeder({
    dir,
    http: { host: '127.0.0.1', port: 0 },
    bind: '127.0.0.1',
    stateDir: join(root, 'state'),
    onEvent: (event) => {
      events.push(event);
      if (event.event === 'hashing') void seeder.close();
    },
  });
  running.push(seeder);
  await seeder.whenReady();
  await seeder.close();
  expect(events.map(({ event }) => event)).toEqual(['hashing', 'stopped']);
  expect(seeder.hashing).toBeNull();
  expect(await readdir(join(root, 'state', 'torrents'))).toEqual([]);
});

test('what keeps it from starting is told in words', async () => {
  await makeTree();
  const seeder = await start();
  const { port } = new URL(seeder.url);
  const taken = { host: '127.0.0.1', port: Number(port) };
  await expect(start({ http: taken })).rejects.toMatchObject({
    code: 'ERR_SEEDER_LISTEN',
    message: `cannot listen on 127.0.0.1:${port} for HTTP: the port is in use (choose another with --http)`,
  });
  await expect(start({ port: seeder.port })).rejects.toMatchObject({ code: 'ERR_SEEDER_LISTEN' });
  await expect(start({ dir: join(root, 'nowhere') })).rejects.toMatchObject({ code: 'ERR_SEEDER_FOLDER' });
  await expect(start({ stateDir: join(dir, 'single.bin', 'x') })).rejects.toMatchObject({ code: 'ERR_SEEDER_STATE' });
});
