import { createHash } from 'node:crypto';
import { BLOCK_LENGTH, bytesEqual, Layout } from '@shoal/primitives';
import { expect, test } from 'vitest';
import { ByteBudget, createHasher, Holds, MemoryStorage, PieceStore } from '../src/index.ts';
import { allocateUninitialized } from '../src/node/index.ts';

const EXTENT = 2 * BLOCK_LENGTH;
const PIECE = 10 * EXTENT - 5_000;
const layout = new Layout({ pieceLength: PIECE, files: [{ length: 3 * PIECE }] });
const content = new Uint8Array(PIECE).map((_, i) => (i * 7 + (i >> 8)) & 0xff);

/** Counts what is read. */
class Reads extends MemoryStorage {
  readonly reads: [begin: number, length: number][] = [];

  override async read(piece: number, begin: number, into: Uint8Array): Promise<void> {
    this.reads.push([begin / EXTENT, into.length / EXTENT]);
    await super.read(piece, begin, into);
  }
}

async function make(limit: number) {
  const storage = new Reads({ layout });
  await storage.open();
  for (let piece = 0; piece < 3; piece++) await storage.write(piece, 0, content);
  const budget = new ByteBudget(limit);
  const store = new PieceStore({
    layout,
    storage,
    hasher: createHasher({ sha1: (bytes) => createHash('sha1').update(bytes).digest() }),
    expectation: () => ({ sha1: new Uint8Array(20) }),
    budget,
    readAhead: EXTENT,
    allocate: allocateUninitialized,
  });
  store.trust([0, 1, 2]);
  const block = async (piece: number, index: number): Promise<void> => {
    const begin = index * BLOCK_LENGTH;
    const length = layout.blockSize(piece, index);
    const bytes = await store.load(piece, begin, length);
    expect(bytesEqual(bytes, content.subarray(begin, begin + length))).toBe(true);
    store.checkInvariants();
  };
  return { storage, store, budget, block };
}

test('who reads on gets four extents at a time, up to the end of the piece and into the next', async () => {
  const { storage, store, block } = await make(1_000 * EXTENT);
  for (let index = 0; index < layout.blockCount(0); index++) await block(0, index);
  expect(storage.reads).toEqual([
    [0, 1],
    [1, 4],
    [5, 4],
    [9, 1 - 5_000 / EXTENT],
  ]);
  storage.reads.length = 0;
  for (let index = 0; index < 4; index++) await block(1, index);
  expect(storage.reads).toEqual([[0, 4]]);
  await store.close();
});

test('who reads here and there gets one extent, and a run ends where something is already', async () => {
  const { storage, store, block } = await make(1_000 * EXTENT);
  for (const index of [14, 0, 8]) await block(2, index);
  expect(storage.reads).toEqual([
    [7, 1],
    [0, 1],
    [4, 1],
  ]);
  storage.reads.length = 0;
  await block(2, 2);
  expect(storage.reads).toEqual([[1, 3]]);
  await store.close();
});

test('a small budget reads single extents; two readers at once share a run', async () => {
  const small = await make(20 * EXTENT);
  for (let index = 0; index < 6; index++) await small.block(0, index);
  expect(small.storage.reads.map(([, length]) => length)).toEqual([1, 1, 1]);
  await small.store.close();

  const { storage, store, budget, block } = await make(1_000 * EXTENT);
  await block(0, 0);
  await Promise.all([2, 3, 4, 5, 6].map((index) => block(0, index)));
  expect(storage.reads).toEqual([
    [0, 1],
    [1, 4],
  ]);
  await store.close();
  expect(budget.held).toBe(0);
});

test('a run that was forgotten while it was read is not kept', async () => {
  const { storage, store, block } = await make(1_000 * EXTENT);
  await block(0, 0);
  const loading = block(0, 2);
  store.discard(0);
  await loading;
  expect(store.peek(0, EXTENT, 10)).toBeUndefined();
  expect(store.peek(0, 0, 10)).toBeUndefined();
  expect(storage.reads.length).toBe(2);
  await store.close();
});

test('a request over the border of extents that were read together is one view', async () => {
  const { storage, store, block } = await make(1_000 * EXTENT);
  await block(0, 0);
  await block(0, 2);
  const view = store.peek(0, 2 * EXTENT - 10, 20);
  expect(view).toEqual(content.subarray(2 * EXTENT - 10, 2 * EXTENT + 10));
  expect(storage.reads.length).toBe(2);
  await store.close();
});

test('what is in memory, or being read, is at hand', async () => {
  const { store } = await make(1_000 * EXTENT);
  expect(store.isAtHand(0, 0)).toBe(false);
  const loading = store.load(0, 100, 100);
  expect([store.isAtHand(0, 0), store.isAtHand(0, EXTENT - 1), store.isAtHand(0, EXTENT)]).toEqual([true, true, false]);
  await loading;
  expect([store.isAtHand(0, 0), store.isAtHand(1, 0)]).toEqual([true, false]);
  expect(() => store.isAtHand(0, PIECE)).toThrow(RangeError);
  await store.close();
});

test('memory that is held stays as it is, whatever is read, and is read into again once it was let go', async () => {
  // Room for four extents: each one more drives one out.
  const { store, budget } = await make(4 * EXTENT);
  const holds = new Holds();
  const first = await store.load(0, 0, BLOCK_LENGTH, holds);
  const memories = new Set<ArrayBufferLike>([first.buffer]);
  const others = new Holds();
  for (let extent = 2; extent < 8; extent++) {
    const bytes = await store.load(0, extent * EXTENT, BLOCK_LENGTH, others);
    expect(bytes.buffer).not.toBe(first.buffer);
    memories.add(bytes.buffer);
    others.release();
    expect(bytesEqual(first, content.subarray(0, BLOCK_LENGTH))).toBe(true);
    store.checkInvariants();
  }
  holds.release();
  for (let extent = 2; extent < 8; extent++) {
    memories.add((await store.load(1, extent * EXTENT, BLOCK_LENGTH, others)).buffer);
    others.release();
  }
  // Of thirteen extents.
  expect(memories.size).toBeLessThanOrEqual(5);
  await store.close();
  expect(budget.held).toBe(0);
});
