import { lstat, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Layout } from '@shoal/primitives';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DiskStorage, type DiskStorageOptions, type Rename } from '../src/node/index.ts';

let base: string;
let here: string;
let there: string;
let opened: DiskStorage[];
const farAway: string[] = [];

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'shoal-move-'));
  here = join(base, 'here');
  there = join(base, 'deep', 'there');
  opened = [];
});

afterEach(async () => {
  for (const storage of opened) await storage.close();
  for (const path of [base, ...farAway]) await rm(path, { recursive: true, force: true });
});

const layout = new Layout({
  pieceLength: 100,
  files: [{ length: 150 }, { length: 0 }, { length: 50 }, { length: 0 }, { length: 60 }],
});
const files = [
  { path: ['t', 'a', 'big'], executable: true },
  { path: ['t', 'empty'] },
  { path: ['t', 'small'] },
  { path: ['t', 'a', 'link'], symlink: ['t', 'small'] },
  { path: ['t', 'unwanted'] },
];
const wanted = [true, true, true, true, false];
const bytes = new Uint8Array(260).map((_, i) => i % 251);
const everything = ['PARTS', 't', 't/a', 't/a/big', 't/a/link', 't/empty', 't/small'];

async function make(changes: Partial<DiskStorageOptions> = {}): Promise<DiskStorage> {
  const storage = new DiskStorage({ root: here, layout, files, ...changes });
  opened.push(storage);
  await storage.setWanted(wanted);
  await storage.open();
  for (let piece = 0; piece < 3; piece++) {
    await storage.write(piece, 0, bytes.subarray(piece * 100, piece * 100 + layout.pieceSize(piece)));
  }
  return storage;
}

async function list(root: string): Promise<string[]> {
  const names = await readdir(root, { recursive: true });
  return names.map((name) => (name.endsWith('.shoal-parts') ? 'PARTS' : name)).sort();
}

async function isWhole(storage: DiskStorage): Promise<boolean> {
  for (let piece = 0; piece < 3; piece++) {
    const into = new Uint8Array(layout.pieceSize(piece));
    await storage.read(piece, 0, into);
    if (Buffer.compare(into, bytes.subarray(piece * 100, piece * 100 + into.length)) !== 0) return false;
  }
  return true;
}

const elsewhere: Rename = async (from, to) => {
  throw Object.assign(new Error(`EXDEV: cross-device link, rename '${from}' -> '${to}'`), { code: 'EXDEV' });
};

test('renamed: everything of the torrent is in the new place, nothing is left, and stamps stay', async () => {
  const storage = await make();
  const before = await storage.stamps();
  await storage.move(there);
  expect(storage.root).toBe(there);
  expect(await list(there)).toEqual(everything);
  expect(await list(here)).toEqual([]);
  expect(await storage.stamps()).toEqual(before);
  expect(await isWhole(storage)).toBe(true);
  await storage.write(0, 0, new Uint8Array(10));
  await storage.flush();
  expect((await readFile(join(there, 't/a/big'))).subarray(0, 10)).toEqual(Buffer.alloc(10));
  expect((await readFile(join(there, 't/a/link'))).length).toBe(50);
});

test('across file systems: copied with mode and time, holes and links, and then deleted', async () => {
  const storage = await make({ rename: elsewhere });
  const time = (await stat(join(here, 't/small'))).mtimeMs;
  await storage.move(there);
  expect(await list(there)).toEqual(everything);
  expect(await list(here)).toEqual([]);
  expect(await isWhole(storage)).toBe(true);
  expect((await stat(join(there, 't/a/big'))).mode & 0o100).toBe(0o100);
  expect(Math.abs((await stat(join(there, 't/small'))).mtimeMs - time)).toBeLessThan(2);
  expect((await lstat(join(there, 't/a/link'))).isSymbolicLink()).toBe(true);
  expect((await readFile(join(there, 't/a/link'))).length).toBe(50);
});

test('across real file systems', async (context) => {
  const shm = '/dev/shm';
  const other = await stat(shm).catch(() => undefined);
  if (other === undefined || other.dev === (await stat(base)).dev) return context.skip('no second file system here');
  const far = await mkdtemp(join(shm, 'shoal-move-'));
  farAway.push(far);
  const big = new Layout({ pieceLength: 1 << 20, files: [{ length: 20 << 20 }] });
  const storage = new DiskStorage({ root: here, layout: big, files: [{ path: ['one'] }] });
  opened.push(storage);
  await storage.open();
  await storage.write(13, 5, bytes);
  await storage.move(far);
  const into = new Uint8Array(bytes.length);
  await storage.read(13, 5, into);
  expect(into).toEqual(bytes);
  expect(await list(here)).toEqual([]);
  const { size, blocks } = await stat(join(far, 'one'));
  expect([size, blocks * 512 < 2 << 20]).toEqual([(13 << 20) + 5 + bytes.length, true]);
  await storage.move(here);
  await storage.read(13, 5, into);
  expect(into).toEqual(bytes);
});

test('nothing is overwritten, and no trace is left of the attempt', async () => {
  const storage = await make();
  await mkdir(join(there, 't'), { recursive: true });
  await writeFile(join(there, 't/small'), 'keep me');
  await expect(storage.move(there)).rejects.toMatchObject({
    code: 'ERR_STORAGE_EXISTS',
    path: join(there, 't/small'),
  });
  expect(storage.root).toBe(here);
  expect(await isWhole(storage)).toBe(true);
  expect(await list(there)).toEqual(['t', 't/small']);
  // A file that the torrent lacks counts too: later it would be taken for the torrent's.
  await rm(join(there, 't/small'));
  await writeFile(join(there, 't/unwanted'), 'keep me');
  await expect(storage.move(there)).rejects.toMatchObject({ code: 'ERR_STORAGE_EXISTS' });
  await rm(join(there, 't/unwanted'));
  await storage.move(there);
  expect(await isWhole(storage)).toBe(true);
});

test('others’ files stay where they are, on both sides', async () => {
  for (const across of [false, true]) {
    const storage = await make(across ? { rename: elsewhere } : {});
    await writeFile(join(here, 't/a/mine'), 'mine');
    await mkdir(join(there, 't/a'), { recursive: true });
    await writeFile(join(there, 't/a/theirs'), 'theirs');
    await storage.move(there);
    expect(await isWhole(storage)).toBe(true);
    expect(await list(here)).toEqual(['t', 't/a', 't/a/mine']);
    expect(await list(there)).toEqual([...everything, 't/a/theirs'].sort());
    await storage.remove();
    expect(await list(there)).toEqual(['t', 't/a', 't/a/theirs']);
    await rm(here, { recursive: true });
    await rm(there, { recursive: true });
  }
});

test('whichever step fails, everything is where it was', async () => {
  for (let failing = 1; ; failing++) {
    for (const code of ['EACCES', 'ENOSPC']) {
      let steps = 0;
      const storage = await make({
        rename: async (from, to) => {
          steps++;
          if (steps === failing) throw Object.assign(new Error(`${code}: no`), { code });
          await rename(from, to);
        },
      });
      await writeFile(join(here, 't/mine'), 'mine');
      const moving = storage.move(there).then(
        () => 'moved',
        (error: unknown) => error,
      );
      if ((await moving) === 'moved') {
        expect(failing).toBeGreaterThan(4);
        return;
      }
      expect(await moving).toMatchObject({ code: code === 'EACCES' ? 'ERR_STORAGE_ACCESS' : 'ERR_STORAGE_FULL' });
      expect(await list(here)).toEqual([...everything, 't/mine'].sort());
      expect(await readdir(base)).toEqual(['here']);
      expect(await isWhole(storage)).toBe(true);
      await storage.close();
      await rm(here, { recursive: true });
    }
  }
});

test('a copy that fails, or is ended by close, leaves nothing behind; what a crash left is cleared away', async () => {
  const storage = await make({ rename: elsewhere });
  await storage.flush();
  await rm(join(here, 't/a/big'));
  await mkdir(join(here, 't/a/big'));
  await expect(storage.move(there)).rejects.toMatchObject({ code: 'ERR_STORAGE_NOT_A_FILE' });
  expect(await readdir(base)).toEqual(['here']);
  await rm(join(here, 't/a/big'), { recursive: true });
  await storage.open();
  await storage.write(0, 0, bytes.subarray(0, 100));
  await storage.write(1, 0, bytes.subarray(100, 200));
  const parts = (await readdir(here)).find((name) => name.endsWith('.shoal-parts')) as string;
  await mkdir(join(there, parts.replace('parts', 'moving'), 't'), { recursive: true });
  await writeFile(join(there, parts.replace('parts', 'moving'), 't', 'half'), 'half a copy');
  const moving = storage.move(there);
  const closing = storage.close();
  await expect(moving).rejects.toMatchObject({ code: 'ERR_STORAGE_CLOSED' });
  await closing;
  expect(await list(here)).toEqual(everything);
  const again = await make({ rename: elsewhere });
  await again.move(there);
  expect(await list(there)).toEqual(everything);
});

test('a link of the user’s own is not moved: what it leads to is copied', async () => {
  await mkdir(join(here, 'store'), { recursive: true });
  await mkdir(join(here, 't'));
  await writeFile(join(here, 'store/target'), '');
  await symlink('../store/target', join(here, 't/small'));
  const storage = await make();
  await storage.move(there);
  expect(await isWhole(storage)).toBe(true);
  expect((await lstat(join(there, 't/small'))).isFile()).toBe(true);
  expect(await list(here)).toEqual(['store', 'store/target']);
});

test('into itself it stays; to a folder that cannot be made, or through links that lead away, it does not go', async () => {
  const storage = await make();
  await storage.move(join(here, '..', 'here'));
  expect(await list(here)).toEqual(everything);
  await writeFile(join(base, 'file'), '');
  await expect(storage.move(join(base, 'file'))).rejects.toMatchObject({ name: 'StorageError' });
  await mkdir(there, { recursive: true });
  await mkdir(join(base, 'outside'));
  await symlink(join(base, 'outside'), join(there, 't'));
  await expect(storage.move(there)).rejects.toMatchObject({ code: 'ERR_STORAGE_OUTSIDE' });
  expect(await isWhole(storage)).toBe(true);
  await storage.move(join(here, 'sub'));
  expect(await isWhole(storage)).toBe(true);
});

test('removed: the torrent’s own files and empty folders go, links are not followed, the rest stays', async () => {
  const storage = await make();
  await mkdir(join(base, 'outside'));
  await writeFile(join(base, 'outside/big'), 'precious');
  await rm(join(here, 't/a'), { recursive: true });
  await symlink(join(base, 'outside'), join(here, 't/a'));
  await rm(join(here, 't/small'));
  await symlink(join(base, 'outside/big'), join(here, 't/small'));
  await writeFile(join(here, 't/empty'), 'longer than the torrent has it: somebody else’s');
  await storage.remove();
  expect((await readdir(join(here, 't'))).sort()).toEqual(['a', 'empty']);
  expect(await readFile(join(base, 'outside/big'), 'utf8')).toBe('precious');
  await rm(join(here, 't/empty'));
  await rm(join(here, 't/a'));
  await storage.remove();
  expect(await list(here)).toEqual([]);
});

test('removed after it was closed, and when there is nothing', async () => {
  const storage = await make();
  await storage.close();
  await storage.remove();
  expect(await list(here)).toEqual([]);
  await rm(here, { recursive: true });
  await storage.remove();
});
