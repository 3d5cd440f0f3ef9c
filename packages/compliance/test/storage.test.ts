// Every Storage of this repository against the contract's suite.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryStorage, type Storage } from '@shoal/storage';
import { DiskStorage } from '@shoal/storage/node';
import { testStorage } from '@shoal/storage/testing';
import { FaultyStorage, SimClock } from '@shoal/testkit';
import { expect, test } from 'vitest';

testStorage(test, 'MemoryStorage', (layout) => ({
  storage: new MemoryStorage({ layout }),
  elsewhere: 'anywhere',
}));

testStorage(test, 'DiskStorage', async (layout) => {
  const root = await mkdtemp(join(tmpdir(), 'shoal-compliance-'));
  const files = layout.files.map((_, index) => ({ path: ['torrent', 'folder', `file-${index}`] }));
  return {
    storage: new DiskStorage({ root: join(root, 'here'), layout, files }),
    elsewhere: join(root, 'elsewhere'),
    cleanUp: () => rm(root, { recursive: true, force: true }),
  };
});

testStorage(test, 'DiskStorage with one file open at a time', async (layout) => {
  const root = await mkdtemp(join(tmpdir(), 'shoal-compliance-'));
  const files = layout.files.map((_, index) => ({ path: ['torrent', `${index}`] }));
  return {
    storage: new DiskStorage({ root: join(root, 'here'), layout, files, maxOpenFiles: 1 }),
    elsewhere: join(root, 'elsewhere'),
    cleanUp: () => rm(root, { recursive: true, force: true }),
  };
});

testStorage(test, 'DiskStorage that checks on threads', async (layout) => {
  const root = await mkdtemp(join(tmpdir(), 'shoal-compliance-'));
  const files = layout.files.map((_, index) => ({ path: ['torrent', `${index}`] }));
  return {
    storage: new DiskStorage({ root: join(root, 'here'), layout, files, threads: 2 }),
    elsewhere: join(root, 'elsewhere'),
    cleanUp: () => rm(root, { recursive: true, force: true }),
  };
});

testStorage(test, 'FaultyStorage without faults', (layout) => ({
  storage: new FaultyStorage(new MemoryStorage({ layout })) satisfies Storage,
  elsewhere: 'anywhere',
}));

testStorage(test, 'FaultyStorage that was slow, full and broken, and is healed', (layout) => {
  const storage = new FaultyStorage(new MemoryStorage({ layout }), { clock: new SimClock() });
  storage.slow(1000);
  storage.full();
  storage.failReads();
  storage.failWrites();
  storage.heal();
  return { storage };
});

test('the suites ran against a fault they must notice', async () => {
  // A suite that passes everything would pass this too.
  const bodies: (() => Promise<void>)[] = [];
  testStorage(
    (_, body) => bodies.push(body),
    'broken',
    (layout) => {
      const storage = new FaultyStorage(new MemoryStorage({ layout }));
      storage.failReads();
      return { storage };
    },
  );
  const failed = (await Promise.allSettled(bodies.map((body) => body()))).filter(({ status }) => status === 'rejected');
  expect(failed.length).toBeGreaterThan(3);
});
