import { expect, test } from 'vitest';
import { Layout } from '../src/index.ts';

const layout = new Layout({
  pieceLength: 32_768,
  files: [{ length: 40_000 }, { length: 0 }, { length: 10_000, padding: true }, { length: 1 }],
});

test('sizes of pieces and blocks', () => {
  expect(layout.totalLength).toBe(50_001);
  expect(layout.pieceCount).toBe(2);
  expect([layout.pieceSize(0), layout.pieceSize(1)]).toEqual([32_768, 17_233]);
  expect(layout.blockCount(1)).toBe(2);
  expect(layout.blockSize(1, 1)).toBe(849);
  expect(() => layout.blockSize(1, 2)).toThrow(RangeError);
  expect(() => layout.pieceSize(2)).toThrow(RangeError);
});

test('spans cross files, skip empty ones and mark padding', () => {
  expect(layout.spans(1)).toEqual([
    { file: 0, offset: 32_768, length: 7_232, at: 0, padding: false },
    { file: 2, offset: 0, length: 10_000, at: 7_232, padding: true },
    { file: 3, offset: 0, length: 1, at: 17_232, padding: false },
  ]);
  expect(layout.spans(1, 7_232, 1)).toEqual([{ file: 2, offset: 0, length: 1, at: 0, padding: true }]);
  expect(() => layout.spans(1, 17_233, 1)).toThrow(RangeError);
});

test('pieces of a file', () => {
  expect(layout.piecesOf(0)).toEqual({ first: 0, end: 2 });
  expect(layout.piecesOf(1)).toEqual({ first: 1, end: 1 });
  expect(layout.piecesOf(3)).toEqual({ first: 1, end: 2 });
});

test('isRange never throws', () => {
  expect(layout.isRange(1, 17_000, 233)).toBe(true);
  expect(layout.isRange(1, 17_000, 234)).toBe(false);
  expect(layout.isRange(2, 0, 1)).toBe(false);
  expect(layout.isRange(0, 0, 0)).toBe(false);
});

test('impossible geometry is refused', () => {
  expect(() => new Layout({ pieceLength: 0, files: [] })).toThrow(/positive/);
  expect(() => new Layout({ pieceLength: 1, files: [{ length: -1 }] })).toThrow(/file 0/);
  expect(() => new Layout({ pieceLength: 1, files: [{ length: 2 ** 52 }, { length: 2 ** 53 - 1 }] })).toThrow(/file 1/);
});
