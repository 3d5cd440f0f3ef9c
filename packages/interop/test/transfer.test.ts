// Shoal leeches from, and seeds to, each of the foreign clients: equal bytes every time.
import { writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createTorrent } from '@shoal/metainfo/node';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { fingerprint, makeSingle, makeTree } from '../src/payload.ts';
import { aria2, type ForeignClient, libtorrent, transmission } from '../src/peers.ts';
import { type ProgramName, whyNot } from '../src/programs.ts';
import { Scene } from '../src/scene.ts';
import { shoal } from '../src/shoal.ts';
import { opentracker, ownTracker } from '../src/trackers.ts';

type Content = 'single' | 'tree';

let shared: Scene;
const payloads = new Map<Content, string>();
const originals = new Map<Content, Record<string, string>>();

beforeAll(async () => {
  shared = await Scene.enter();
  payloads.set('single', await makeSingle(shared.path('single')));
  payloads.set('tree', await makeTree(shared.path('tree')));
  for (const [content, path] of payloads) originals.set(content, await fingerprint(path));
});
afterAll(() => shared.leave());

let scene: Scene;
beforeEach(async () => {
  scene = await Scene.enter();
});
afterEach(() => scene.leave());

/** Writes a torrent of the content that announces to `url`; answers where, and its info-hash. */
async function torrentOf(content: Content, url: string): Promise<{ torrent: string; infoHash: string; dir: string }> {
  const path = payloads.get(content) as string;
  const { bytes, metainfo } = await createTorrent(path, { announce: [[url]] });
  const torrent = scene.path(`${content}.torrent`);
  await writeFile(torrent, bytes);
  return { torrent, infoHash: metainfo.infoHash.hex, dir: dirname(path) };
}

const SHA256_OF_NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

async function expectEqual(content: Content, dir: string, leech?: ForeignClient): Promise<void> {
  const name = basename(payloads.get(content) as string);
  const arrived = await fingerprint(join(dir, name));
  // Transmission 3.00 makes no file where there are no bytes: that one file is its own affair, all others must be there.
  const ours = Object.entries(originals.get(content) ?? {}).filter(
    ([path, hash]) => leech !== transmission || hash !== SHA256_OF_NOTHING || path in arrived,
  );
  expect(arrived).toEqual(Object.fromEntries(ours));
}

/** `shoal get` downloads from a foreign seed that the tracker names. */
async function leechFrom(
  client: ForeignClient,
  content: Content,
  url: string,
  allow?: (hash: string) => Promise<void>,
) {
  const { torrent, infoHash, dir } = await torrentOf(content, url);
  await allow?.(infoHash);
  const seed = await client(scene, { torrent, dir, role: 'seed' });
  await scene.until('the foreign client seeds', 30_000, () => seed.isSeeding());
  const target = scene.path('arrived');
  const get = shoal(scene, 'get', torrent, '--json', '-d', target, '--bind', '127.0.0.1', '--timeout', '90');
  const status = await get.running.ended;
  expect(status, scene.report()).toBe(0);
  expect(get.events().at(-1)).toMatchObject({ event: 'done', infoHash });
  await expectEqual(content, target);
}

/** A foreign leech downloads from `shoal seed`; `dialsUs` false: it must be dialled (by `--peer`). */
async function seedTo(client: ForeignClient, content: Content, url: string, allow?: (hash: string) => Promise<void>) {
  const { torrent, infoHash, dir } = await torrentOf(content, url);
  await allow?.(infoHash);
  const target = scene.path('arrived');
  const isTransmission = client === transmission;
  const before = isTransmission ? await client(scene, { torrent, dir: target, role: 'leech' }) : undefined;
  const peer = before ? ['--peer', before.address] : [];
  const seed = shoal(scene, 'seed', torrent, '--json', '-d', dir, '--bind', '127.0.0.1', ...peer);
  await scene.until('shoal seeds', 30_000, () => seed.events().some(({ event }) => event === 'seeding'));
  const leech = before ?? (await client(scene, { torrent, dir: target, role: 'leech' }));
  await scene.until('the foreign client has everything', 90_000, () => leech.isComplete());
  await expectEqual(content, target, client);
}

const CLIENTS: readonly { readonly name: string; readonly program: ProgramName; readonly client: ForeignClient }[] = [
  { name: 'libtorrent', program: 'libtorrent', client: libtorrent },
  { name: 'Transmission', program: 'transmission-daemon', client: transmission },
  { name: 'aria2', program: 'aria2c', client: aria2 },
];

for (const { name, program, client } of CLIENTS) {
  const reason = whyNot(program);
  describe(reason ? `${name} (skipped: ${reason})` : name, { skip: reason !== undefined }, () => {
    for (const content of ['single', 'tree'] as const) {
      test(`shoal leeches the ${content} from ${name}`, async () => {
        await leechFrom(client, content, await ownTracker(scene));
      });
      test(`shoal seeds the ${content} to ${name}`, async () => {
        await seedTo(client, content, await ownTracker(scene));
      });
    }
  });
}

for (const protocol of ['http', 'udp'] as const) {
  const reason = whyNot('opentracker', 'libtorrent');
  describe(reason ? `opentracker (skipped: ${reason})` : 'opentracker', { skip: reason !== undefined }, () => {
    test(`shoal finds a seed, and a leech finds shoal, through opentracker over ${protocol}`, async () => {
      const down = await opentracker(scene, protocol);
      await leechFrom(libtorrent, 'tree', down.url, down.allow);
      await scene.leave();
      scene = await Scene.enter();
      const up = await opentracker(scene, protocol);
      await seedTo(libtorrent, 'tree', up.url, up.allow);
    });
  });
}
