import { createHash } from 'node:crypto';
import { Bitfield, BLOCK_LENGTH, bytesEqual, crc32c, Layout } from '@shoal/primitives';
import { expect, test } from 'vitest';
import {
  ByteBudget,
  createHasher,
  type FileStamp,
  MemoryStorage,
  PieceStore,
  type Storage,
  StorageError,
} from '../src/index.ts';

const sha1 = (bytes: Uint8Array): Uint8Array => createHash('sha1').update(bytes).digest();

/** A real storage that counts, and fails or waits when told. */
class TroubledStorage implements Storage {
  readonly inner: MemoryStorage;
  reads = 0;
  writes: { piece: number; begin: number; length: number }[] = [];
  failure: StorageError | undefined;
  #gate: Promise<void> | undefined;
  #openGate: () => void = () => {};

  constructor(layout: Layout) {
    this.inner = new MemoryStorage({ layout });
  }

  hold(): void {
    this.#gate = new Promise((resolve) => {
      this.#openGate = resolve;
    });
  }

  release(): void {
    this.#gate = undefined;
    this.#openGate();
  }

  open(): Promise<void> {
    return this.inner.open();
  }

  async read(piece: number, begin: number, into: Uint8Array): Promise<void> {
    this.reads++;
    await this.#gate;
    if (this.failure) throw this.failure;
    await this.inner.read(piece, begin, into);
  }

  async write(piece: number, begin: number, bytes: Uint8Array): Promise<void> {
    this.writes.push({ piece, begin, length: bytes.length });
    await this.#gate;
    if (this.failure) throw this.failure;
    await this.inner.write(piece, begin, bytes);
  }

  stamps(): Promise<(FileStamp | null)[]> {
    return this.inner.stamps();
  }

  flush(): Promise<void> {
    return this.inner.flush();
  }

  setWanted(files: readonly boolean[]): Promise<void> {
    return this.inner.setWanted(files);
  }

  move(to: string): Promise<void> {
    return this.inner.move(to);
  }

  remove(): Promise<void> {
    return this.inner.remove();
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}

const PIECE = 4 * BLOCK_LENGTH;
const layout = new Layout({
  pieceLength: PIECE,
  files: [{ length: 100_000 }, { length: 9 * PIECE - 100_000 - 5_000 }],
});

const contents = Array.from({ length: layout.pieceCount }, (_, piece) =>
  new Uint8Array(layout.pieceSize(piece)).map((_, i) => (i * 7 + piece * 13 + (i >> 8)) & 0xff),
);

function contentOf(piece: number): Uint8Array {
  return contents[piece] as Uint8Array;
}

function setUp(limit = 100 * PIECE) {
  const storage = new TroubledStorage(layout);
  const budget = new ByteBudget(limit);
  const errors: unknown[] = [];
  const store = new PieceStore({
    layout,
    storage,
    hasher: createHasher({ sha1 }),
    expectation: (piece) => ({ sha1: sha1(contentOf(piece)) }),
    budget,
    readAhead: 2 * BLOCK_LENGTH,
    onError: (error) => errors.push(error),
  });
  const putBlock = (piece: number, block: number): void => {
    const begin = block * BLOCK_LENGTH;
    store.put(piece, begin, contentOf(piece).subarray(begin, begin + layout.blockSize(piece, block)));
  };
  const putAll = (piece: number): void => {
    for (let block = 0; block < layout.blockCount(piece); block++) putBlock(piece, block);
  };
  const onDisk = async (piece: number): Promise<Uint8Array> => {
    const into = new Uint8Array(layout.pieceSize(piece));
    await storage.inner.read(piece, 0, into);
    return into;
  };
  return { storage, budget, store, errors, putBlock, putAll, onDisk };
}

const full = new StorageError('ERR_STORAGE_FULL', 'cannot write x: no space left on the disk');

/** As toEqual, which takes a hundred times as long. */
function same(actual: Uint8Array | undefined, expected: Uint8Array): void {
  expect(actual !== undefined && bytesEqual(actual, expected)).toBe(true);
}

/** Lets everything that is ready happen. */
async function settle(): Promise<void> {
  for (let i = 0; i < 100; i++) await Promise.resolve();
}

test('a piece is verified, written in one call, and served from memory', async () => {
  const { store, storage, putAll, onDisk } = setUp();
  putAll(0);
  expect([...store.pending()]).toEqual([{ piece: 0, blocks: [0, 1, 2, 3], stored: [] }]);
  await expect(store.complete(0)).resolves.toBe('ok');
  expect(storage.writes).toEqual([{ piece: 0, begin: 0, length: PIECE }]);
  same(await onDisk(0), contentOf(0));
  expect([...store.pending()]).toEqual([]);
  same(store.peek(0, 10, 100), contentOf(0).subarray(10, 110));
  same(await store.load(0, 5, BLOCK_LENGTH), contentOf(0).subarray(5, 5 + BLOCK_LENGTH));
  expect(storage.reads).toBe(0);
  store.checkInvariants();
});

test('a bad piece is forgotten and nothing of it reaches the disk', async () => {
  const { store, storage, budget, putAll } = setUp();
  putAll(1);
  store.discard(1);
  store.put(1, 0, new Uint8Array(PIECE));
  await expect(store.complete(1)).resolves.toBe('bad');
  expect(storage.writes).toEqual([]);
  expect(budget.firm).toBe(0);
  putAll(1);
  await expect(store.complete(1)).resolves.toBe('ok');
});

test('complete wants every byte, and shares a verdict under way', async () => {
  const { store, putBlock, putAll } = setUp();
  await expect(store.complete(2)).rejects.toThrow(RangeError);
  putBlock(2, 0);
  putBlock(2, 3);
  await expect(store.complete(2)).rejects.toThrow(/missing/);
  putAll(2);
  const first = store.complete(2);
  expect(store.complete(2)).toBe(first);
  await expect(first).resolves.toBe('ok');
});

test('bytes come in parts of any size; a whole block is not replaced, an incomplete one is', async () => {
  const { store } = setUp();
  const content = contentOf(3);
  store.put(3, 0, new Uint8Array(5_000).fill(1));
  for (let at = 0; at < content.length; at += 1_000) store.put(3, at, content.subarray(at, at + 1_000));
  store.put(3, 100, new Uint8Array(PIECE - 100).fill(2));
  await expect(store.complete(3)).resolves.toBe('ok');
});

test('what arrives while a verdict is under way, or after it, is dropped', async () => {
  const { store, storage, putAll, onDisk } = setUp();
  putAll(0);
  storage.hold();
  const verdict = store.complete(0);
  store.put(0, 0, new Uint8Array(PIECE));
  await settle();
  store.put(0, 0, new Uint8Array(PIECE));
  storage.release();
  await expect(verdict).resolves.toBe('ok');
  store.put(0, 0, new Uint8Array(PIECE));
  await store.spill();
  same(await onDisk(0), contentOf(0));
  expect([...store.pending()]).toEqual([]);
});

test('over budget the coldest piece is written in place, never claimed, and read back for its verdict', async () => {
  const { store, storage, budget, putBlock } = setUp(2 * PIECE);
  putBlock(0, 0);
  putBlock(1, 1);
  expect(store.hasRoom).toBe(false);
  await settle();
  expect(storage.writes).toEqual([{ piece: 0, begin: 0, length: BLOCK_LENGTH }]);
  expect(store.hasRoom).toBe(true);
  expect([...store.pending()]).toEqual([
    { piece: 0, blocks: [0], stored: [0] },
    { piece: 1, blocks: [1], stored: [] },
  ]);
  for (const block of [1, 2, 3]) putBlock(0, block);
  await settle();
  expect(budget.firm).toBeLessThan(2 * PIECE);
  await expect(store.complete(0)).resolves.toBe('ok');
  const into = new Uint8Array(PIECE);
  await storage.inner.read(0, 0, into);
  same(into, contentOf(0));
  store.checkInvariants();
});

test('a spilled block that is bad on disk makes the piece bad', async () => {
  const { store, putBlock } = setUp();
  store.put(0, 0, new Uint8Array(BLOCK_LENGTH).fill(9));
  await store.spill();
  for (const block of [1, 2, 3]) putBlock(0, block);
  await expect(store.complete(0)).resolves.toBe('bad');
  expect([...store.pending()]).toEqual([]);
});

test('blocks of a former run are restored and make a whole with new ones', async () => {
  const { store, storage, putBlock } = setUp();
  await storage.inner.write(4, BLOCK_LENGTH, contentOf(4).subarray(BLOCK_LENGTH, 3 * BLOCK_LENGTH));
  store.restore(4, [1, 2]);
  expect([...store.pending()]).toEqual([{ piece: 4, blocks: [1, 2], stored: [1, 2] }]);
  putBlock(4, 0);
  putBlock(4, 3);
  await expect(store.complete(4)).resolves.toBe('ok');
  expect(storage.writes.map(({ begin }) => begin)).toEqual([0, 3 * BLOCK_LENGTH]);
  expect(() => store.restore(5, [4])).toThrow(RangeError);
});

test('restored blocks that are gone: the piece is forgotten, with the reason', async () => {
  const { store, putBlock } = setUp();
  store.restore(8, [0, 1]);
  putBlock(8, 2);
  putBlock(8, 3);
  await expect(store.complete(8)).rejects.toMatchObject({ code: 'ERR_STORAGE_SHORT' });
  expect([...store.pending()]).toEqual([]);
});

test('disk full: nothing is lost, and complete can be called again', async () => {
  const { store, storage, putAll } = setUp();
  putAll(0);
  storage.failure = full;
  await expect(store.complete(0)).rejects.toBe(full);
  expect([...store.pending()]).toHaveLength(1);
  await expect(store.spill()).rejects.toBe(full);
  storage.failure = undefined;
  await expect(store.complete(0)).resolves.toBe('ok');
  store.checkInvariants();
});

test('disk full while spilling: the error is told, the bytes stay', async () => {
  const { store, storage, errors, putBlock } = setUp(2 * PIECE);
  storage.failure = full;
  putBlock(0, 0);
  putBlock(1, 0);
  await settle();
  expect(errors).toEqual([full, full]);
  expect(store.hasRoom).toBe(false);
  storage.failure = undefined;
  putBlock(0, 1);
  await settle();
  expect(store.hasRoom).toBe(true);
  store.checkInvariants();
});

test('check judges what lies on disk', async () => {
  const { store, storage, putAll } = setUp();
  await expect(store.check(0)).resolves.toBe('bad');
  await storage.inner.write(0, 0, contentOf(0));
  await expect(store.check(0)).resolves.toBe('ok');
  storage.failure = new StorageError('ERR_STORAGE_IO', 'cannot read x: EIO');
  await expect(store.check(0)).rejects.toMatchObject({ code: 'ERR_STORAGE_IO' });
  storage.failure = undefined;
  await storage.inner.write(0, 0, Uint8Array.of(contentOf(0)[0]! ^ 1));
  await expect(store.check(0)).resolves.toBe('bad');
  putAll(0);
  await expect(store.complete(0)).resolves.toBe('ok');
});

test('concurrent loads of one extent share a read, and later ones need none', async () => {
  const { store, storage } = setUp();
  await storage.inner.write(0, 0, contentOf(0));
  const loads = [store.load(0, 0, 100), store.load(0, 50, 1_000), store.load(0, BLOCK_LENGTH, BLOCK_LENGTH)];
  const [a, b] = await Promise.all(loads);
  same(a, contentOf(0).subarray(0, 100));
  same(b, contentOf(0).subarray(50, 1_050));
  expect(storage.reads).toBe(1);
  same(store.peek(0, 7, 7), contentOf(0).subarray(7, 14));
  expect(store.peek(0, 2 * BLOCK_LENGTH, 1)).toBeUndefined();
  const straddling = await store.load(0, BLOCK_LENGTH, 2 * BLOCK_LENGTH);
  same(straddling, contentOf(0).subarray(BLOCK_LENGTH, 3 * BLOCK_LENGTH));
  expect(storage.reads).toBe(2);
});

test('a load that fails is not remembered', async () => {
  const { store, storage, budget } = setUp();
  await expect(store.load(0, 0, 1)).rejects.toMatchObject({ code: 'ERR_STORAGE_SHORT' });
  expect(budget.held).toBe(0);
  await storage.inner.write(0, 0, contentOf(0));
  await expect(store.load(0, 0, 1)).resolves.toEqual(contentOf(0).subarray(0, 1));
});

test('views that were handed out never change, however the buffers are used afterwards', async () => {
  const { store, putAll } = setUp(3 * PIECE);
  putAll(0);
  await store.complete(0);
  const view = await store.load(0, 0, PIECE);
  for (let piece = 1; piece < 8; piece++) {
    putAll(piece);
    await store.complete(piece);
  }
  same(view, contentOf(0));
  expect(store.peek(0, 0, 1)).toBeUndefined();
});

test('two stores share a budget: one’s cache gives way to the other’s pieces', async () => {
  const budget = new ByteBudget(3 * PIECE);
  const make = (): PieceStore =>
    new PieceStore({
      layout,
      storage: new MemoryStorage({ layout }),
      hasher: createHasher({ sha1 }),
      expectation: (piece) => ({ sha1: sha1(contentOf(piece)) }),
      budget,
    });
  const [a, b] = [make(), make()];
  for (const piece of [0, 1]) {
    a.put(piece, 0, contentOf(piece));
    await a.complete(piece);
  }
  expect(a.peek(0, 0, 1)).toBeDefined();
  b.put(0, 0, contentOf(0));
  b.put(1, 0, contentOf(1));
  expect(a.peek(0, 0, 1)).toBeUndefined();
  expect(budget.held).toBe(3 * PIECE);
  await b.close();
  await a.close();
  expect(budget.held).toBe(0);
});

test('room is announced once it is there', async () => {
  const { store, budget, putAll } = setUp(PIECE);
  let told = 0;
  const stop = budget.onRoom(() => told++);
  putAll(0);
  expect(store.hasRoom).toBe(false);
  await store.complete(0);
  await settle();
  expect(store.hasRoom).toBe(true);
  expect(told).toBeGreaterThan(0);
  const before = told;
  stop();
  putAll(1);
  await store.complete(1);
  await settle();
  expect(told).toBe(before);
});

test('discard while a spill is under way: the old bytes never count', async () => {
  const { store, storage, putAll, onDisk } = setUp();
  store.put(0, 0, new Uint8Array(BLOCK_LENGTH).fill(9));
  storage.hold();
  const spilled = store.spill();
  await settle();
  store.discard(0);
  putAll(0);
  const verdict = store.complete(0);
  await settle();
  storage.release();
  await spilled;
  await expect(verdict).resolves.toBe('ok');
  same(await onDisk(0), contentOf(0));
});

test('close waits for writes, gives all memory back, and ends everything', async () => {
  const { store, storage, budget, putAll, putBlock, onDisk } = setUp();
  putAll(0);
  putBlock(1, 0);
  const verdict = store.complete(0);
  await store.close();
  await expect(verdict).resolves.toBe('ok');
  same(await onDisk(0), contentOf(0));
  expect(budget.held).toBe(0);
  expect(store.hasRoom).toBe(false);
  putBlock(1, 1);
  expect(storage.writes).toHaveLength(1);
  await expect(store.complete(1)).rejects.toMatchObject({ code: 'ERR_STORAGE_CLOSED' });
  await expect(store.load(0, 0, 1)).rejects.toMatchObject({ code: 'ERR_STORAGE_CLOSED' });
  await expect(store.check(0)).rejects.toMatchObject({ code: 'ERR_STORAGE_CLOSED' });
});

test('trusted pieces take no bytes', () => {
  const { store } = setUp();
  const have = new Bitfield(layout.pieceCount);
  have.set(2);
  store.trust(have);
  store.put(2, 0, new Uint8Array(PIECE));
  expect([...store.pending()]).toEqual([]);
  store.discard(2);
  store.put(2, 0, new Uint8Array(PIECE));
  expect([...store.pending()]).toHaveLength(1);
});

test('evidence: each bad attempt and the first good one after it, never for a piece that did not fail', async () => {
  const seen: { piece: number; verdict: string; checksums: number[] }[] = [];
  const storage = new MemoryStorage({ layout });
  await storage.open();
  const store = new PieceStore({
    layout,
    storage,
    hasher: createHasher({ sha1 }),
    expectation: (piece) => ({ sha1: sha1(contents[piece]!) }),
    budget: new ByteBudget(50 * PIECE),
    onAttempt: (piece, verdict, checksums) => seen.push({ piece, verdict, checksums: [...checksums] }),
  });
  const attempt = (piece: number, liesIn?: number) => {
    store.put(piece, 0, contents[piece]!);
    if (liesIn !== undefined) {
      store.discard(piece);
      const bytes = contents[piece]!.slice();
      bytes[liesIn * BLOCK_LENGTH + 5]! ^= 1;
      store.put(piece, 0, bytes);
    }
    return store.complete(piece);
  };
  const good = Array.from({ length: 4 }, (_, block) =>
    crc32c(contents[1]!.subarray(block * BLOCK_LENGTH, (block + 1) * BLOCK_LENGTH)),
  );
  expect(await attempt(0)).toBe('ok');
  expect(await attempt(1, 2)).toBe('bad');
  expect(await attempt(1, 0)).toBe('bad');
  expect(await attempt(1)).toBe('ok');
  expect(seen.map(({ piece, verdict }) => [piece, verdict])).toEqual([
    [1, 'bad'],
    [1, 'bad'],
    [1, 'ok'],
  ]);
  const differs = (checksums: number[]) => checksums.flatMap((sum, block) => (sum === good[block] ? [] : [block]));
  expect(seen.map(({ checksums }) => differs(checksums))).toEqual([[2], [0], []]);
  store.discard(1);
  expect(await attempt(1)).toBe('ok');
  expect(seen.length).toBe(3);
  expect(await attempt(2, 1)).toBe('bad');
  await storage.write(2, 0, contents[2]!);
  expect(await store.check(2)).toBe('ok');
  expect(seen.slice(3).map(({ piece, verdict }) => [piece, verdict])).toEqual([
    [2, 'bad'],
    [2, 'ok'],
  ]);
  await store.close();
});
