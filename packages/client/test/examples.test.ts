import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatMagnet, magnetOf } from '@shoal/metainfo';
import { readMetainfo } from '@shoal/metainfo/node';
import { formatEndpoint } from '@shoal/primitives';
import { TrackerServer } from '@shoal/tracker/node';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run as download } from '../examples/download.ts';
import { run as magnet } from '../examples/magnet.ts';
import { run as many } from '../examples/many.ts';
import { run as seed } from '../examples/seed.ts';
import { run as stream } from '../examples/stream.ts';
import type { Client } from '../src/node/index.ts';

const LOCAL = { bind: '127.0.0.1' };
let dir: string;
let tracker: TrackerServer;
let announce: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-example-'));
  tracker = new TrackerServer({ http: { host: '127.0.0.1' } });
  announce = `http://${formatEndpoint(await tracker.listen())}/announce`;
});

afterEach(async () => {
  await tracker.close();
  await rm(dir, { recursive: true });
});

test('what one example seeds the other downloads', async () => {
  const content = randomBytes(500_000);
  await writeFile(join(dir, 'song.flac'), content);
  const torrentFile = join(dir, 'song.torrent');
  await using _seed = await seed(join(dir, 'song.flac'), announce, torrentFile, LOCAL);
  const target = join(dir, 'downloads');
  expect(await download(torrentFile, target, LOCAL)).toBe(500_000);
  expect(Buffer.compare(await readFile(join(target, 'song.flac')), content)).toBe(0);
});

test('the magnet example fetches the largest file of what a link stands for', async () => {
  await mkdir(join(dir, 'album'));
  await writeFile(join(dir, 'album/cover.jpg'), randomBytes(20_000));
  await writeFile(join(dir, 'album/song.flac'), randomBytes(200_000));
  const torrentFile = join(dir, 'album.torrent');
  await using _seed = await seed(join(dir, 'album'), announce, torrentFile, LOCAL);
  const link = formatMagnet(magnetOf(await readMetainfo(torrentFile)));
  const target = join(dir, 'downloads');
  expect(await magnet(link, target, LOCAL)).toBe('album/song.flac');
  await expect(readFile(join(target, 'album/cover.jpg'))).rejects.toThrow('ENOENT');
  expect(await readFile(join(target, 'album/song.flac'))).toHaveLength(200_000);
});

test('the stream example serves any part of a file that is not here yet', async () => {
  const content = randomBytes(3_000_000);
  await writeFile(join(dir, 'film.mkv'), content);
  const torrentFile = join(dir, 'film.torrent');
  await using _seed = await seed(join(dir, 'film.mkv'), announce, torrentFile, LOCAL);
  const server = await stream(torrentFile, join(dir, 'downloads'), LOCAL);
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const end = await fetch(url, { headers: { range: 'bytes=2900000-' } });
    expect(end.status).toBe(206);
    expect(Buffer.compare(new Uint8Array(await end.arrayBuffer()), content.subarray(2_900_000))).toBe(0);
    const whole = await fetch(url);
    expect(Buffer.compare(new Uint8Array(await whole.arrayBuffer()), content)).toBe(0);
  } finally {
    const closed = once(server, 'close');
    server.closeAllConnections();
    server.close();
    await closed;
  }
});

test('the example of many torrents downloads them all', async () => {
  const names = ['one.bin', 'two.bin', 'three.bin'];
  const clients: Client[] = [];
  for (const name of names) {
    await writeFile(join(dir, name), randomBytes(200_000));
    clients.push(await seed(join(dir, name), announce, join(dir, `${name}.torrent`), LOCAL));
  }
  const complete: string[] = [];
  const target = join(dir, 'downloads');
  const files = names.map((name) => join(dir, `${name}.torrent`));
  clients.push(await many(files, target, (name) => complete.push(name), LOCAL));
  await expect.poll(() => complete.toSorted(), { timeout: 15_000 }).toEqual(names.toSorted());
  await Promise.all(clients.map((client) => client.close()));
  for (const name of names) {
    expect(Buffer.compare(await readFile(join(target, name)), await readFile(join(dir, name))), name).toBe(0);
  }
});
