import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Layout } from '@shoal/primitives';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { StorageError } from '../src/index.ts';
import { DiskStorage, type DiskStorageOptions, OpenFiles } from '../src/node/index.ts';
import { storageErrorOf } from '../src/node/system-error.ts';

let base: string;
let root: string;
let opened: DiskStorage[];

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'shoal-disk-'));
  root = join(base, 'downloads');
  opened = [];
});

afterEach(async () => {
  for (const storage of opened) await storage.close();
  await rm(base, { recursive: true, force: true });
});

const layout = new Layout({ pieceLength: 100, files: [{ length: 150 }, { length: 0 }, { length: 50 }] });
const files = [{ path: ['t', 'a', 'big'] }, { path: ['t', 'empty'] }, { path: ['t', 'small'] }];

function make(changes: Partial<DiskStorageOptions> = {}): DiskStorage {
  const storage = new DiskStorage({ root, layout, files, ...changes });
  opened.push(storage);
  return storage;
}

const ones = new Uint8Array(100).fill(1);

test('open makes the root and empty files; folders and files come with the first write, sparse', async () => {
  const storage = make();
  await storage.open();
  expect(await readdir(join(root, 't'))).toEqual(['empty']);
  await storage.write(1, 0, ones.subarray(0, 10));
  expect((await stat(join(root, 't', 'a', 'big'))).size).toBe(110);
  expect(await readdir(join(root, 't'))).toEqual(['a', 'empty']);
});

test('reading creates nothing, and says which file is missing', async () => {
  const storage = make({ readOnly: true });
  await storage.open();
  await expect(storage.read(0, 0, new Uint8Array(1))).rejects.toMatchObject({
    code: 'ERR_STORAGE_SHORT',
    message: expect.stringContaining('big is missing'),
    path: join(root, 't', 'a', 'big'),
  });
  expect(await storage.stamps()).toEqual([null, null, null]);
  expect(await readdir(base)).toEqual([]);
  await expect(storage.write(0, 0, ones)).rejects.toMatchObject({ code: 'ERR_STORAGE_ACCESS' });
});

test('a truncated file is short, with both figures', async () => {
  const storage = make();
  await storage.open();
  await storage.write(0, 0, ones);
  await truncate(join(root, 't', 'a', 'big'), 30);
  await expect(storage.read(0, 0, new Uint8Array(100))).rejects.toMatchObject({
    code: 'ERR_STORAGE_SHORT',
    message: expect.stringMatching(/big ends at byte 30, before the 100 bytes/),
  });
});

test('a longer file is read but never written to, and keeps every byte', async () => {
  await mkdir(join(root, 't'), { recursive: true });
  await writeFile(join(root, 't', 'small'), new Uint8Array(60).fill(9));
  const storage = make();
  await storage.open();
  const into = new Uint8Array(50);
  await storage.read(1, 50, into);
  expect(into).toEqual(new Uint8Array(50).fill(9));
  await expect(storage.write(1, 50, ones.subarray(0, 50))).rejects.toMatchObject({
    code: 'ERR_STORAGE_LONGER',
    message: expect.stringMatching(/60 bytes.*50/),
  });
  expect(new Uint8Array(await readFile(join(root, 't', 'small')))).toEqual(new Uint8Array(60).fill(9));
});

test('an existing file of the right size is written in place', async () => {
  await mkdir(join(root, 't'), { recursive: true });
  await writeFile(join(root, 't', 'small'), new Uint8Array(50).fill(9));
  const storage = make();
  await storage.open();
  await storage.write(1, 50, ones.subarray(0, 10));
  const now = new Uint8Array(await readFile(join(root, 't', 'small')));
  expect(now).toEqual(new Uint8Array(50).fill(9).fill(1, 0, 10));
});

test('a folder link that leads outside is refused at open, and nothing is made there', async () => {
  const outside = join(base, 'outside');
  await mkdir(outside);
  await mkdir(join(root, 't'), { recursive: true });
  await symlink(outside, join(root, 't', 'a'));
  const storage = make();
  await expect(storage.open()).rejects.toMatchObject({
    code: 'ERR_STORAGE_OUTSIDE',
    message: expect.stringContaining(outside),
  });
  await expect(storage.write(0, 0, ones)).rejects.toMatchObject({ code: 'ERR_STORAGE_OUTSIDE' });
  await expect(storage.read(0, 0, new Uint8Array(1))).rejects.toMatchObject({ code: 'ERR_STORAGE_OUTSIDE' });
  expect(await readdir(outside)).toEqual([]);
});

test('a file link that leads outside is refused, also a dangling one', async () => {
  await mkdir(join(root, 't'), { recursive: true });
  const precious = join(base, 'precious');
  await writeFile(precious, 'keep me');
  await symlink(precious, join(root, 't', 'small'));
  const storage = make();
  await storage.open();
  await expect(storage.write(1, 50, ones.subarray(0, 5))).rejects.toMatchObject({ code: 'ERR_STORAGE_OUTSIDE' });
  await expect(storage.read(1, 50, new Uint8Array(5))).rejects.toMatchObject({ code: 'ERR_STORAGE_OUTSIDE' });
  await expect(storage.stamps()).rejects.toMatchObject({ code: 'ERR_STORAGE_OUTSIDE' });
  expect(await readFile(precious, 'utf8')).toBe('keep me');
  await rm(precious);
  await expect(storage.write(1, 50, ones.subarray(0, 5))).rejects.toThrow(StorageError);
  expect(await readdir(base)).toEqual(['downloads']);
});

test('links that stay inside are the user’s own arrangement, and so is a linked root', async () => {
  await mkdir(join(base, 'real', 'elsewhere'), { recursive: true });
  await mkdir(join(base, 'real', 't'));
  await symlink(join(base, 'real'), root);
  await symlink('../elsewhere', join(root, 't', 'a'));
  await writeFile(join(root, 'elsewhere', 'target'), '');
  await symlink('../elsewhere/target', join(root, 't', 'small'));
  const storage = make();
  await storage.open();
  await storage.write(0, 0, ones);
  await storage.write(1, 50, ones.subarray(0, 50));
  expect((await readdir(join(base, 'real', 'elsewhere'))).sort()).toEqual(['big', 'target']);
  expect((await stat(join(base, 'real', 'elsewhere', 'target'))).size).toBe(50);
  expect((await storage.stamps()).map((stamp) => stamp?.size)).toEqual([100, 0, 50]);
});

test('a folder where a file should be, and a file where a folder should be', async () => {
  await mkdir(join(root, 't', 'small'), { recursive: true });
  await writeFile(join(root, 't', 'a'), 'I am a file');
  const storage = make();
  await expect(storage.open()).rejects.toMatchObject({ code: 'ERR_STORAGE_NOT_A_FILE' });
  await expect(storage.write(1, 50, ones.subarray(0, 5))).rejects.toMatchObject({
    code: 'ERR_STORAGE_NOT_A_FILE',
    message: expect.stringContaining('small'),
  });
  await expect(storage.write(0, 0, ones)).rejects.toMatchObject({
    code: 'ERR_STORAGE_NOT_A_FILE',
    message: expect.stringMatching(/a is a file where a folder should be/),
  });
  expect(await storage.stamps()).toEqual([null, null, null]);
});

test('a root that is a file', async () => {
  await writeFile(root, '');
  await expect(make().open()).rejects.toMatchObject({ code: 'ERR_STORAGE_NOT_A_FILE' });
});

test('executable files and links of the torrent', async () => {
  const withLink = new Layout({ pieceLength: 100, files: [{ length: 10 }, { length: 0 }] });
  const storage = make({
    layout: withLink,
    files: [
      { path: ['t', 'bin', 'tool'], executable: true },
      { path: ['t', 'deep', 'link'], symlink: ['t', 'bin', 'tool'] },
    ],
  });
  await storage.open();
  await storage.write(0, 0, ones.subarray(0, 10));
  expect((await stat(join(root, 't', 'bin', 'tool'))).mode & 0o100).toBe(0o100);
  expect((await readFile(join(root, 't', 'deep', 'link'))).length).toBe(10);
  await storage.open();
});

test('files and layout must agree', () => {
  expect(() => make({ files: [] })).toThrow(RangeError);
});

test('many files through few handles, shared by two storages', async () => {
  const count = 60;
  const many = new Layout({ pieceLength: 100, files: Array.from({ length: count }, () => ({ length: 10 })) });
  const openFiles = new OpenFiles({ limit: 3 });
  const storages = ['x', 'y'].map((name) =>
    make({
      layout: many,
      files: Array.from({ length: count }, (_, index) => ({ path: [name, `${index % 7}`, `${index}`] })),
      openFiles,
    }),
  );
  let most = 0;
  await Promise.all(
    storages.map(async (storage, which) => {
      await storage.open();
      const pieces = Array.from({ length: many.pieceCount }, (_, piece) => piece);
      const bytesOf = (piece: number): Uint8Array => new Uint8Array(100).map((_, i) => piece * 10 + i + which);
      await Promise.all(
        pieces.map(async (piece) => {
          await storage.write(piece, 0, bytesOf(piece));
          most = Math.max(most, openFiles.count);
          const into = new Uint8Array(100);
          await storage.read(piece, 0, into);
          most = Math.max(most, openFiles.count);
          expect(into).toEqual(bytesOf(piece));
        }),
      );
    }),
  );
  expect(most).toBeLessThanOrEqual(3);
  await storages[0]?.close();
  await storages[1]?.close();
  expect(openFiles.count).toBe(0);
});

test('close waits for what is under way', async () => {
  const storage = make();
  await storage.open();
  const writes = [storage.write(0, 0, ones), storage.write(1, 0, ones)];
  await storage.close();
  await Promise.all(writes);
  expect((await readFile(join(root, 't', 'small'))).length).toBe(50);
});

test('what the system says, in words that name the file', () => {
  const of = (code: string) => storageErrorOf(Object.assign(new Error(`${code}: x`), { code }), 'write', '/d/file');
  expect(of('ENOSPC')).toMatchObject({
    code: 'ERR_STORAGE_FULL',
    message: 'cannot write /d/file: no space left on the disk',
    path: '/d/file',
  });
  const codes = ['EDQUOT', 'EACCES', 'EPERM', 'EROFS', 'EMFILE', 'ENFILE', 'EISDIR', 'ENOENT', 'EFBIG', 'EIO'].map(
    (code) => of(code).code,
  );
  expect(codes).toEqual([
    'ERR_STORAGE_FULL',
    'ERR_STORAGE_ACCESS',
    'ERR_STORAGE_ACCESS',
    'ERR_STORAGE_ACCESS',
    'ERR_STORAGE_TOO_MANY_OPEN',
    'ERR_STORAGE_TOO_MANY_OPEN',
    'ERR_STORAGE_NOT_A_FILE',
    'ERR_STORAGE_MISSING',
    'ERR_STORAGE_TOO_LARGE',
    'ERR_STORAGE_IO',
  ]);
  const already = of('EIO');
  expect(storageErrorOf(already, 'read', '/other')).toBe(already);
});
