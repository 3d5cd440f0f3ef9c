import { mkdir, readdir, readFile, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createClient } from '@shoal/client';
import { parseTorrent } from '@shoal/metainfo/node';
import { expect, test } from 'vitest';
import type { Seeder } from '../src/seeder.ts';
import { ask, askJson, Fixture, hashOf, namesOf, pattern } from './fixture.ts';

const at = new Fixture();

test('each entry of the folder becomes a torrent; dot files and links are left out', async () => {
  await at.makeTree();
  await symlink('/etc/hostname', join(at.dir, 'link'));
  const seeder = await at.start();
  expect(namesOf(seeder)).toEqual(['single.bin', 'tree']);
  expect(at.of('warning')).toMatchObject([{ name: 'link', message: expect.stringContaining('link') }]);
  expect(at.events.at(-1)).toMatchObject({
    event: 'ready',
    http: seeder.url,
    port: seeder.port,
    torrents: [
      { name: 'single.bin', size: 300_000, files: 1, infoHash: hashOf(seeder, 0) },
      { name: 'tree', size: 70_000, files: 2, torrent: `${seeder.url}torrents/${hashOf(seeder, 1)}.torrent` },
    ],
  });
});

test('a torrent is handed out with the tracker in it, and its info-hash stays', async () => {
  await at.makeTree();
  const seeder = await at.start();
  const { status, headers, body } = await ask(seeder, `/torrents/${hashOf(seeder, 1)}.torrent`);
  const metainfo = parseTorrent(body);
  expect(status).toBe(200);
  expect(headers['content-type']).toBe('application/x-bittorrent');
  expect(headers['content-disposition']).toBe(`attachment; filename="tree.torrent"; filename*=UTF-8''tree.torrent`);
  expect(metainfo.announce).toEqual([[`${seeder.url}announce`]]);
  expect(metainfo.infoHash.hex).toBe(hashOf(seeder, 1));
  expect(metainfo.warnings).toEqual([]);
});

test('its magnet links work: through its tracker, and without it through the DHT', async () => {
  await at.makeTree();
  const node = await createClient({ bind: '127.0.0.1', dht: { bootstrap: [] } });
  at.running.push(node);
  const bootstrap = [`127.0.0.1:${node.dhtPort}`];
  const seeder = await at.start({ dht: true, dhtBootstrap: bootstrap });
  expect(at.events.at(-1)).toMatchObject({ event: 'ready', dht: expect.any(Number) });
  const { torrents } = (await askJson(seeder, '/api/torrents')) as { torrents: { name: string; magnet: string }[] };
  const { magnet = '' } = torrents.find(({ name }) => name === 'single.bin') ?? {};
  const bare = `magnet:?xt=urn:btih:${/btih:([0-9a-f]{40})/.exec(magnet)?.[1]}`;
  for (const [link, options] of [
    [magnet, {}],
    [bare, { dht: { bootstrap } }],
  ] as const) {
    const client = await createClient({ bind: '127.0.0.1', ...options });
    at.running.push(client);
    const target = join(at.root, link === bare ? 'bare' : 'full');
    await (await client.add(link, { dir: target })).whenComplete(AbortSignal.timeout(15_000));
    expect((await readFile(join(target, 'single.bin'))).equals(await readFile(join(at.dir, 'single.bin')))).toBe(true);
    await client.close();
  }
});

test('another client downloads everything through the tracker beside the seed', async () => {
  await at.makeTree();
  const seeder = await at.start();
  const client = await createClient({ bind: '127.0.0.1' });
  at.running.push(client);
  const target = join(at.root, 'target');
  for (const { entry } of seeder.torrents) {
    const { body } = await ask(seeder, `/torrents/${entry.metainfo.infoHash.hex}.torrent`);
    const torrent = await client.add(body, { dir: target });
    await torrent.whenComplete();
  }
  for (const file of ['single.bin', 'tree/Ünïcode 世界/café ☕.bin', 'tree/empty']) {
    // Not toEqual: that walks through large buffers byte by byte, for seconds.
    expect((await readFile(join(target, file))).equals(await readFile(join(at.dir, file))), file).toBe(true);
  }
  await client.close();
  const { torrents } = await askJson(seeder, '/api/torrents');
  expect(torrents).toMatchObject([
    { name: 'single.bin', uploaded: 300_000, completed: 1, leechers: 0, state: 'seeding' },
    { name: 'tree', uploaded: 70_000, completed: 1, leechers: 0, state: 'seeding' },
  ]);
});

test('the seed dials who announces', async () => {
  await at.makeTree();
  const seeder = await at.start();
  const client = await createClient({ bind: '127.0.0.1' });
  at.running.push(client);
  const { entry } = seeder.torrents[0]!;
  const torrent = await client.add(entry.bytes, { dir: join(at.root, 'target') });
  await torrent.whenChecked();
  const hash = Buffer.from(entry.metainfo.infoHash.bytes).toString('latin1');
  const escaped = [...hash].map((sign) => `%${sign.charCodeAt(0).toString(16).padStart(2, '0')}`).join('');
  const query = `info_hash=${escaped}&peer_id=${'x'.repeat(20)}&port=${client.port}&left=1&compact=1`;
  expect(String((await ask(seeder, `/announce?${query}`)).body)).not.toContain('failure');
  await torrent.whenComplete();
});

test('the tracker serves no other torrents', async () => {
  await at.makeTree();
  const seeder = await at.start();
  const query = `info_hash=${'a'.repeat(20)}&peer_id=${'b'.repeat(20)}&port=6881&left=1`;
  expect(String((await ask(seeder, `/announce?${query}`)).body)).toContain('14:failure reason');
  expect(String((await ask(seeder, `/scrape?info_hash=${'a'.repeat(20)}`)).body)).toBe('d5:filesdee');
});

test('the tracker in a torrent is the public one, or the one that was asked for when bound to every address', async () => {
  await writeFile(join(at.dir, 'a'), 'some bytes');
  const announceOf = async (seeder: Seeder, host: string): Promise<unknown> =>
    parseTorrent((await ask(seeder, `/torrents/${hashOf(seeder)}.torrent`, { host })).body).announce;
  const everywhere = await at.start({ http: { host: '0.0.0.0', port: 0 } });
  expect(await announceOf(everywhere, '192.0.2.7:99')).toEqual([['http://192.0.2.7:99/announce']]);
  const fixed = await at.start();
  expect(await announceOf(fixed, '192.0.2.7:99')).toEqual([[`${fixed.url}announce`]]);
  const published = await at.start({ publicUrl: 'https://seeds.example.org/here' });
  expect(await announceOf(published, '192.0.2.7')).toEqual([['https://seeds.example.org/here/announce']]);
});

test('a restart hashes nothing that stayed as it was', async () => {
  await at.makeTree();
  const first = await at.start();
  const hashes = first.torrents.map(({ entry }) => entry.metainfo.infoHash.hex);
  await first.close();
  expect(first.torrents.map(({ entry }) => entry.isNew)).toEqual([true, true]);
  await writeFile(join(at.dir, 'tree', 'empty'), 'not any more');
  const second = await at.start();
  expect(second.torrents.map(({ entry }) => entry.isNew)).toEqual([false, true]);
  expect(hashOf(second, 0)).toBe(hashes[0]);
  expect(hashOf(second, 1)).not.toBe(hashes[1]);
  expect(await readdir(join(at.root, 'state', 'torrents'))).toHaveLength(2);
  expect(second.torrents[0]?.torrent.snapshot()).toMatchObject({ state: 'seeding', bytesChecked: 0 });
});

test('private torrents are other torrents', async () => {
  await at.makeTree();
  const open = await at.start();
  const closed = await at.start({ private: true });
  expect(hashOf(closed)).not.toBe(hashOf(open));
  expect(closed.torrents[0]?.entry.metainfo.private).toBe(true);
});

test('what cannot be a torrent is an error of its own, and the rest is seeded', async () => {
  await at.makeTree();
  await mkdir(join(at.dir, 'nothing'));
  await writeFile(join(at.dir, 'zero'), '');
  const seeder = await at.start();
  expect(namesOf(seeder)).toEqual(['single.bin', 'tree']);
  // Small entries are hashed together: who is done first is told first.
  const errors = at.of('error');
  expect(errors).toHaveLength(2);
  for (const name of ['nothing', 'zero'])
    expect(errors).toContainEqual(expect.objectContaining({ name, infoHash: null }));
});

test('a stop is quick, even with a connection that says nothing, and leaves nothing behind', async () => {
  await at.makeTree();
  const seeder = await at.start();
  const { port } = new URL(seeder.url);
  const silent = connect(Number(port), '127.0.0.1');
  await new Promise((resolve) => silent.once('connect', resolve));
  const ended = new Promise((resolve) => silent.once('close', resolve));
  const before = performance.now();
  await seeder.close();
  expect(performance.now() - before).toBeLessThan(1_500);
  expect(at.events.at(-1)).toMatchObject({ event: 'stopped', infoHash: null, uploaded: 0 });
  silent.destroy();
  await ended;
  await expect(ask(seeder, '/')).rejects.toThrow('ECONNREFUSED');
});

test('what keeps it from starting is told in words', async () => {
  await at.makeTree();
  const seeder = await at.start();
  const { port } = new URL(seeder.url);
  const taken = { host: '127.0.0.1', port: Number(port) };
  await expect(at.start({ http: taken })).rejects.toMatchObject({
    code: 'ERR_SEEDER_LISTEN',
    message: `cannot listen on 127.0.0.1:${port} for HTTP: the port is in use (choose another with --http)`,
  });
  await expect(at.start({ port: seeder.port })).rejects.toMatchObject({ code: 'ERR_SEEDER_LISTEN' });
  await expect(at.start({ dir: join(at.root, 'nowhere') })).rejects.toMatchObject({ code: 'ERR_SEEDER_FOLDER' });
  await expect(at.start({ stateDir: join(at.dir, 'single.bin', 'x') })).rejects.toMatchObject({
    code: 'ERR_SEEDER_STATE',
  });
});

test('the state folder may lie anywhere but in the folder, and nothing is written into that', async () => {
  await at.makeTree();
  for (const stateDir of [at.dir, join(at.dir, 'state'), join(at.dir, '.state', 'deep')]) {
    await expect(at.start({ stateDir })).rejects.toMatchObject({
      code: 'ERR_SEEDER_STATE',
      message: expect.stringContaining('it lies in the folder that is seeded'),
    });
  }
  await symlink(at.dir, join(at.root, 'link'));
  await expect(at.start({ stateDir: join(at.root, 'link', 'x') })).rejects.toMatchObject({ code: 'ERR_SEEDER_STATE' });
  await at.start();
  expect((await readdir(at.dir)).sort()).toEqual(['.hidden', 'single.bin', 'tree']);
  expect(await readdir(join(at.root, 'state', 'torrents'))).toHaveLength(2);
});

test('data that changed behind their time stamps are noticed, and hashed again', async () => {
  const file = join(at.dir, 'a.bin');
  const time = new Date(1_700_000_000_000);
  await writeFile(file, pattern(100_000));
  await utimes(file, time, time);
  const first = await at.start();
  const before = hashOf(first);
  await first.close();
  await rm(join(at.root, 'state', 'resume'), { recursive: true });
  await writeFile(file, pattern(100_000, 5));
  await utimes(file, time, time);
  const second = await at.start();
  expect(namesOf(second)).toEqual(['a.bin']);
  expect(hashOf(second)).not.toBe(before);
  expect(at.of('warning')).toMatchObject([{ name: 'a.bin', message: expect.stringContaining('hashed again') }]);
});

test('a stop ends the hashing', async () => {
  await writeFile(join(at.dir, 'large'), '');
  await truncate(join(at.dir, 'large'), 8 * 1024 ** 3);
  const seeder = await at.open({
    onEvent: ({ event }) => {
      if (event === 'hashing') void seeder.close();
    },
  });
  await seeder.whenReady();
  await seeder.close();
  expect(at.events.map(({ event }) => event)).toEqual(['hashing', 'stopped']);
  expect(await readdir(join(at.root, 'state', 'torrents'))).toEqual([]);
});

test('the swarms outlive a restart', async () => {
  await writeFile(join(at.dir, 'a'), 'some bytes');
  const first = await at.start();
  const { bytes } = first.torrents[0]!.entry.metainfo.infoHash;
  const escaped = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  const query = `info_hash=${escaped}&peer_id=${'x'.repeat(20)}&port=9&left=1&compact=1`;
  expect(String((await ask(first, `/announce?${query}`)).body)).not.toContain('failure');
  await first.close();
  const second = await at.start();
  expect((await askJson<{ leechers: number }>(second, `/api/torrents/${hashOf(second)}`)).leechers).toBe(1);
});

test('a private torrent is announced to its tracker too', async () => {
  await writeFile(join(at.dir, 'a'), 'some bytes');
  const seeder = await at.start({ private: true });
  const { trackers } = await askJson<{ trackers: unknown }>(seeder, `/api/torrents/${hashOf(seeder)}`);
  expect(trackers).toMatchObject([{ name: 'own tracker', state: 'ok', seeders: 1, leechers: 0 }]);
});

test('another client finds the seed through UDP', async () => {
  await at.makeTree();
  const seeder = await at.start({ udp: 0 });
  const client = await createClient({ bind: '127.0.0.1' });
  at.running.push(client);
  const { body } = await ask(seeder, `/torrents/${hashOf(seeder)}.torrent`);
  const tiers = parseTorrent(body).announce;
  expect(tiers).toEqual([[`${seeder.url}announce`], [`udp://127.0.0.1:${seeder.udpPort}/announce`]]);
  const torrent = await client.add(body, { dir: join(at.root, 'target'), trackers: [tiers[1] ?? []] });
  await torrent.whenComplete();
});

test('other trackers are announced to, named in the torrents, and what they say is told', async () => {
  await writeFile(join(at.dir, 'a'), 'some bytes');
  const other = await at.start({ stateDir: join(at.root, 'other') });
  const dead = 'http://127.0.0.1:1/announce';
  const seeder = await at.start({ tracker: [`${other.url}announce`, dead] });
  const { body } = await ask(seeder, `/torrents/${hashOf(seeder)}.torrent`);
  expect(parseTorrent(body).announce).toEqual([[`${seeder.url}announce`], [`${other.url}announce`], [dead]]);
  const { torrent } = seeder.torrents[0]!;
  const stateOf = (name: string): string | undefined =>
    torrent.snapshot().sources.find((source) => source.name === name)?.state;
  const isSettled = (): boolean => stateOf(`${other.url}announce`) === 'ok' && stateOf(dead) === 'failed';
  const news = torrent.events();
  while (!isSettled()) await news.next();
  const { trackers } = await askJson<{ trackers: { name: string }[] }>(seeder, `/api/torrents/${hashOf(seeder)}`);
  expect(trackers).toMatchObject([
    { name: 'own tracker', state: 'ok' },
    { name: `${other.url}announce`, state: 'ok', seeders: 2 },
    { name: dead, state: 'failed', message: expect.stringContaining('refused') },
  ]);
});
