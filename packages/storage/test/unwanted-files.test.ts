import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bitfield, Layout } from '@shoal/primitives';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { decodeResume, encodeResume, planCheck } from '../src/index.ts';
import { DiskStorage, type DiskStorageOptions } from '../src/node/index.ts';

let root: string;
let opened: DiskStorage[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'shoal-unwanted-'));
  opened = [];
});

afterEach(async () => {
  for (const storage of opened) await storage.close();
  await rm(root, { recursive: true, force: true });
});

// Pieces 0-1 in a, 2 in a and b and c, 3 in c, 4 in c and d.
const layout = new Layout({
  pieceLength: 100,
  files: [{ length: 210 }, { length: 40 }, { length: 200 }, { length: 50 }],
});
const files = ['a', 'b', 'c', 'd'].map((name) => ({ path: ['t', name] }));
const bytes = new Uint8Array(500).map((_, i) => i % 251);
const piece = (index: number): Uint8Array => bytes.subarray(index * 100, index * 100 + 100);
const part = (file: number): Uint8Array =>
  bytes.subarray(layout.fileOffset(file), layout.fileOffset(file) + (layout.files[file]?.length ?? 0));

async function make(wanted: boolean[], changes: Partial<DiskStorageOptions> = {}): Promise<DiskStorage> {
  const storage = new DiskStorage({ root, layout, files, ...changes });
  opened.push(storage);
  await storage.setWanted(wanted);
  await storage.open();
  return storage;
}

async function list(): Promise<string[]> {
  const names = await readdir(root, { recursive: true });
  return names.map((name) => (name.endsWith('.shoal-parts') ? 'PARTS' : name)).sort();
}

async function partsPath(): Promise<string> {
  const name = (await readdir(root)).find((name) => name.endsWith('.shoal-parts'));
  return join(root, name ?? 'no parts file');
}

async function read(storage: DiskStorage, index: number): Promise<Uint8Array> {
  const into = new Uint8Array(100).fill(0xee);
  await storage.read(index, 0, into);
  return into;
}

const [A, B, C, D] = [0, 1, 2, 3];
const only = (...wanted: (number | undefined)[]): boolean[] => files.map((_, index) => wanted.includes(index));

test('only wanted files are made; what reaches into others survives a restart in a file beside them', async () => {
  const first = await make(only(B));
  await first.write(2, 0, piece(2));
  expect(await list()).toEqual(['PARTS', 't', 't/b']);
  expect(await read(first, 2)).toEqual(piece(2));
  first.checkInvariants();
  await first.close();
  const again = await make(only(B));
  expect(await read(again, 2)).toEqual(piece(2));
  await expect(read(again, 3)).rejects.toMatchObject({ code: 'ERR_STORAGE_SHORT' });
  expect(await list()).toEqual(['PARTS', 't', 't/b']);
  again.checkInvariants();
});

test('bytes go to the file that becomes wanted, and the parts file goes with the last of them', async () => {
  const storage = await make(only(B));
  await storage.write(2, 0, piece(2));
  await storage.write(4, 0, piece(4));
  await storage.setWanted(only(A, B));
  expect(await list()).toEqual(['PARTS', 't', 't/a', 't/b']);
  expect((await readFile(join(root, 't/a'))).subarray(200)).toEqual(Buffer.from(part(A).subarray(200)));
  storage.checkInvariants();
  // Newer bytes in the file; what was moved out of its slot must not come back.
  await storage.write(2, 0, new Uint8Array(10).fill(9));
  await storage.close();
  const again = await make(only(A, B, C, D));
  expect(await list()).toEqual(['t', 't/a', 't/b', 't/c', 't/d']);
  expect((await read(again, 2)).subarray(0, 10)).toEqual(new Uint8Array(10).fill(9));
  expect((await read(again, 2)).subarray(10)).toEqual(piece(2).subarray(10));
  expect(await read(again, 4)).toEqual(piece(4));
  again.checkInvariants();
});

test('an unwanted file that exists is used as it is', async () => {
  await mkdir(join(root, 't'));
  await writeFile(join(root, 't/a'), part(A));
  const storage = await make(only(B));
  await storage.write(2, 0, piece(2));
  expect(await list()).toEqual(['PARTS', 't', 't/a', 't/b']);
  expect(new Uint8Array(await readFile(join(root, 't/a')))).toEqual(part(A));
  expect((await storage.stamps())[A]).toMatchObject({ size: 210 });
  expect((await storage.stamps())[C]).toMatchObject({ size: 200, hidden: true });
});

test('opened for reading it finds them too, and changes nothing', async () => {
  const storage = await make(only(B));
  await storage.write(2, 0, piece(2));
  await storage.close();
  const reader = new DiskStorage({ root, layout, files, readOnly: true });
  opened.push(reader);
  expect(await read(reader, 2)).toEqual(piece(2));
  await reader.open();
  expect(await read(reader, 2)).toEqual(piece(2));
  expect(await list()).toEqual(['PARTS', 't', 't/b']);
  await expect(reader.remove()).rejects.toMatchObject({ code: 'ERR_STORAGE_ACCESS' });
  await expect(reader.move(join(root, 'x'))).rejects.toMatchObject({ code: 'ERR_STORAGE_ACCESS' });
});

/** What the next start would do, by the saved state. */
async function saved(storage: DiskStorage, ...have: number[]): Promise<unknown> {
  await storage.flush();
  const stamps = await storage.stamps();
  const field = new Bitfield(layout.pieceCount);
  for (const piece of have) field.set(piece);
  return JSON.parse(JSON.stringify(encodeResume({ have: field, stamps, partial: [] })));
}

async function plan(storage: DiskStorage, json: unknown): Promise<{ trusted: number[]; check: readonly number[] }> {
  const { trusted, check } = planCheck(layout, decodeResume(json, layout), await storage.stamps());
  return { trusted: [...trusted], check };
}

test('fast resume: hidden bytes are believed while nothing touched the parts file, and hashed otherwise', async () => {
  const first = await make(only(B));
  await first.write(2, 0, piece(2));
  const json = await saved(first, 2);
  await first.close();

  const same = await make(only(B));
  expect(await plan(same, json)).toEqual({ trusted: [2], check: [] });
  // A write to any piece in there, by a crash before the next save.
  await same.write(4, 0, piece(4));
  expect((await plan(same, json)).check).toContain(2);
  await same.close();

  const wanted = await make(only(A, B, C));
  expect((await plan(wanted, json)).trusted).toEqual([]);
  expect((await plan(wanted, json)).check).toContain(2);
  await wanted.close();
});

test('fast resume: a parts file that is gone takes its pieces with it, one put back is not believed', async () => {
  const first = await make(only(B));
  await first.write(2, 0, piece(2));
  const json = await saved(first, 2);
  await first.close();
  const path = await partsPath();
  const copy = await readFile(path);
  await rm(path);
  const gone = await make(only(B));
  expect(await plan(gone, json)).toEqual({ trusted: [], check: [] });
  await expect(read(gone, 2)).rejects.toMatchObject({ code: 'ERR_STORAGE_SHORT' });
  await gone.close();
  await writeFile(path, copy);
  await utimes(path, new Date(1), new Date(1));
  const back = await make(only(B));
  expect((await plan(back, json)).trusted).toEqual([]);
  expect((await plan(back, json)).check).toContain(2);
  expect(await read(back, 2)).toEqual(piece(2));
});

test('a file that was complete and deleted is not taken for its hidden rest, whatever the times say', async () => {
  const storage = await make(only(A, B, C, D));
  for (let index = 0; index < 5; index++) await storage.write(index, 0, piece(index));
  const json = await saved(storage, 0, 1, 2, 3, 4);
  const { mtime } = await stat(join(root, 't/c'));
  await storage.close();
  await rm(join(root, 't/c'));
  const other = await make(only(A, B, D));
  await other.write(2, 50, piece(2).subarray(50));
  await other.close();
  await utimes(await partsPath(), mtime, mtime);
  const next = await make(only(A, B, D));
  expect((await plan(next, json)).trusted).toEqual([0, 1]);
});

test('a parts file of other torrents, of nothing, or cut off anywhere costs its bytes at most', async () => {
  const first = await make(only(B));
  await first.write(2, 0, piece(2));
  await first.write(4, 0, piece(4));
  await first.close();
  const path = await partsPath();
  const whole = await readFile(path);
  for (const length of [0, 10, 63, 64, 66, 70, 169, 170, 171, whole.length - 1]) {
    await writeFile(path, whole);
    await truncate(path, length);
    const storage = await make(only(B));
    storage.checkInvariants();
    for (const index of [2, 4]) {
      const found = await read(storage, index).catch((error: unknown) => error);
      if (found instanceof Error) expect(found).toMatchObject({ code: 'ERR_STORAGE_SHORT' });
      else expect(found).toEqual(piece(index));
      await storage.write(index, 0, piece(index));
      expect(await read(storage, index)).toEqual(piece(index));
    }
    storage.checkInvariants();
    await storage.setWanted(only(A, B, C, D));
    for (const index of [2, 4]) expect(await read(storage, index)).toEqual(piece(index));
    await storage.remove();
  }
  const [other] = [new Layout({ pieceLength: 50, files: layout.files })];
  const storage = new DiskStorage({ root, layout: other as Layout, files });
  await writeFile(path, whole);
  await storage.setWanted(only(B));
  await storage.open();
  await storage.write(4, 0, bytes.subarray(200, 250));
  expect((await readdir(root)).filter((name) => name.endsWith('parts')).length).toBe(2);
  await storage.remove();
  expect(await list()).toEqual(['PARTS']);
});

test('a parts file removed while it is written to is told by flush, and it works again', async () => {
  const storage = await make(only(B));
  await storage.write(2, 0, piece(2));
  await rm(await partsPath());
  await storage.write(4, 0, piece(4));
  await expect(storage.flush()).rejects.toMatchObject({
    code: 'ERR_STORAGE_MISSING',
    path: expect.stringMatching(/parts$/),
  });
  await storage.write(4, 0, piece(4));
  // Nobody may save that piece 2 is there.
  expect((await storage.stamps())[A]).toBeNull();
  expect((await storage.stamps())[C]).toBeNull();
  await storage.open();
  expect(await read(storage, 4)).toEqual(piece(4));
  await expect(read(storage, 2)).rejects.toMatchObject({ code: 'ERR_STORAGE_SHORT' });
  storage.checkInvariants();
});

test('bytes that cannot be moved out stay where they are, and go once the cause is gone', async () => {
  const storage = await make(only(B));
  await storage.write(2, 0, piece(2));
  await mkdir(join(root, 't/c'));
  await expect(storage.setWanted(only(A, B, C))).rejects.toMatchObject({
    code: 'ERR_STORAGE_NOT_A_FILE',
    path: join(root, 't/c'),
  });
  expect(await read(storage, 2)).toEqual(piece(2));
  await rm(join(root, 't/c'), { recursive: true });
  await storage.setWanted(only(A, B, C));
  expect(await read(storage, 2)).toEqual(piece(2));
  expect(await list()).toEqual(['t', 't/a', 't/b', 't/c']);
});

test('a name as long as names may be', async () => {
  const name = 'ö'.repeat(127);
  const storage = await make(only(B), { files: ['a', 'b', 'c', 'd'].map((file) => ({ path: [name, file] })) });
  await storage.write(2, 0, piece(2));
  expect(await read(storage, 2)).toEqual(piece(2));
});

test('what is written before it is opened replaces hidden bytes too', async () => {
  const first = await make(only(B));
  await first.write(2, 0, piece(2));
  await first.close();
  const next = new DiskStorage({ root, layout, files });
  opened.push(next);
  const newer = new Uint8Array(100).fill(9);
  await next.write(2, 0, newer);
  expect(await read(next, 2)).toEqual(newer);
  await next.open();
  expect(await read(next, 2)).toEqual(newer);
  expect(await list()).toEqual(['t', 't/a', 't/b', 't/c']);
});
