// One transfer between shoal and a foreign client in either direction, found through a tracker: equal bytes or an error.
import { writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createTorrent } from '@shoal/metainfo/node';
import { expect } from 'vitest';
import { expectAgreement } from './facts.ts';
import { fingerprint } from './payload.ts';
import { type ForeignClient, transmission } from './peers.ts';
import { whyNot } from './programs.ts';
import type { Scene } from './scene.ts';
import { shoal } from './shoal.ts';

export interface Transfer {
  readonly client: ForeignClient;
  /** The file or folder that is transferred. */
  readonly payload: string;
  readonly announce: string;
  /** Called with the info-hash before anybody announces, for a tracker that wants to know it. */
  readonly allow?: (infoHash: string) => Promise<void>;
}

/** `shoal get` downloads from a foreign seed that the tracker names. */
export async function leechFrom(scene: Scene, transfer: Transfer): Promise<void> {
  const { torrent, infoHash } = await torrentOf(scene, transfer);
  const seed = await transfer.client(scene, { torrent, dir: dirname(transfer.payload), role: 'seed' });
  await scene.until('the foreign client seeds', 30_000, () => seed.isSeeding());
  const dir = scene.path('arrived');
  const get = shoal(scene, 'get', torrent, '--json', '-d', dir, '--bind', '127.0.0.1', '--timeout', '90');
  expect(await get.running.ended, scene.report()).toBe(0);
  expect(get.events().at(-1)).toMatchObject({ event: 'done', infoHash });
  await expectEqual(transfer.payload, dir);
}

/** A foreign leech downloads from `shoal seed`. Transmission dials no 127.x peer, so shoal dials it. */
export async function seedTo(scene: Scene, transfer: Transfer): Promise<void> {
  const { client, payload } = transfer;
  const { torrent } = await torrentOf(scene, transfer);
  const dir = scene.path('arrived');
  const task = { torrent, dir, role: 'leech' } as const;
  const before = client === transmission ? await client(scene, task) : undefined;
  const peer = before ? ['--peer', before.address] : [];
  const seed = shoal(scene, 'seed', torrent, '--json', '-d', dirname(payload), '--bind', '127.0.0.1', ...peer);
  await scene.until('shoal seeds', 30_000, () => seed.events().some(({ event }) => event === 'seeding'));
  const leech = before ?? (await client(scene, task));
  await scene.until('the foreign client has everything', 90_000, () => leech.isComplete());
  await expectEqual(payload, dir, client);
}

async function torrentOf(scene: Scene, transfer: Transfer): Promise<{ torrent: string; infoHash: string }> {
  const { bytes, metainfo } = await createTorrent(transfer.payload, { announce: [[transfer.announce]] });
  const torrent = scene.path('it.torrent');
  await writeFile(torrent, bytes);
  if (whyNot('libtorrent') === undefined) await expectAgreement(scene, [torrent]);
  await transfer.allow?.(metainfo.infoHash.hex);
  return { torrent, infoHash: metainfo.infoHash.hex };
}

const SHA256_OF_NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

async function expectEqual(payload: string, dir: string, leech?: ForeignClient): Promise<void> {
  const arrived = await fingerprint(join(dir, basename(payload)));
  // Transmission 3.00 makes no file where there are no bytes: that one file is its own affair, all others must be there.
  const wanted = Object.entries(await fingerprint(payload)).filter(
    ([path, hash]) => leech !== transmission || hash !== SHA256_OF_NOTHING || path in arrived,
  );
  expect(arrived).toEqual(Object.fromEntries(wanted));
}
