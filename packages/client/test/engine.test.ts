// What the engine offers, over real sockets and real files.
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTorrent } from '@shoal/metainfo/node';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Client, type ClientOptions, createClient, createReadStream } from '../src/node/index.ts';

const MIB = 1024 * 1024;
const cleanups: (() => Promise<unknown>)[] = [];
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-engine-'));
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  await rm(dir, { recursive: true });
});

async function client(options: ClientOptions = {}): Promise<Client> {
  const made = await createClient({ bind: '127.0.0.1', ...options });
  cleanups.push(() => made.close());
  return made;
}

/** A seed of a torrent with these files, as `payload/0`, `payload/1`, ... */
async function seeded(
  files: readonly Uint8Array[],
  options: ClientOptions = {},
): Promise<{ torrent: Uint8Array; peers: string[]; seed: Client }> {
  const folder = join(dir, 'seed', 'payload');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const [index, bytes] of files.entries()) await writeFile(join(folder, String(index)), bytes);
  const { bytes } = await createTorrent(folder, { pieceLength: 65_536 });
  const seed = await client(options);
  await (await seed.add(bytes, { dir: join(dir, 'seed') })).whenComplete();
  return { torrent: bytes, peers: [`127.0.0.1:${seed.port}`], seed };
}

test('a download limit is kept, and so is an upload limit', async () => {
  const content = randomBytes(3 * MIB);
  for (const limited of ['down', 'up'] as const) {
    const { torrent, peers, seed } = await seeded([content], limited === 'up' ? { upLimit: MIB } : {});
    const leech = await client(limited === 'down' ? { downLimit: MIB } : {});
    const begin = performance.now();
    const target = join(dir, limited);
    await (await leech.add(torrent, { dir: target, peers })).whenComplete();
    const seconds = (performance.now() - begin) / 1_000;
    // Too fast would break the limit; too slow may be the machine.
    expect(seconds, limited).toBeGreaterThan(2.7);
    expect(Buffer.compare(await readFile(join(target, 'payload', '0')), content)).toBe(0);
    await Promise.all([leech.close(), seed.close()]);
  }
});

test('of the files that are not wanted none is made, and one that is wanted later is fetched', async () => {
  const files = [randomBytes(300_000), randomBytes(200_000), randomBytes(100_000)];
  const { torrent, peers } = await seeded(files);
  const target = join(dir, 'leech');
  const leech = await client();
  const download = await leech.add(torrent, { dir: target, peers, priorities: [0, 4, 0] });
  await download.whenComplete();
  const visible = async (): Promise<string[]> =>
    (await readdir(join(target, 'payload'))).filter((name) => !name.startsWith('.')).sort();
  expect(await visible()).toEqual(['1']);
  expect(Buffer.compare(await readFile(join(target, 'payload', '1')), files[1] as Buffer)).toBe(0);
  expect(download.snapshot().bytesDone).toBeLessThan(400_000);
  await download.select([0, 4, 7]);
  await download.whenComplete();
  expect(await visible()).toEqual(['1', '2']);
  expect(Buffer.compare(await readFile(join(target, 'payload', '2')), files[2] as Buffer)).toBe(0);
});

test('a stream gives the end of a file long before its middle is here, and can be cancelled', async () => {
  const content = randomBytes(8 * MIB);
  const { torrent, peers } = await seeded([content]);
  const leech = await client({ downLimit: 2 * MIB });
  const download = await leech.add(torrent, { dir: join(dir, 'leech'), peers });
  const parts: Uint8Array[] = [];
  for await (const part of createReadStream(download, 0, { start: 7 * MIB })) parts.push(part);
  expect(Buffer.compare(Buffer.concat(parts), content.subarray(7 * MIB))).toBe(0);
  expect(download.snapshot().bytesDone).toBeLessThan(4 * MIB);
  const reader = createReadStream(download, 0, { start: 3 * MIB }).getReader();
  const pending = reader.read();
  await reader.cancel();
  expect((await pending).done).toBe(true);
});

test('data are moved while they are seeded, and the next run finds them there without hashing', async () => {
  const content = randomBytes(MIB);
  const { torrent, peers } = await seeded([content]);
  const stateDir = join(dir, 'state');
  const [from, to] = [join(dir, 'from'), join(dir, 'to')];
  const first = await client({ stateDir });
  const download = await first.add(torrent, { dir: from, peers });
  await download.whenComplete();
  await first.move(download, to);
  expect(Buffer.compare(await readFile(join(to, 'payload', '0')), content)).toBe(0);
  await expect(readFile(join(from, 'payload', '0'))).rejects.toMatchObject({ code: 'ENOENT' });
  await first.close();
  const second = await client({ stateDir });
  const again = await second.add(torrent, { dir: to });
  let checked = 0;
  again.subscribe(({ type }) => {
    if (type === 'checked') checked++;
  });
  await again.whenComplete();
  expect(checked).toBe(0);
});

test('a torrent is removed with its data, and nothing else goes', async () => {
  const { torrent, peers } = await seeded([randomBytes(MIB)]);
  const target = join(dir, 'leech');
  const [leech, stateDir] = [await client({ stateDir: join(dir, 'state') }), join(dir, 'state')];
  const download = await leech.add(torrent, { dir: target, peers });
  await download.whenComplete();
  await writeFile(join(target, 'mine.txt'), 'mine');
  await leech.session.remove(download, { data: true });
  expect(await readdir(target)).toEqual(['mine.txt']);
  expect(await readdir(stateDir)).toEqual([]);
  expect(leech.session.torrents).toEqual([]);
});

test('a blocked address is neither dialled nor let in', async () => {
  const { torrent, peers, seed } = await seeded([randomBytes(MIB)]);
  const leech = await client({ addressFilter: { blocks: (ip) => ip === '127.0.0.1' } });
  const download = await leech.add(torrent, { dir: join(dir, 'leech'), peers });
  await download.whenChecked();
  expect(download.snapshot().addresses.known).toBe(0);
  seed.session.torrents[0]?.addPeers([`127.0.0.1:${leech.port}`]);
  await expect.poll(() => seed.session.torrents[0]?.snapshot().addresses.failed).toBeGreaterThan(0);
  expect(download.snapshot().peers).toBe(0);
});

test('a snapshot of session, torrent and peers shows one transfer from both ends', async () => {
  const { torrent, peers, seed } = await seeded([randomBytes(4 * MIB)], { upLimit: 2 * MIB });
  const leech = await client();
  const download = await leech.add(torrent, { dir: join(dir, 'leech'), peers });
  await expect.poll(() => download.peerSnapshots()[0]?.downloaded ?? 0).toBeGreaterThan(0);
  expect(download.peerSnapshots()).toMatchObject([
    { address: peers[0], outgoing: true, sources: ['manual'], progress: 1, uploadOnly: true, peerChoking: false },
  ]);
  expect(seed.session.torrents[0]?.peerSnapshots()).toMatchObject([{ outgoing: false, peerInterested: true }]);
  expect(download.availability()).toEqual(new Uint32Array(64).fill(1));
  await download.whenComplete();
  expect(leech.session.snapshot()).toMatchObject({ torrents: 1, downloaded: 4 * MIB, uploaded: 0 });
});
