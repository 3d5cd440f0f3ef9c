import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { digestOf, makePayload, makeTree } from '../src/payload.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-payload-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a payload is the same each time and of the size that was asked for', async () => {
  const first = await makePayload(join(folder, 'a'), 100_001);
  const second = await makePayload(join(folder, 'b'), 100_001);
  expect(second.sha256).toBe(first.sha256);
  expect((await stat(first.path)).size).toBe(100_001);
});

test.each([1, 2, 7, 250])('a tree of %i files has the sum that was asked for, no file in it empty', async (count) => {
  const { path } = await makeTree(join(folder, `tree-${count}`), 100_001, count);
  const names = await readdir(path, { recursive: true });
  const files = (await Promise.all(names.map((name) => stat(join(path, name))))).filter((each) => each.isFile());
  expect(files).toHaveLength(count);
  expect(Math.min(...files.map(({ size }) => size))).toBeGreaterThan(0);
  expect(files.reduce((sum, { size }) => sum + size, 0)).toBe(100_001);
});

test('the digest of a tree changes with one byte of one file', async () => {
  const { path, sha256 } = await makeTree(join(folder, 'changed'), 10_000, 3);
  expect(await digestOf(path)).toBe(sha256);
  await writeFile(join(path, 'folder-0000', 'file-0001.bin'), 'x', { flag: 'r+' });
  expect(await digestOf(path)).not.toBe(sha256);
});

test('a tree of more files than bytes is refused', async () => {
  await expect(makeTree(join(folder, 'none'), 2, 3)).rejects.toThrow(RangeError);
});
