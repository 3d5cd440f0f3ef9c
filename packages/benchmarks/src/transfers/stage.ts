// What the transfers of one profile need, made once: a folder with room, the payload, its torrent and a tracker.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MIB, makeFolder, makeFolderOnDisk, makePayload, makeTree, type Payload } from '../payload.ts';
import { createTorrent } from '../shoal.ts';
import type { Role } from './client.ts';
import { touchMemory } from './limits.ts';
import { copiesOf, type Profile } from './profiles.ts';
import { startTracker, type Tracker, withTracker } from './tracker.ts';

export interface Stage {
  readonly profile: Profile;
  readonly folder: string;
  /** The payload and its copies lie in memory, not on a disk. */
  readonly inMemory: boolean;
  readonly payload: Payload;
  /** Path of a .torrent that names no tracker. */
  readonly torrent: string;
  /** Path of the same with `tracker` in it. */
  readonly announced: string;
  readonly tracker: Tracker;
  /** Touches and frees as much memory as a transfer will need. */
  warm(): void;
  close(): Promise<void>;
}

const ROOM_TO_SPARE = 64 * MIB;

export async function openStage(options: {
  readonly profile: Profile;
  readonly roles: readonly Role[];
  readonly onDisk: boolean;
  readonly signal: AbortSignal;
}): Promise<Stage> {
  const { profile, onDisk, signal } = options;
  const { size, files, pieceLength } = profile;
  const copies = Math.max(...options.roles.map((role) => copiesOf(profile, role)));
  // The original, the copies, and as much again for what is touched.
  const room = (2 + 2 * copies) * size + ROOM_TO_SPARE;
  const { folder, inMemory } = onDisk
    ? { folder: await makeFolderOnDisk(room), inMemory: false }
    : await makeFolder(room);
  const tracker = await startTracker();
  const close = async (): Promise<void> => {
    await tracker.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const dir = join(folder, 'data');
    const payload = files === 1 ? await makePayload(dir, size) : await makeTree(dir, size, files);
    const torrent = join(folder, 'payload.torrent');
    await createTorrent({ payload: payload.path, torrent, pieceLength, signal });
    const announced = join(folder, 'announced.torrent');
    await writeFile(announced, withTracker(await readFile(torrent), tracker.url));
    return {
      profile,
      folder,
      inMemory,
      payload,
      torrent,
      announced,
      tracker,
      warm: () => touchMemory((1 + copies) * size),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
