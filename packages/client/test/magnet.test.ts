// Magnet links through the assembled client, over real sockets and a real disk.
import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { formatMagnet, type Magnet, magnetOf } from '@shoal/metainfo';
import { createTorrent, parseTorrent } from '@shoal/metainfo/node';
import { expect, onTestFinished, test } from 'vitest';
import { client, expectEqual, folder, temporary, tracker } from './scene.ts';

interface Seeded {
  readonly magnet: Magnet;
  readonly port: number;
  close(): Promise<void>;
}

/** A seed of the folder, and the bare link to it: nothing but the hash. */
async function seeded(options: Parameters<typeof createTorrent>[1] = {}): Promise<Seeded> {
  const source = await folder();
  const { bytes } = await createTorrent(source, { pieceLength: 65_536, ...options });
  const seed = await client();
  await (await seed.add(bytes, { dir: join(source, '..') })).whenComplete();
  const { infoHash } = parseTorrent(bytes);
  const none = { infoHashV2: null, name: null, announce: [], webSeeds: [], sources: [], peers: [], select: null };
  return { magnet: { ...none, infoHash }, port: seed.port, close: () => seed.close() };
}

test('a link with a peer in it: the metadata come first, then the files', async () => {
  const { magnet, port } = await seeded();
  const dir = await temporary();
  const link = formatMagnet({
    ...magnet,
    peers: [
      { host: 'localhost', port },
      { host: '127.0.0.1', port },
    ],
  });
  const torrent = await (await client()).add(link, { dir });
  expect(torrent.state).toBe('metadata');
  expect(torrent.name).toBe(magnet.infoHash?.hex);
  await torrent.whenComplete();
  expect(torrent.metainfo?.name).toBe('payload');
  await expectEqual(dir);
});

test('a link with a tracker in it', async () => {
  const announce = [[await tracker()]];
  const { magnet } = await seeded({ announce });
  const dir = await temporary();
  const torrent = await (await client()).add({ ...magnet, announce, name: 'my files' }, { dir });
  expect(torrent.name).toBe('my files');
  await torrent.whenComplete();
  expect(torrent.metainfo?.announce).toEqual(announce);
  await expectEqual(dir);
});

test('what a former run learnt of a link is there without any peer', async () => {
  const { magnet, port, close } = await seeded();
  const [dir, stateDir] = [await temporary(), await temporary()];
  const first = await client({ stateDir });
  await (await first.add(magnet, { dir, peers: [`127.0.0.1:${port}`] })).whenComplete();
  await Promise.all([first.close(), close()]);
  const again = await (await client({ stateDir })).add(magnet, { dir });
  await again.whenComplete();
  expect(again.snapshot().downloaded).toBe(0);
});

test('of a link that selects files only those are made (BEP 53), and the user has the last word', async () => {
  const { magnet, port } = await seeded();
  const peers = [`127.0.0.1:${port}`];
  const selecting = { ...magnet, select: [{ first: 2, last: 9 }] };
  const dir = await temporary();
  const torrent = await (await client()).add(selecting, { dir, peers });
  await torrent.whenComplete();
  expect(torrent.priorities).toEqual([0, 0, 4]);
  await expect(stat(join(dir, 'payload/big.bin'))).rejects.toThrow('ENOENT');

  const other = await temporary();
  const names: string[] = [];
  const chosen = await (await client()).add(selecting, {
    dir: other,
    peers,
    priorities: async ({ files }) => {
      names.push(...files.map(({ path }) => path.join('/')));
      return [0, 4, 0];
    },
  });
  await chosen.whenComplete();
  expect(names).toEqual(['payload/big.bin', 'payload/empty.txt', 'payload/ünïcödé/深い/file.txt']);
  expect(chosen.snapshot().downloaded).toBe(0);
});

test('whoever cannot choose stops the torrent with the reason', async () => {
  const { magnet, port } = await seeded();
  const torrent = await (await client()).add(magnet, {
    dir: await temporary(),
    peers: [`127.0.0.1:${port}`],
    priorities: () => Promise.reject(new Error('nobody is here to choose')),
  });
  await expect(torrent.whenComplete()).rejects.toThrow('nobody is here to choose');
});

test('a link that says where the .torrent lies needs no peer for the metadata, and takes nothing else for it', async () => {
  const source = await folder();
  const { bytes } = await createTorrent(source, { pieceLength: 65_536 });
  const other = await createTorrent(join(source, 'big.bin'));
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (request.url === '/moved.torrent') response.writeHead(302, { location: '/right.torrent' }).end();
    else response.end(request.url === '/right.torrent' ? bytes : other.bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const at = (path: string): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  const { infoHash } = parseTorrent(bytes);
  const none = { infoHashV2: null, name: null, announce: [], webSeeds: [], peers: [], select: null };
  const sources = ['/router?reboot=1', '/moved.torrent', '/other.torrent', '/right.torrent'].map(at);
  const torrent = await (await client()).add({ ...none, infoHash, sources }, { dir: join(source, '..') });
  await torrent.whenComplete();
  // What lies in a private network is asked for .torrent files alone, and no redirect leads there.
  expect(asked).toEqual(['/moved.torrent', '/other.torrent', '/right.torrent']);
});

test('a link that cannot be followed adds nothing', async () => {
  const it = await client();
  const dir = await temporary();
  await expect(it.add('magnet:?xt=urn:btih:123', { dir })).rejects.toMatchObject({ name: 'MetainfoError' });
  await expect(it.add(`magnet:?xt=urn:btmh:1220${'ab'.repeat(32)}`, { dir })).rejects.toThrow('version 2 alone');
  expect(it.session.torrents).toEqual([]);
});

test('the metadata of a private torrent are not given away, nor taken', async () => {
  const { magnet, port } = await seeded({ private: true });
  const torrent = await (await client()).add(magnet, { dir: await temporary(), peers: [`127.0.0.1:${port}`] });
  await new Promise<void>((resolve) => {
    torrent.subscribe(({ type }) => type === 'peer' && resolve());
  });
  await expect(torrent.whenComplete(AbortSignal.timeout(1_500))).rejects.toThrow();
  expect(torrent.state).toBe('metadata');
});

test('the link that a torrent makes leads to the torrent', async () => {
  const source = await folder();
  const { bytes } = await createTorrent(source, { pieceLength: 65_536, announce: [[await tracker()]] });
  const seed = await client();
  await (await seed.add(bytes, { dir: join(source, '..') })).whenComplete();
  const dir = await temporary();
  await (await (await client()).add(formatMagnet(magnetOf(parseTorrent(bytes))), { dir })).whenComplete();
  expect(await readFile(join(dir, 'payload/empty.txt'))).toHaveLength(0);
});
