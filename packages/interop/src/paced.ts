// A seed of ours behind a paced relay, and downloads of ours from it that can be killed and begun again.
import { writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Metainfo } from '@shoal/metainfo';
import { createTorrent } from '@shoal/metainfo/node';
import { expect } from 'vitest';
import { fingerprint, makeSingle, makeTree } from './payload.ts';
import { type Relay, startRelay } from './relay.ts';
import type { Scene } from './scene.ts';
import { type Shoal, shoal } from './shoal.ts';
import { untilSeeding } from './transfer.ts';

interface Payload {
  readonly what: string;
  readonly make: (dir: string) => Promise<string>;
  readonly pieceLength: number;
}

export const PACED_PAYLOADS: readonly Payload[] = [
  { what: 'a file of 64 MiB', make: makeSingle, pieceLength: 65_536 },
  { what: 'a tree of 200 files', make: makeTree, pieceLength: 16_384 },
];

export interface PacedDownload {
  readonly metainfo: Metainfo;
  /** Bytes. */
  readonly total: number;
  /** The folder that the torrent's top name arrives in. */
  readonly dir: string;
  readonly relay: Relay;
  /** Begins, or goes on. */
  get(): Shoal;
  /** Fails unless what arrived is what was seeded. */
  expectEqual(): Promise<void>;
}

/** `parts`: the relay carries one of so many parts of the payload a second. */
export async function pacedDownload(
  scene: Scene,
  { make, pieceLength }: Pick<Payload, 'make' | 'pieceLength'>,
  parts: number,
): Promise<PacedDownload> {
  const source = await make(scene.path('source'));
  const { bytes, metainfo } = await createTorrent(source, { pieceLength });
  const total = metainfo.layout.totalLength;
  const torrent = scene.path('it.torrent');
  await writeFile(torrent, bytes);
  const seed = shoal(scene, 'seed', torrent, '--json', '-d', dirname(source), '--bind', '127.0.0.1');
  const relay = await startRelay(scene, await untilSeeding(scene, seed), total / parts);
  const dir = scene.path('arrived');
  return {
    metainfo,
    total,
    dir,
    relay,
    get: () => shoal(scene, 'get', torrent, '--json', '-d', dir, '--bind', '127.0.0.1', '--peer', relay.address),
    expectEqual: async () => expect(await fingerprint(join(dir, basename(source)))).toEqual(await fingerprint(source)),
  };
}
