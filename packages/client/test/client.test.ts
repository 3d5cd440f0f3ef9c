import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTorrent, parseTorrent } from '@shoal/metainfo/node';
import { expect, test } from 'vitest';
import { client, expectEqual, folder, temporary, tracker } from './scene.ts';

test('a seed, a tracker and a leech, over real sockets and a real disk', async () => {
  const source = await folder();
  const { bytes } = await createTorrent(source, { announce: [[await tracker()]], pieceLength: 65_536 });
  const seed = await client();
  const seeding = await seed.add(bytes, { dir: join(source, '..') });
  await seeding.whenComplete();
  expect(seeding.snapshot()).toMatchObject({ state: 'seeding', downloaded: 0, bytesDone: 3_070_001 });

  const dir = await temporary();
  const leech = await client();
  const torrent = await leech.add(parseTorrent(bytes), { dir });
  await torrent.whenComplete();
  await expectEqual(dir);
  expect(torrent.snapshot()).toMatchObject({ downloaded: 3_070_001, piecesDone: 47 });
  expect(torrent.snapshot().sources).toMatchObject([{ state: 'ok' }]);
});

test('a peer named by hand needs no tracker', async () => {
  const source = await folder();
  const { bytes } = await createTorrent(source);
  const seed = await client();
  await (await seed.add(bytes, { dir: join(source, '..') })).whenComplete();
  const dir = await temporary();
  const torrent = await (await client()).add(bytes, { dir, peers: [`127.0.0.1:${seed.port}`] });
  await torrent.whenComplete();
  await expectEqual(dir);
});

test('what a former run verified is not hashed again, and a file that changed since is fetched anew', async () => {
  const source = await folder();
  const { bytes } = await createTorrent(source, { pieceLength: 65_536 });
  const seed = await client();
  await (await seed.add(bytes, { dir: join(source, '..') })).whenComplete();
  const peers = [`127.0.0.1:${seed.port}`];
  const [dir, stateDir] = [await temporary(), await temporary()];
  const first = await client({ stateDir });
  await (await first.add(bytes, { dir, peers })).whenComplete();
  await first.close();

  const second = await client({ stateDir });
  const again = await second.add(bytes, { dir });
  let checked = 0;
  again.subscribe(({ type }) => {
    if (type === 'checked') checked++;
  });
  await again.whenComplete();
  expect(checked).toBe(0);
  await second.close();

  const damaged = join(dir, 'payload', 'big.bin');
  const content = await readFile(damaged);
  content[1_000_000] = (content[1_000_000] as number) ^ 1;
  await writeFile(damaged, content);
  const third = await client({ stateDir });
  const mended = await third.add(bytes, { dir, peers });
  await mended.whenComplete();
  await expectEqual(dir);
  expect(mended.snapshot().downloaded).toBe(65_536);
});

test('a folder that cannot be written stops the torrent with words', async () => {
  const source = await folder();
  const { bytes } = await createTorrent(source);
  const dir = join(await temporary(), 'file');
  await writeFile(dir, 'in the way');
  const torrent = await (await client()).add(bytes, { dir });
  await expect(torrent.whenComplete()).rejects.toMatchObject({ code: 'ERR_STORAGE' });
  expect((await stat(dir)).isFile()).toBe(true);
});

test('what cannot be added leaves nothing behind', async () => {
  const { bytes } = await createTorrent(await folder());
  const [dir, one] = [await temporary(), await client()];
  await expect(one.add(bytes, { dir, peers: ['nonsense'] })).rejects.toThrow();
  await expect(one.add(bytes.subarray(0, 50), { dir })).rejects.toMatchObject({ name: 'MetainfoError' });
  await expect(one.add(join(dir, 'missing.torrent'), { dir })).rejects.toMatchObject({ code: 'ENOENT' });
  expect(one.session.torrents).toEqual([]);
  await one.add(bytes, { dir });
  await expect(one.add(bytes, { dir })).rejects.toMatchObject({ code: 'ERR_TORRENT_EXISTS' });
});

test('a port in use is a clear error', async () => {
  const one = await client();
  await expect(client({ port: one.port })).rejects.toMatchObject({
    code: 'ERR_LISTEN',
    message: expect.stringMatching(/in use/),
  });
});
