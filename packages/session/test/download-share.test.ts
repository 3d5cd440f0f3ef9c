import { Picker } from '@shoal/picker';
import { Bitfield, BLOCK_LENGTH, Layout } from '@shoal/primitives';
import { ByteBudget, MemoryStorage, PieceStore } from '@shoal/storage';
import { expect, test } from 'vitest';
import { Download, type DownloadSlot } from '../src/download.ts';

const PIECES = 64;
const BLOCKS = 64;
/** A quarter of it is 256 blocks. */
const BUDGET = 4 * 256 * BLOCK_LENGTH;

const layout = new Layout({ pieceLength: BLOCKS * BLOCK_LENGTH, files: [{ length: PIECES * BLOCKS * BLOCK_LENGTH }] });

function setUp(): { download: Download; join(): DownloadSlot } {
  const budget = new ByteBudget(BUDGET);
  const download = new Download({
    layout,
    picker: new Picker({ geometry: layout, random: () => 0.5 }),
    store: new PieceStore({
      layout,
      storage: new MemoryStorage({ layout }),
      hasher: { verify: () => 'ok' },
      expectation: () => ({}),
      budget,
    }),
    budget,
    now: () => 0,
    events: { onPiece: () => {}, onBadPiece: () => {}, onStorageError: () => {}, onWork: () => {} },
  });
  const join = (): DownloadSlot => {
    const slot = download.join({ name: 'a source', request: () => {}, cancel: () => {}, ban: () => {} });
    const all = new Bitfield(PIECES);
    for (let piece = 0; piece < PIECES; piece++) all.set(piece);
    download.setHave(slot, all);
    return slot;
  };
  return { download, join };
}

test('what is asked for at once fits a quarter of the memory, from one source or from many', () => {
  const { download, join } = setUp();
  const one = join();
  expect(download.fill(one, 500)).toBe(256);
  expect(download.fill(one, 500)).toBe(0);
});

test('who comes later gets a fair share, and who had more asks no more until the share is kept', () => {
  const { download, join } = setUp();
  const [first, ...others] = [join(), join(), join(), join()];
  expect(download.fill(first, 500)).toBe(256);
  expect(others.map((slot) => download.fill(slot, 500))).toEqual([128, 85, 64]);
  expect(download.fill(first, 500)).toBe(0);
  for (const key of [...first.requests].slice(0, 200)) {
    download.block(first, Math.floor(key / BLOCKS), (key % BLOCKS) * BLOCK_LENGTH);
  }
  expect(first.requests.size).toBe(56);
  expect(download.fill(first, 500)).toBe(8);
});

test('idle sources take nothing from the others', () => {
  const { download, join } = setUp();
  const [busy] = [join(), join(), join()];
  expect(download.fill(busy, 500)).toBe(256);
});
