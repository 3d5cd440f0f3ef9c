import { Layout } from '@shoal/primitives';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkFilePriorities, normalPriorities, piecePriorities } from '../src/selection.ts';

const layoutOf = (pieceLength: number, ...files: (number | { length: number; padding: boolean })[]): Layout =>
  new Layout({
    pieceLength,
    files: files.map((file) => (typeof file === 'number' ? { length: file, padding: false } : file)),
  });

test('a piece is as urgent as the most urgent file under it', () => {
  const layout = layoutOf(10, 15, 10, 5, 10);
  expect([...piecePriorities(layout, [1, 0, 7, 0])]).toEqual([1, 1, 7, 0]);
  expect([...piecePriorities(layout, [0, 0, 0, 4])]).toEqual([0, 0, 0, 4]);
  expect([...piecePriorities(layout, normalPriorities(layout))]).toEqual([4, 4, 4, 4]);
});

test('empty files ask for nothing, and padding is nobody’s wish', () => {
  const layout = layoutOf(10, 5, { length: 5, padding: true }, 0, 10);
  expect([...piecePriorities(layout, [0, 7, 7, 3])]).toEqual([0, 3]);
});

test('pieces of nothing but padding follow: wanted where everything is', () => {
  const layout = layoutOf(10, 10, { length: 10, padding: true }, 10);
  expect([...piecePriorities(layout, [4, 4, 4])]).toEqual([4, 4, 4]);
  expect([...piecePriorities(layout, [4, 0, 4])]).toEqual([4, 4, 4]);
  expect([...piecePriorities(layout, [4, 4, 0])]).toEqual([4, 0, 0]);
});

test('what are no priorities is refused with the figure', () => {
  const layout = layoutOf(10, 5, 5);
  expect(() => checkFilePriorities(layout, [4])).toThrow(/1 priorities for 2 files/);
  for (const bad of [-1, 8, 1.5, Number.NaN, '4' as unknown as number]) {
    expect(() => checkFilePriorities(layout, [4, bad])).toThrow(RangeError);
    expect(() => checkFilePriorities(undefined, [bad])).toThrow(RangeError);
  }
  const given = [0, 7];
  expect(checkFilePriorities(layout, given)).toEqual([0, 7]);
  expect(checkFilePriorities(layout, given)).not.toBe(given);
  expect(checkFilePriorities(undefined, [1, 2, 3])).toEqual([1, 2, 3]);
});

test('a piece is wanted exactly where a wanted file has a byte in it', () => {
  const files = fc.array(fc.record({ length: fc.nat(50), priority: fc.integer({ min: 0, max: 7 }) }), { minLength: 1 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      files.filter((all) => all.some(({ length }) => length > 0)),
      (pieceLength, all) => {
        const layout = layoutOf(pieceLength, ...all.map(({ length }) => length));
        const pieces = piecePriorities(
          layout,
          all.map(({ priority }) => priority),
        );
        for (let piece = 0; piece < layout.pieceCount; piece++) {
          const under = layout.spans(piece).map(({ file }) => all[file]?.priority ?? 0);
          expect(pieces[piece]).toBe(Math.max(...under));
        }
      },
    ),
  );
});
