import { mkdir, readdir, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTorrent, parseTorrent } from '@shoal/metainfo/node';
import { expect, test } from 'vitest';
import type { SeederEvent } from '../src/events.ts';
import type { TorrentsAnswer } from '../src/page/rows.ts';
import { ask, askJson, Fixture, hashOf, namesOf, pattern } from './fixture.ts';

const at = new Fixture();
const is =
  (kind: SeederEvent['event'], name: string, not?: string) =>
  (event: SeederEvent): boolean =>
    event.event === kind && 'name' in event && event.name === name && (not === undefined || event.infoHash !== not);

test('what comes while it runs is seeded, a file and a folder', async () => {
  const seeder = await at.start();
  await writeFile(join(at.dir, 'new.bin'), pattern(50_000));
  await at.seen(is('torrent', 'new.bin'));
  await mkdir(join(at.root, 'made', 'deep'), { recursive: true });
  await writeFile(join(at.root, 'made', 'deep', 'x'), pattern(1_000));
  await rename(join(at.root, 'made'), join(at.dir, 'made'));
  await at.seen(is('torrent', 'made'));
  expect(namesOf(seeder)).toEqual(['made', 'new.bin']);
});

test('what changes deep inside is another torrent, and nothing of the old one is left', async () => {
  await at.makeTree();
  const seeder = await at.start();
  const before = hashOf(seeder, 1);
  await writeFile(join(at.dir, 'tree', 'Ünïcode 世界', 'café ☕.bin'), pattern(80_000, 3));
  await at.seen(is('torrent', 'tree', before));
  expect(at.of('removed')).toMatchObject([{ name: 'tree', infoHash: before }]);
  expect(hashOf(seeder, 1)).not.toBe(before);
  expect((await ask(seeder, `/torrents/${before}.torrent`)).status).toBe(404);
  expect((await ask(seeder, `/api/torrents/${before}`)).status).toBe(404);
  expect(await readdir(join(at.root, 'state', 'torrents'))).toHaveLength(2);
  await seeder.close();
  const kept = (await readdir(join(at.root, 'state', 'resume'))).join();
  expect(kept).not.toContain(before);
  expect(kept).toContain(hashOf(seeder, 1));
});

test('what is taken away is seeded no more, and hashed no second time when it comes back', async () => {
  await at.makeTree();
  await (await at.start()).close();
  at.events = [];
  const seeder = await at.start();
  const revision = (await askJson<TorrentsAnswer>(seeder, '/api/torrents')).revision;
  const hash = hashOf(seeder);
  await rename(join(at.dir, 'single.bin'), join(at.root, 'away'));
  await at.seen(is('removed', 'single.bin'));
  expect(namesOf(seeder)).toEqual(['tree']);
  expect((await askJson<TorrentsAnswer>(seeder, `/api/torrents?since=${revision}`)).removed).toEqual([hash]);
  at.events = [];
  await rename(join(at.root, 'away'), join(at.dir, 'single.bin'));
  await at.seen(is('torrent', 'single.bin'));
  expect(seeder.torrents[0]?.entry.isNew).toBe(false);
  expect(seeder.torrents[0]?.torrent.snapshot().bytesChecked).toBe(0);
});

test('what is still being written is waited for, shown as waiting, and does not keep the rest', async () => {
  await at.makeTree();
  const old = new Date(Date.now() - 60_000);
  for (const name of ['single.bin', 'tree/empty', 'tree/Ünïcode 世界/café ☕.bin', 'tree/Ünïcode 世界', 'tree']) {
    await utimes(join(at.dir, name), old, old);
  }
  // Their inodes are new all the same, so they are waited for as well; but not for a minute.
  const seeder = await at.open({ settle: 300 });
  await at.seen(is('waiting', 'single.bin'));
  const { pending } = await askJson<TorrentsAnswer>(seeder, '/api/torrents');
  expect(pending).toContainEqual({ name: 'single.bin', state: 'waiting', reason: null, bytesDone: 0, bytesTotal: 0 });
  await seeder.whenReady();
  expect(namesOf(seeder)).toEqual(['single.bin', 'tree']);
  expect(at.events.findIndex(is('waiting', 'tree'))).toBeLessThan(at.events.findIndex(is('torrent', 'tree')));
});

test('that an entry is waited for is told once, however often it is written to', async () => {
  const seeder = await at.start({ settle: 3_600_000 });
  for (const [index, name] of ['first', 'second', 'third'].entries()) {
    await writeFile(join(at.dir, 'growing'), pattern(1_000 * (index + 1)));
    await writeFile(join(at.dir, name), 'a mark that this round was there');
    seeder.rescan();
    await at.seen(is('waiting', name));
  }
  expect(at.events.filter(is('waiting', 'growing'))).toHaveLength(1);
});

test('a file cut short under the seed is out of service at once', async () => {
  await at.makeTree();
  await (await at.start()).close();
  at.events = [];
  // What is known needs no settling; the change does, and for longer than this test lasts.
  const seeder = await at.start({ settle: 3_600_000 });
  const before = hashOf(seeder);
  await truncate(join(at.dir, 'single.bin'), 10);
  await at.seen(is('removed', 'single.bin'));
  await at.seen(is('waiting', 'single.bin'));
  expect(namesOf(seeder)).toEqual(['tree']);
  const query = `info_hash=${encodeURIComponent(before)}&peer_id=${'b'.repeat(20)}&port=6881&left=1`;
  expect(String((await ask(seeder, `/announce?${query}`)).body)).toContain('failure reason');
  expect(String((await ask(seeder, '/')).body)).toContain('waiting until it is written');
});

test('hidden and unfinished names are left alone, until they are given their own', async () => {
  const seeder = await at.start();
  const odd = [
    '.hidden',
    '.iso.img.X8d3aB',
    'iso.part',
    'iso.PART',
    'x.tmp',
    'notes.txt~',
    'big.crdownload',
    'lost+found',
  ];
  for (const name of odd) await writeFile(join(at.dir, name), pattern(1_000));
  await rename(join(at.dir, '.iso.img.X8d3aB'), join(at.dir, 'iso.img'));
  await at.seen(is('torrent', 'iso.img'));
  expect(namesOf(seeder)).toEqual(['iso.img']);
  expect(at.of('warning')).toEqual([]);
});

test('a .torrent beside its data is used as it is, when it comes first and when it comes later', async () => {
  await at.makeTree();
  const given = await createTorrent(join(at.dir, 'single.bin'), {
    pieceLength: 65_536,
    creationDate: null,
    announce: [['http://127.0.0.1:1/announce']],
  });
  await writeFile(join(at.dir, 'any name.torrent'), given.bytes);
  const seeder = await at.start();
  expect(namesOf(seeder)).toEqual(['single.bin', 'tree']);
  expect(hashOf(seeder)).toBe(given.metainfo.infoHash.hex);
  const { body } = await ask(seeder, `/torrents/${hashOf(seeder)}.torrent`);
  expect(body.equals(given.bytes)).toBe(true);
  // Without trackers of its own it is handed out with ours, under the same info-hash.
  const later = await createTorrent(join(at.dir, 'tree'), { pieceLength: 32_768, creationDate: null });
  await writeFile(join(at.dir, 'tree.torrent'), later.bytes);
  await at.seen(is('torrent', 'tree', hashOf(seeder, 1)));
  const handedOut = parseTorrent((await ask(seeder, `/torrents/${later.metainfo.infoHash.hex}.torrent`)).body);
  expect(handedOut.infoHash.hex).toBe(later.metainfo.infoHash.hex);
  expect(handedOut.announce).toEqual([[`${seeder.url}announce`]]);
  // Taken away again, the entry has a torrent of our making.
  await rm(join(at.dir, 'any name.torrent'));
  await at.seen(is('torrent', 'single.bin', given.metainfo.infoHash.hex));
});

test('data that change under their .torrent are not taken for what it says', async () => {
  await at.makeTree();
  const given = await createTorrent(join(at.dir, 'single.bin'), { creationDate: null });
  await writeFile(join(at.dir, 'single.torrent'), given.bytes);
  const seeder = await at.start();
  expect(namesOf(seeder)).toEqual(['single.bin', 'tree']);
  await writeFile(join(at.dir, 'single.bin'), pattern(300_000, 9));
  await at.seen(is('error', 'single.bin'));
  expect(namesOf(seeder)).toEqual(['tree']);
  await writeFile(join(at.dir, 'single.bin'), pattern(300_000));
  at.events = [];
  await at.seen(is('torrent', 'single.bin'));
  expect(hashOf(seeder)).toBe(given.metainfo.infoHash.hex);
});

test('a private .torrent is announced to its own trackers alone', async () => {
  await at.makeTree();
  const announce = [['http://127.0.0.1:1/announce']];
  const given = await createTorrent(join(at.dir, 'single.bin'), { private: true, announce, creationDate: null });
  await writeFile(join(at.dir, 'p.torrent'), given.bytes);
  const seeder = await at.start({ tracker: ['http://127.0.0.1:2/announce'] });
  const { torrents } = await askJson<TorrentsAnswer>(seeder, '/api/torrents');
  expect(torrents[0]?.trackers.map(({ name }) => name)).toEqual(['http://127.0.0.1:1/announce']);
});

test('a .torrent that is broken, without its data, or of other data is told of and seeds nothing wrong', async () => {
  await at.makeTree();
  const given = await createTorrent(join(at.dir, 'single.bin'), { creationDate: null });
  await writeFile(join(at.dir, 'broken.torrent'), 'nonsense');
  await writeFile(join(at.dir, 'single.torrent'), given.bytes);
  await writeFile(join(at.dir, 'twice.torrent'), given.bytes);
  await writeFile(join(at.dir, 'single.bin'), pattern(300_000, 9));
  await writeFile(join(at.root, 'else'), 'else');
  await writeFile(join(at.dir, 'else.torrent'), (await createTorrent(join(at.root, 'else'))).bytes);
  const seeder = await at.start();
  expect(namesOf(seeder)).toEqual(['tree']);
  expect(at.of('warning')).toMatchObject([
    { name: 'else.torrent', message: 'its data, else, are not beside it' },
    { name: 'broken.torrent', message: expect.stringContaining('cannot be used as a torrent') },
    { name: 'twice.torrent', message: expect.stringContaining('single.torrent stands for the same data') },
  ]);
  expect(at.of('error')).toMatchObject([
    { name: 'single.bin', message: expect.stringContaining('not what single.torrent says') },
  ]);
  const { pending } = await askJson<TorrentsAnswer>(seeder, '/api/torrents');
  expect(pending).toMatchObject([{ name: 'single.bin', state: 'failed' }]);
});

test('without events, a look at everything finds the change', async () => {
  await at.makeTree();
  const seeder = await at.start();
  // Nothing watches inside: as on a network disk, only `rescan` is left.
  await writeFile(join(at.dir, 'tree', 'empty'), 'no more');
  seeder.rescan();
  await at.seen(is('torrent', 'tree', hashOf(seeder, 1)));
});

test('a folder that cannot be read is told of once, seeds on, and is seen again', async () => {
  await at.makeTree();
  const seeder = await at.start();
  await rename(at.dir, join(at.root, 'away'));
  seeder.rescan();
  await at.seen(({ event }) => event === 'error');
  expect(await askJson(seeder, '/healthz')).toMatchObject({
    status: 'degraded',
    torrents: 2,
    fault: 'the folder cannot be read: there is no such file or folder',
  });
  await rename(join(at.root, 'away'), at.dir);
  await writeFile(join(at.dir, 'back'), 'x');
  seeder.rescan();
  await at.seen(is('torrent', 'back'));
  expect(await askJson(seeder, '/healthz')).toMatchObject({ status: 'ok', fault: null, torrents: 3 });
  expect(at.of('error')).toHaveLength(1);
});
