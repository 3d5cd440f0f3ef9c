import { createHash } from 'node:crypto';
import { BLOCK_LENGTH, Layout } from '@shoal/primitives';
import { expect, test } from 'vitest';
import { ByteBudget, createHasher, MemoryStorage, PieceStore } from '../src/index.ts';

const BLOCKS = 12;
const PIECE = BLOCKS * BLOCK_LENGTH;
const layout = new Layout({ pieceLength: PIECE, files: [{ length: PIECE }] });
const content = new Uint8Array(PIECE).map((_, index) => (index * 7 + (index >> 8)) & 0xff);
const expected = createHash('sha1').update(content).digest();

/** A store, and how many bytes its hasher saw before, and at, the end of a piece. */
function setUp(limit = 100 * PIECE) {
  const seen = { onTheWay: 0, atTheEnd: 0 };
  const budget = new ByteBudget(limit);
  const store = new PieceStore({
    layout,
    storage: new MemoryStorage({ layout }),
    hasher: createHasher({
      sha1: (bytes) => {
        seen.atTheEnd += bytes.length;
        return createHash('sha1').update(bytes).digest();
      },
      runningSha1: () => {
        const hash = createHash('sha1');
        return {
          update: (bytes) => {
            seen.onTheWay += bytes.length;
            hash.update(bytes);
          },
          digest: (rest) => {
            seen.atTheEnd += rest.length;
            return hash.update(rest).digest();
          },
        };
      },
    }),
    expectation: () => ({ sha1: expected }),
    budget,
  });
  const put = (...blocks: number[]): void => {
    for (const block of blocks) {
      store.put(0, block * BLOCK_LENGTH, content.subarray(block * BLOCK_LENGTH, (block + 1) * BLOCK_LENGTH));
      store.checkInvariants();
    }
  };
  return { store, budget, seen, put };
}

const all = Array.from({ length: BLOCKS }, (_, block) => block);

test('a piece that comes in order is hashed on the way, each byte once', async () => {
  const { store, seen, put } = setUp();
  put(...all.slice(0, -1));
  expect(seen.onTheWay).toBe(8 * BLOCK_LENGTH);
  put(BLOCKS - 1);
  await expect(store.complete(0)).resolves.toBe('ok');
  expect(seen.onTheWay + seen.atTheEnd).toBe(PIECE);
});

test('what comes before its turn waits for the gap to close', async () => {
  const { store, seen, put } = setUp();
  put(...all.slice(1).reverse());
  expect(seen.onTheWay).toBe(0);
  put(0);
  await expect(store.complete(0)).resolves.toBe('ok');
  expect(seen.onTheWay + seen.atTheEnd).toBe(PIECE);
});

test('half a block is not hashed: another sender may bring it anew', async () => {
  const { store, seen, put } = setUp();
  put(0, 1, 2, 3, 4);
  store.put(0, 5 * BLOCK_LENGTH, new Uint8Array(1_000).fill(1));
  put(6, 7, 5, 8, 9, 10, 11);
  await expect(store.complete(0)).resolves.toBe('ok');
  expect(seen.onTheWay + seen.atTheEnd).toBe(PIECE);
});

test('what was forgotten is not hashed on', async () => {
  const { store, put } = setUp();
  store.put(0, 0, new Uint8Array(PIECE - BLOCK_LENGTH).fill(9));
  store.discard(0);
  store.checkInvariants();
  put(...all);
  await expect(store.complete(0)).resolves.toBe('ok');
});

test('bytes whose memory was given back are read and hashed again', async () => {
  const { store, budget, seen, put } = setUp();
  put(...all.slice(0, 8));
  await store.spill();
  store.checkInvariants();
  expect(budget.firm).toBe(0);
  put(...all.slice(8));
  await expect(store.complete(0)).resolves.toBe('ok');
  expect(seen.atTheEnd).toBe(PIECE);
});
