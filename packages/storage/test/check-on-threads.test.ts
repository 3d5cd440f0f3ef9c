import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Layout } from '@shoal/primitives';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ByteBudget, checkPieces, PieceStore, type Verdict, type Verification } from '../src/index.ts';
import type { CheckJob } from '../src/node/check-thread.ts';
import { withCheckThreads } from '../src/node/check-threads.ts';
import { createNodeHasher, DiskStorage, type DiskStorageOptions } from '../src/node/index.ts';

let base: string;
let root: string;
let opened: DiskStorage[];

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'shoal-threads-'));
  root = join(base, 'here');
  opened = [];
});

afterEach(async () => {
  for (const storage of opened) await storage.close();
  await rm(base, { recursive: true, force: true });
});

const MIB = 1024 * 1024;
const layout = new Layout({
  pieceLength: MIB,
  files: [
    { length: 3 * MIB + 5 },
    { length: 0 },
    { length: MIB - 5, padding: true },
    { length: 9 * MIB },
    { length: 700_000 },
    { length: 12 },
  ],
});
const files = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => ({ path: ['t', name] }));
const all = Array.from({ length: layout.pieceCount }, (_, piece) => piece);
const data = layout.files.map(({ length, padding }, index) =>
  padding ? Buffer.alloc(length) : Buffer.alloc(length, `some bytes of file ${index}, `),
);
const expectation = (piece: number): { readonly sha1: Uint8Array } => {
  const at = piece * layout.pieceLength;
  const bytes = Buffer.concat(data).subarray(at, at + layout.pieceSize(piece));
  return { sha1: createHash('sha1').update(bytes).digest() };
};
const sums = all.map(expectation);

async function make(changes: Partial<DiskStorageOptions> = {}): Promise<DiskStorage> {
  await mkdir(join(root, 't'), { recursive: true });
  for (const [index, { padding }] of layout.files.entries()) {
    if (!padding) await writeFile(join(root, 't', files[index]?.path[1] as string), data[index] as Uint8Array);
  }
  const storage = new DiskStorage({ root, layout, files, threads: 2, ...changes });
  opened.push(storage);
  await storage.open();
  return storage;
}

interface Told {
  readonly verdicts: Map<number, Verdict>;
  readonly left: readonly number[];
}

async function verified(storage: DiskStorage, options: Partial<Verification> = {}): Promise<Told> {
  const verdicts = new Map<number, Verdict>();
  const left = await storage.verify(all, {
    expectation: (piece) => sums[piece] as { sha1: Uint8Array },
    goesOn: () => true,
    onChecked: (piece, verdict) => {
      expect(verdicts.has(piece)).toBe(false);
      verdicts.set(piece, verdict);
    },
    ...options,
  });
  expect(left.filter((piece) => verdicts.has(piece))).toEqual([]);
  return { verdicts, left };
}

const bad = ({ verdicts }: Told): number[] =>
  [...verdicts].flatMap(([piece, verdict]) => (verdict === 'bad' ? piece : [])).sort((a, b) => a - b);

test('each piece gets its verdict: whole, wrong, cut off, not there', async () => {
  const storage = await make();
  const told = await verified(storage);
  expect([told.verdicts.size, told.left, bad(told)]).toEqual([layout.pieceCount, [], []]);

  const wrong = Buffer.from(data[3] as Uint8Array);
  wrong.writeUInt8(1, 2 * MIB + 77);
  await writeFile(join(root, 't', 'd'), wrong);
  await truncate(join(root, 't', 'a'), MIB + 1);
  await rm(join(root, 't', 'f'));
  const after = await verified(storage);
  expect(after.left).toEqual([]);
  expect(bad(after)).toEqual([1, 2, 3, 6, 13]);
});

test('little is left to others, and so is everything where there are to be no threads', async () => {
  expect((await verified(await make({ threads: 0 }))).left).toEqual(all);
  const storage = new DiskStorage({ root, layout, files });
  opened.push(storage);
  expect((await verified(storage)).left).toEqual(all);
});

test('what is odd about a file is left to the main road, which follows links inside the folder and no others', async () => {
  const storage = await make();
  await rename(join(root, 't', 'd'), join(root, 'elsewhere'));
  await symlink(join(root, 'elsewhere'), join(root, 't', 'd'));
  await storage.open();
  const { left, verdicts } = await verified(storage);
  expect([...left].sort((a, b) => a - b)).toEqual([4, 5, 6, 7, 8, 9, 10, 11, 12]);
  expect(verdicts.get(0)).toBe('ok');
  await rename(join(root, 'elsewhere'), join(base, 'outside'));
  await rm(join(root, 't', 'd'));
  await symlink(join(base, 'outside'), join(root, 't', 'd'));
  await expect(wholeCheck(storage)).rejects.toMatchObject({ code: 'ERR_STORAGE_OUTSIDE' });
});

test('a file that somebody replaced since it was looked at is not believed', async () => {
  const storage = await make();
  await storage.stamps();
  await writeFile(join(root, 't', 'new'), data[4] as Uint8Array);
  await rename(join(root, 't', 'new'), join(root, 't', 'e'));
  expect((await verified(storage)).left).toEqual([13]);
});

test('what the disk reports is the main road’s to tell, soon, and not at the end', async () => {
  const long = [...files.slice(0, 3), { path: ['t', 'd'.repeat(300)] }, ...files.slice(4)];
  const storage = await make({ files: long });
  const { left, verdicts } = await verified(storage);
  expect(left).toEqual(expect.arrayContaining([4, 12]));
  expect(verdicts.size + left.length).toBe(layout.pieceCount);
  await expect(wholeCheck(storage)).rejects.toMatchObject({ code: 'ERR_STORAGE_IO' });
});

test('bytes that lie beside the files are left', async () => {
  const storage = await make();
  await rm(join(root, 't', 'e'));
  await storage.setWanted([true, true, true, true, false, true]);
  await storage.write(13, 0, Buffer.concat(data).subarray(13 * MIB));
  expect((await verified(storage)).left).toEqual([13]);
  await wholeCheck(storage);
});

test('it ends when told to, and when the storage closes', async () => {
  const storage = await make({ threads: 1 });
  let checked = 0;
  await verified(storage, { goesOn: () => checked === 0, onChecked: () => checked++ });
  expect(checked).toBe(1);
  const closing = verified(storage).catch((error: unknown) => error);
  await storage.close();
  await closing;
  await expect(verified(storage)).resolves.toMatchObject({ left: all });
});

test('whoever moves the files waits for what is under way, and the rest is read where they are then', async () => {
  const storage = await make({ threads: 1 });
  const checking = verified(storage);
  await storage.move(join(base, 'there'));
  const told = await checking;
  expect([told.verdicts.size, bad(told)]).toEqual([layout.pieceCount, []]);
});

test('threads are shared, and end with the last who uses them', async () => {
  let first: unknown;
  await withCheckThreads(1, async (threads) => {
    first = threads;
    expect(threads.count).toBe(1);
    await withCheckThreads(2, async (same) => {
      expect(same).toBe(threads);
      expect(threads.count).toBe(2);
    });
    expect(threads.count).toBe(2);
  });
  await withCheckThreads(1, async (threads) => {
    expect(threads).not.toBe(first);
    expect(threads.count).toBe(1);
  });
});

test('a thread that dies takes no job with it unanswered', async () => {
  await withCheckThreads(1, async (threads) => {
    const job: CheckJob = {
      files: [],
      stretches: new Float64Array(),
      counts: new Uint32Array(),
      expected: new Uint8Array(),
    };
    expect(await threads.run(job)).toMatchObject({ outcomes: new Uint8Array() });
    const { counts: _, ...broken } = job;
    const answers = Promise.all([threads.run(broken as CheckJob), threads.run(job), threads.run(job)]);
    expect(await answers).toEqual([undefined, undefined, undefined]);
    expect(threads.count).toBe(0);
  });
});

/** As whoever asks does it: what is left is read piece by piece. */
async function wholeCheck(storage: DiskStorage): Promise<void> {
  const store = new PieceStore({
    layout,
    storage,
    hasher: createNodeHasher(),
    expectation,
    budget: new ByteBudget(8 * MIB),
  });
  const onChecked = (_: number, verdict: Verdict): void => expect(verdict).toBe('ok');
  const { left } = await verified(storage, { onChecked });
  await checkPieces(store, left, { onChecked });
  await store.close();
}
