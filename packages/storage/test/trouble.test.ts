// What the machine does to a disk, for real: full, gone, cut, replaced, taken up. Each is told with its code and its path, and
// once the cause is gone the same storage goes on.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rename, rm, stat, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Layout } from '@shoal/primitives';
import { afterEach, beforeEach, expect, type TestContext, test } from 'vitest';
import { DiskStorage, type DiskStorageOptions } from '../src/node/index.ts';

const run = promisify(execFile);
let root: string;
let opened: DiskStorage[];
let mounted: boolean;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'shoal-trouble-'));
  opened = [];
  mounted = false;
});

afterEach(async () => {
  for (const storage of opened) await storage.close();
  if (mounted) await run('umount', [root]);
  await rm(root, { recursive: true, force: true });
});

const layout = new Layout({ pieceLength: 100, files: [{ length: 150 }, { length: 50 }] });
const files = [{ path: ['t', 'a'] }, { path: ['t', 'b'] }];
const path = (name: string): string => join(root, 't', name);
const ones = new Uint8Array(100).fill(1);

async function make(changes: Partial<DiskStorageOptions> = {}): Promise<DiskStorage> {
  const storage = new DiskStorage({ root, layout, files, ...changes });
  opened.push(storage);
  await storage.open();
  return storage;
}

async function writeAll(storage: DiskStorage): Promise<void> {
  for (const piece of [0, 1]) await storage.write(piece, 0, ones);
}

async function read(storage: DiskStorage, piece: number): Promise<Uint8Array> {
  const into = new Uint8Array(100).fill(0xee);
  await storage.read(piece, 0, into);
  return into;
}

/** A file system of its own at `root`; false where we may not mount. */
async function mount(context: TestContext, ...options: string[]): Promise<void> {
  try {
    await run('mount', ['-t', 'tmpfs', '-o', ['size=1m', ...options].join(','), 'tmpfs', root]);
    mounted = true;
  } catch {
    context.skip('no file system can be mounted here');
  }
}

const MiB = 1 << 20;
const big = {
  layout: new Layout({ pieceLength: MiB / 2, files: [{ length: 2 * MiB }] }),
  files: [{ path: ['t', 'big'] }],
};

test('a full disk: told, nothing else is lost, and it goes on when there is room', async (context) => {
  await mount(context);
  await writeFile(join(root, 'ballast'), new Uint8Array((MiB * 3) / 4));
  const storage = await make(big);
  await expect(storage.write(0, 0, new Uint8Array(MiB / 2).fill(7))).rejects.toMatchObject({
    code: 'ERR_STORAGE_FULL',
    path: path('big'),
  });
  await rm(join(root, 'ballast'));
  await storage.write(0, 0, new Uint8Array(MiB / 2).fill(7));
  await storage.flush();
  const into = new Uint8Array(MiB / 2);
  await storage.read(0, 0, into);
  expect(into.every((byte) => byte === 7)).toBe(true);
});

test('a full disk under the parts file: what is told to be there is there', async (context) => {
  await mount(context);
  await writeFile(join(root, 'ballast'), new Uint8Array(MiB - 8192));
  const storage = await make(big);
  await storage.setWanted([false]);
  const half = new Uint8Array(MiB / 2).fill(7);
  await expect(storage.write(1, 0, half)).rejects.toMatchObject({ code: 'ERR_STORAGE_FULL' });
  await rm(join(root, 'ballast'));
  await storage.write(1, 0, half);
  storage.checkInvariants();
  await storage.close();
  const again = new DiskStorage({ root, ...big });
  opened.push(again);
  await again.setWanted([false]);
  await again.open();
  const into = new Uint8Array(MiB / 2);
  await again.read(1, 0, into);
  expect(into).toEqual(half);
});

test('full allocation: both figures at once, before a byte is written; all room is taken where there is enough', async (context) => {
  await mount(context);
  const storage = new DiskStorage({ root, ...big, allocate: 'full' });
  opened.push(storage);
  await expect(storage.open()).rejects.toMatchObject({
    code: 'ERR_STORAGE_FULL',
    message: expect.stringMatching(/2097152 bytes are needed .*, and 10[0-9]{5} are free/),
    path: root,
  });
  await expect(stat(path('big'))).rejects.toThrow('ENOENT');
  await run('mount', ['-o', 'remount,size=4m', root]);
  await storage.open();
  expect((await stat(path('big'))).blocks * 512).toBe(2 * MiB);
});

test('a read-only file system is told, and written to again when it no longer is', async (context) => {
  await mount(context);
  const storage = await make();
  await writeAll(storage);
  await storage.close();
  await run('mount', ['-o', 'remount,ro', root]);
  const reader = await make();
  expect(await read(reader, 0)).toEqual(ones);
  await expect(reader.write(0, 0, ones)).rejects.toMatchObject({ code: 'ERR_STORAGE_ACCESS', path: path('a') });
  await run('mount', ['-o', 'remount,rw', root]);
  await reader.write(0, 0, ones);
  await reader.flush();
});

test('full allocation fills up what is missing, leaves what is there, and room alone is not read', async () => {
  await mkdir(join(root, 't'));
  await writeFile(path('a'), new Uint8Array(120).fill(9));
  const storage = await make({ allocate: 'full' });
  const a = await readFile(path('a'));
  expect([a.length, a.subarray(0, 120).every((byte) => byte === 9), a[120]]).toEqual([150, true, 0]);
  expect((await readFile(path('b'))).length).toBe(50);
  await expect(read(storage, 1)).rejects.toMatchObject({ code: 'ERR_STORAGE_SHORT' });
  expect(await read(storage, 0)).toEqual(new Uint8Array(100).fill(9));
  const stamps = await storage.stamps();
  expect(stamps.map((stamp) => stamp?.size)).toEqual([150, 50]);
  await storage.write(1, 0, ones);
  expect(await read(storage, 1)).toEqual(ones);
  // Nothing is to be filled: the times stay.
  const before = await storage.stamps();
  await storage.open();
  expect(await storage.stamps()).toEqual(before);
});

test('full allocation is for what is wanted, and ends when the storage is closed', async () => {
  const storage = new DiskStorage({ root, layout, files, allocate: 'full' });
  opened.push(storage);
  await storage.setWanted([false, true]);
  await storage.open();
  await expect(stat(path('a'))).rejects.toThrow('ENOENT');
  await storage.setWanted([true, true]);
  expect((await stat(path('a'))).size).toBe(150);
  const long = new DiskStorage({
    root,
    layout: new Layout({ pieceLength: MiB, files: [{ length: 64 * MiB }] }),
    files: [{ path: ['long'] }],
    allocate: 'full',
  });
  const opening = long.open();
  const ended = expect(opening).rejects.toMatchObject({ code: 'ERR_STORAGE_CLOSED' });
  while ((await stat(join(root, 'long')).catch(() => undefined)) === undefined);
  await long.close();
  await ended;
  expect((await stat(join(root, 'long'))).size).toBeLessThan(64 * MiB);
});

test('a file that vanished is never made anew behind the back of those who wrote to it', async () => {
  for (const maxOpenFiles of [1, 8]) {
    const storage = await make({ maxOpenFiles });
    await writeAll(storage);
    await storage.flush();
    await unlink(path('a'));
    // One handle: it was closed for the other file. Eight: the old one is still open, and takes the bytes with it.
    const told = storage.write(0, 0, ones).then(() => storage.flush());
    await expect(told).rejects.toMatchObject({ code: 'ERR_STORAGE_MISSING', path: path('a') });
    // Whoever does not look, but goes on, may: but the file is not vouched for.
    await storage.write(0, 0, ones);
    await storage.flush();
    expect((await stat(path('a'))).size).toBe(100);
    expect((await storage.stamps())[0]).toBeNull();
    await storage.open();
    expect((await storage.stamps())[0]).toMatchObject({ size: 100 });
    expect(await read(storage, 0)).toEqual(ones);
    await storage.close();
  }
});

test('a file that was replaced is told, and what readers had open is not read any more', async () => {
  const storage = await make();
  await writeAll(storage);
  expect(await read(storage, 0)).toEqual(ones);
  await storage.stamps();
  await writeFile(path('other'), new Uint8Array(150).fill(5));
  await rename(path('other'), path('a'));
  expect((await storage.stamps())[0]).toBeNull();
  await expect(storage.flush()).rejects.toMatchObject({ code: 'ERR_STORAGE_MISSING', path: path('a') });
  await storage.flush();
  await storage.open();
  expect(await read(storage, 0)).toEqual(new Uint8Array(100).fill(5));
  expect((await storage.stamps())[0]).toMatchObject({ size: 150 });
});

test('a file that somebody else wrote to is not vouched for until it was opened afresh', async () => {
  const storage = await make();
  await writeAll(storage);
  await storage.flush();
  const before = await storage.stamps();
  expect(before[0]).not.toBeNull();
  await writeFile(path('a'), new Uint8Array(150).fill(5));
  expect((await storage.stamps()).map((stamp) => stamp !== null)).toEqual([false, true]);
  await storage.write(0, 0, ones);
  expect((await storage.stamps())[0]).toBeNull();
  await storage.open();
  expect((await storage.stamps())[0]).not.toBeNull();
});

test('a file that vanished or was cut while it was read', async () => {
  const storage = await make();
  await writeAll(storage);
  await truncate(path('a'), 30);
  await expect(read(storage, 0)).rejects.toMatchObject({ code: 'ERR_STORAGE_SHORT', path: path('a') });
  await storage.write(0, 0, ones);
  expect(await read(storage, 0)).toEqual(ones);
  await storage.stamps();
  await unlink(path('a'));
  expect((await storage.stamps())[0]).toBeNull();
  await storage.open();
  await expect(read(storage, 0)).rejects.toMatchObject({ code: 'ERR_STORAGE_SHORT', path: path('a') });
  await storage.write(0, 0, ones);
  expect(await read(storage, 0)).toEqual(ones);
});

test('a folder in the place of a file that was there', async () => {
  const storage = await make();
  await writeAll(storage);
  await storage.flush();
  await unlink(path('b'));
  await mkdir(path('b'));
  await storage.open();
  await expect(storage.write(1, 50, ones.subarray(50))).rejects.toMatchObject({
    code: 'ERR_STORAGE_NOT_A_FILE',
    path: path('b'),
  });
  await rm(path('b'), { recursive: true });
  await storage.write(1, 50, ones.subarray(50));
  await storage.flush();
  expect(await read(storage, 1)).toEqual(ones);
});

test('the folder of everything vanished', async () => {
  const storage = await make();
  await writeAll(storage);
  await storage.flush();
  await rm(join(root, 't'), { recursive: true });
  expect(await storage.stamps()).toEqual([null, null]);
  await storage.open();
  await writeAll(storage);
  await storage.flush();
  expect(await read(storage, 1)).toEqual(ones);
});

test('stamps and writes at once: our own writes are never taken for somebody else’s', async () => {
  const storage = await make();
  for (let round = 0; round < 30; round++) {
    const [, stamps] = await Promise.all([writeAll(storage), storage.stamps(), storage.flush()]);
    if (round > 0) expect(stamps).not.toContain(null);
  }
  expect(await storage.stamps()).not.toContain(null);
});

test('a file that was replaced while it was not open is not written to, nor read', async () => {
  const storage = await make({ maxOpenFiles: 1 });
  await writeAll(storage);
  await storage.flush();
  await storage.stamps();
  await storage.write(1, 50, ones.subarray(50));
  await writeFile(path('other'), new Uint8Array(150).fill(5));
  await rename(path('other'), path('a'));
  const missing = { code: 'ERR_STORAGE_MISSING', path: path('a') };
  await expect(read(storage, 0)).rejects.toMatchObject(missing);
  await storage.open();
  await storage.write(0, 0, ones);
  await storage.write(1, 50, ones.subarray(50));
  await writeFile(path('other'), new Uint8Array(150).fill(6));
  await rename(path('other'), path('a'));
  await expect(storage.write(0, 0, ones)).rejects.toMatchObject(missing);
  expect((await readFile(path('a')))[0]).toBe(6);
});
