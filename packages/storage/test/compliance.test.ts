import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'vitest';
import { MemoryStorage } from '../src/index.ts';
import { DiskStorage, OpenFiles } from '../src/node/index.ts';
import { testStorage } from '../src/testing.ts';

testStorage(test, 'MemoryStorage', (layout) => ({ storage: new MemoryStorage({ layout }) }));

for (const limit of [1, 64]) {
  testStorage(test, `DiskStorage, ${limit} open files`, async (layout) => {
    const root = await mkdtemp(join(tmpdir(), 'shoal-storage-'));
    const files = layout.files.map((_, index) => ({ path: ['torrent', `folder ${index % 2}`, `file ${index}`] }));
    const openFiles = new OpenFiles({ limit });
    return {
      storage: new DiskStorage({ root, layout, files, openFiles }),
      cleanUp: async () => {
        if (openFiles.count !== 0) throw new Error(`${openFiles.count} files are still open`);
        await rm(root, { recursive: true });
      },
    };
  });
}
