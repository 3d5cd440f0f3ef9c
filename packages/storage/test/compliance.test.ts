import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'vitest';
import { MemoryStorage } from '../src/index.ts';
import { DiskStorage, OpenFiles } from '../src/node/index.ts';
import { testStorage } from '../src/testing.ts';

testStorage(test, 'MemoryStorage', (layout) => ({
  storage: new MemoryStorage({ layout }),
  elsewhere: 'anywhere',
}));

for (const limit of [1, 64]) {
  testStorage(test, `DiskStorage, ${limit} open files`, async (layout) => {
    const base = await mkdtemp(join(tmpdir(), 'shoal-storage-'));
    const root = join(base, 'here');
    const files = layout.files.map((_, index) => ({ path: ['torrent', `folder ${index % 2}`, `file ${index}`] }));
    const openFiles = new OpenFiles({ limit });
    return {
      storage: new DiskStorage({ root, layout, files, openFiles }),
      elsewhere: join(base, 'elsewhere'),
      cleanUp: async () => {
        if (openFiles.count !== 0) throw new Error(`${openFiles.count} files are still open`);
        await rm(base, { recursive: true });
      },
    };
  });
}
