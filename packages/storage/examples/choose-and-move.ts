import { mkdtemp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Layout } from '@shoal/primitives';
import { DiskStorage } from '@shoal/storage/node';

/** Takes one of two files, moves it, wants the other too, and deletes both; answers what lay in the folder at each step. */
export async function run(folder: string): Promise<string[][]> {
  const layout = new Layout({ pieceLength: 100, files: [{ length: 150 }, { length: 150 }] });
  const files = [{ path: ['t', 'film'] }, { path: ['t', 'extras'] }];
  const storage = new DiskStorage({ root: join(folder, 'incomplete'), layout, files });
  const steps: string[][] = [];
  const note = async (): Promise<void> => {
    steps.push((await readdir(storage.root, { recursive: true })).sort());
  };

  await storage.setWanted([true, false]);
  await storage.open();
  // Piece 1 runs across both files.
  for (const piece of [0, 1]) await storage.write(piece, 0, new Uint8Array(100).fill(7));
  await note();

  await storage.move(await mkdtemp(join(folder, 'done-')));
  await storage.setWanted([true, true]);
  await storage.read(1, 0, new Uint8Array(100));
  await note();

  await storage.remove();
  await note();
  return steps;
}
