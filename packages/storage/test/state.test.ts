import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFolderStateStore, writeFileAtomic } from '../src/node/index.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-state-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined): string | undefined => value && new TextDecoder().decode(value);

test('a file is replaced as a whole and nothing is left beside it', async () => {
  const path = join(folder, 'file');
  await writeFileAtomic(path, bytes('old'));
  await writeFileAtomic(path, bytes('new'));
  expect(await readFile(path, 'utf8')).toBe('new');
  expect(await readdir(folder)).toEqual(['file']);
});

test('a failed write leaves the old state, and no temporary file', async () => {
  await writeFile(join(folder, 'file'), 'x');
  await expect(writeFileAtomic(join(folder, 'file', 'below'), bytes('y'))).rejects.toMatchObject({
    code: 'ERR_STORAGE_NOT_A_FILE',
  });
  await expect(writeFileAtomic(join(folder, 'none', 'below'), bytes('y'))).rejects.toMatchObject({
    code: 'ERR_STORAGE_MISSING',
    message: expect.stringContaining(join(folder, 'none', 'below')),
  });
  // A folder cannot be replaced by a file: the rename fails after the temporary file was written.
  const store = createFolderStateStore(join(folder, 'made'));
  await store.save('a', bytes('1'));
  await expect(writeFileAtomic(join(folder, 'made'), bytes('y'))).rejects.toMatchObject({
    code: expect.stringMatching(/^ERR_STORAGE_/),
  });
  expect((await readdir(folder)).sort()).toEqual(['file', 'made']);
  expect(text(await store.load('a'))).toBe('1');
});

test('load, save, remove', async () => {
  const store = createFolderStateStore(join(folder, 'deep', 'state'));
  expect(await store.load('a')).toBeUndefined();
  await store.remove('a');
  await store.save('a', bytes('1'));
  await store.save('b', bytes(''));
  expect(text(await store.load('a'))).toBe('1');
  expect(text(await store.load('b'))).toBe('');
  await store.remove('a');
  expect(await store.load('a')).toBeUndefined();
  expect(text(await createFolderStateStore(join(folder, 'deep', 'state')).load('b'))).toBe('');
});

test('saves of one key happen in the order of the calls', async () => {
  const store = createFolderStateStore(folder);
  const saves = Array.from({ length: 20 }, (_, index) => store.save('key', bytes(`${index}`)));
  const loaded = store.load('key');
  await Promise.all(saves);
  expect(text(await loaded)).toBe('19');
  expect(text(await store.load('key'))).toBe('19');
  expect(await readdir(folder)).toHaveLength(1);
});

test('every key is a safe name of its own, on any file system', async () => {
  const store = createFolderStateStore(folder);
  const keys = [
    'a',
    'A',
    '..',
    '../x',
    '/etc/passwd',
    'a/b',
    'a\\b',
    '',
    'con',
    'nul.txt',
    'x'.repeat(300),
    '\u00e9',
    'e\u0301',
    '.hid',
    'a.',
    'a:b',
    '=a',
    '\0',
  ];
  for (const [index, key] of keys.entries()) await store.save(key, bytes(`${index}`));
  for (const [index, key] of keys.entries()) expect(text(await store.load(key)), key).toBe(`${index}`);
  const names = await readdir(folder);
  expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(keys.length);
  for (const name of names) expect(name).toMatch(/^(key|sha256)-[a-z0-9_.-]*\.state$/);
});
