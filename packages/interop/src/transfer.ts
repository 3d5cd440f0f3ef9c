// One transfer between shoal and a foreign client in either direction, found through a tracker: equal bytes or an error.
import { writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createTorrent, readMetainfo } from '@shoal/metainfo/node';
import { expect } from 'vitest';
import type { ForeignClient, PeerTask } from './clients/foreign.ts';
import { expectAgreement } from './facts.ts';
import { fingerprint } from './payload.ts';
import type { Scene } from './scene.ts';
import { type Shoal, shoal } from './shoal.ts';

export interface Transfer {
  readonly client: ForeignClient;
  /** The file or folder that is transferred. */
  readonly payload: string;
  readonly announce: string;
  /** The tiers in our side's torrent, where they are others than the one of `announce`. */
  readonly ourTiers?: readonly (readonly string[])[];
  /** Called with the info-hash before anybody announces, for a tracker that wants to know it. */
  readonly allow?: (infoHash: string) => Promise<void>;
  /** A torrent of the payload that somebody else made; else one is made. */
  readonly torrent?: string;
  readonly pieceLength?: number;
  /** Whoever leeches is given a magnet link of info-hash and tracker alone; the info dictionary has more bytes than `infoOver`. */
  readonly magnet?: { readonly infoOver: number };
  /** Where both sides are: shoal on 127.0.0.1, and the other on an address of its own, unless told. */
  readonly host?: string;
  /** More options of our command. */
  readonly ours?: readonly string[];
  readonly theirs?: Partial<PeerTask>;
  /** The files that must arrive, by their paths below the download folder, and no others; all unless told. */
  readonly only?: readonly string[];
}

const START_MS = 30_000;
const TRANSFER_S = 90;

/** `shoal get` downloads from a foreign seed that the tracker names. Answers the seconds that `get` took by itself. */
export async function leechFrom(scene: Scene, transfer: Transfer): Promise<number> {
  const { client, payload, host = '127.0.0.1', ours = [], theirs } = transfer;
  const torrents = await torrentsOf(scene, transfer);
  const seed = await client.start(scene, {
    torrent: torrents.theirs,
    dir: dirname(payload),
    role: 'seed',
    ...(transfer.host === undefined ? {} : { host }),
    ...theirs,
  });
  await scene.until('the foreign client seeds', START_MS, () => seed.isSeeding());
  const dir = scene.path('arrived');
  const limit = ['--timeout', String(TRANSFER_S)];
  const source = transfer.magnet ? magnetOf(torrents.infoHash, transfer.announce) : torrents.ours;
  const get = shoal(scene, 'get', source, '--json', '-d', dir, '--bind', host, ...limit, ...ours);
  expect(await get.running.ended, scene.report()).toBe(0);
  const done = get.events().at(-1);
  expect(done).toMatchObject({ event: 'done', infoHash: torrents.infoHash });
  await expectEqual(transfer, dir);
  return Number(done?.seconds);
}

/** A foreign leech downloads from `shoal seed`. Answers the seconds from its start to its end. */
export async function seedTo(scene: Scene, transfer: Transfer): Promise<number> {
  const { client, payload, host = '127.0.0.1', ours = [], theirs, only } = transfer;
  const torrents = await torrentsOf(scene, transfer);
  const dir = scene.path('arrived');
  const source = transfer.magnet ? magnetOf(torrents.infoHash, transfer.announce) : torrents.theirs;
  const start = () =>
    client.start(scene, {
      torrent: source,
      dir,
      role: 'leech',
      ...(transfer.host === undefined ? {} : { host }),
      ...(only ? { only } : {}),
      ...theirs,
    });
  const isFound = client.dialsLoopback && !(transfer.magnet && client.seedsWithoutMetadata);
  const before = isFound ? undefined : await start();
  const peer = before ? ['--peer', before.address] : [];
  const seed = shoal(scene, 'seed', torrents.ours, '--json', '-d', dirname(payload), '--bind', host, ...peer, ...ours);
  await untilSeeding(scene, seed);
  const since = performance.now();
  const leech = before ?? (await start());
  await scene.until('the foreign client has everything', TRANSFER_S * 1_000, () => leech.isComplete());
  const seconds = (performance.now() - since) / 1_000;
  await expectEqual(transfer, dir, client);
  return seconds;
}

/** A link that says nothing of the torrent but its info-hash, and where to ask for peers if told. */
export function magnetOf(infoHash: string, announce?: string): string {
  return `magnet:?xt=urn:btih:${infoHash}${announce === undefined ? '' : `&tr=${encodeURIComponent(announce)}`}`;
}

/** Answers the port it listens on. */
export async function untilSeeding(scene: Scene, seed: Shoal, limitMs: number = START_MS): Promise<number> {
  const seeding = (): ReturnType<Shoal['events']>[number] | undefined =>
    seed.events().find(({ event }) => event === 'seeding');
  await scene.until('shoal seeds', limitMs, () => seeding() !== undefined);
  return Number(seeding()?.port);
}

interface Torrents {
  readonly ours: string;
  readonly theirs: string;
  readonly infoHash: string;
}

/** Torrents that were compared with libtorrent's reading: two programs' starts, which once for the same one is enough. */
const compared = new Set<string>();

async function torrentsOf(scene: Scene, transfer: Transfer): Promise<Torrents> {
  const { payload, announce, pieceLength, ourTiers } = transfer;
  const make = async (name: string, tiers: readonly (readonly string[])[]): Promise<string> => {
    const options = { announce: tiers, ...(pieceLength === undefined ? {} : { pieceLength }) };
    const path = scene.path(`${name}.torrent`);
    await writeFile(path, (await createTorrent(payload, options)).bytes);
    return path;
  };
  const theirs = transfer.torrent ?? (await make('it', [[announce]]));
  const ours = ourTiers === undefined ? theirs : await make('ours', ourTiers);
  const metainfo = await readMetainfo(ours);
  const infoHash = metainfo.infoHash.hex;
  if (transfer.magnet) expect(metainfo.infoBytes.length).toBeGreaterThan(transfer.magnet.infoOver);
  const what = JSON.stringify([infoHash, ourTiers?.map((tier) => tier.length)]);
  if (transfer.client.program === 'libtorrent' && !compared.has(what)) {
    compared.add(what);
    await expectAgreement(scene, [...new Set([ours, theirs])]);
  }
  await transfer.allow?.(infoHash);
  return { ours, theirs, infoHash };
}

const SHA256_OF_NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** What arrived in a folder is what was sent: these files, these bytes, and no other files. */
export async function expectEqual(
  { payload, only }: Pick<Transfer, 'payload' | 'only'>,
  dir: string,
  leech?: ForeignClient,
): Promise<void> {
  const arrived = await fingerprint(join(dir, basename(payload)));
  // A client that makes no file where there are no bytes may leave that one out; all others must be there.
  const mayLack = (path: string, hash: string): boolean =>
    leech?.makesEmptyFiles === false && hash === SHA256_OF_NOTHING && !(path in arrived);
  const sent = Object.entries(await fingerprint(payload)).filter(
    ([path, hash]) => (only === undefined || only.includes(path)) && !mayLack(path, hash),
  );
  expect(arrived).toEqual(Object.fromEntries(sent));
}
