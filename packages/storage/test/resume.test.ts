import { Bitfield, BLOCK_LENGTH, Layout } from '@shoal/primitives';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeResume, encodeResume, type FastResume, type FileStamp, planCheck } from '../src/index.ts';

// Pieces: 0 and 1 in file 0; 2 in files 0 and 1; 3 in files 1, padding and 3.
const PIECE = 2 * BLOCK_LENGTH;
const layout = new Layout({
  pieceLength: PIECE,
  files: [
    { length: 2 * PIECE + 100 },
    { length: PIECE },
    { length: 50, padding: true },
    { length: 1_000 },
    { length: 0 },
  ],
});
const whole: (FileStamp | null)[] = layout.files.map(({ length, padding }, index) =>
  padding ? null : { size: length, mtimeMs: 1_000 + index + 0.25 },
);

function have(...pieces: number[]): Bitfield {
  const field = new Bitfield(layout.pieceCount);
  for (const piece of pieces) field.set(piece);
  return field;
}

function saved(pieces: number[], changes: Partial<FastResume> = {}): FastResume {
  return { have: have(...pieces), stamps: whole, partial: [], ...changes };
}

function plan(resume: FastResume | undefined, now: (FileStamp | null)[] = whole) {
  const { trusted, check, partial } = planCheck(layout, resume, now);
  return { trusted: [...trusted], check, partial };
}

const replace = (index: number, stamp: FileStamp | null): (FileStamp | null)[] =>
  whole.map((old, at) => (at === index ? stamp : old));

test('nothing changed: what was saved is believed, and nothing is read', () => {
  expect(plan(saved([0, 2]))).toEqual({ trusted: [0, 2], check: [], partial: [] });
});

test('a changed file: its pieces are hashed, whether they were had or not', () => {
  const touched = { size: PIECE, mtimeMs: 9_999 };
  expect(plan(saved([0, 2]), replace(1, touched))).toEqual({ trusted: [0], check: [2, 3], partial: [] });
  expect(plan(saved([0, 1, 2, 3]), replace(3, { size: 1_000, mtimeMs: 1 }))).toEqual({
    trusted: [0, 1, 2],
    check: [3],
    partial: [],
  });
});

test('nothing saved: whatever exists is hashed', () => {
  expect(plan(undefined)).toEqual({ trusted: [], check: [0, 1, 2, 3], partial: [] });
  expect(plan(undefined, [null, null, null, null, null])).toEqual({ trusted: [], check: [], partial: [] });
  expect(plan(undefined, replace(0, null)).check).toEqual([3]);
});

test('a missing or truncated file is not read where it cannot hold the piece, and never believed', () => {
  expect(plan(saved([0, 1, 2, 3]), replace(0, null))).toEqual({ trusted: [3], check: [], partial: [] });
  const truncated = replace(0, { size: PIECE + 5, mtimeMs: 1_000.25 });
  expect(plan(saved([0, 1, 2, 3]), truncated)).toEqual({ trusted: [3], check: [0], partial: [] });
  // Even where the stamps agree: a claim without bytes is no claim.
  expect(plan(saved([0, 1, 2, 3], { stamps: truncated }), truncated).trusted).toEqual([0, 3]);
});

test('a file that grew too long is changed, no more', () => {
  expect(plan(saved([0, 1, 2, 3]), replace(3, { size: 5_000, mtimeMs: 1_003.25 })).check).toEqual([3]);
});

test('unfinished pieces survive where their files are untouched and hold the blocks', () => {
  const partial = [
    { piece: 1, blocks: [0, 1] },
    { piece: 3, blocks: [0] },
  ];
  expect(plan(saved([0], { partial })).partial).toEqual(partial);
  expect(plan(saved([0], { partial }), replace(3, null)).partial).toEqual([partial[0]]);
  const short = replace(0, { size: PIECE + BLOCK_LENGTH, mtimeMs: 7 });
  expect(plan(saved([0], { partial, stamps: short }), short).partial).toEqual([{ piece: 1, blocks: [0] }, partial[1]]);
  expect(plan(saved([0, 1], { partial })).partial).toEqual([partial[1]]);
});

test('a piece of padding alone can be hashed', () => {
  const padded = new Layout({ pieceLength: 4, files: [{ length: 4 }, { length: 4, padding: true }] });
  expect(planCheck(padded, undefined, [null, null]).check).toEqual([1]);
});

test('a plan for another number of files is the caller’s fault', () => {
  expect(() => planCheck(layout, undefined, [])).toThrow(RangeError);
});

test('saved and read again', () => {
  const resume = saved([1, 3], { partial: [{ piece: 2, blocks: [1] }], stamps: replace(1, null) });
  const json: unknown = JSON.parse(JSON.stringify(encodeResume(resume)));
  const back = decodeResume(json, layout);
  expect([...(back?.have ?? [])]).toEqual([1, 3]);
  expect(back?.stamps).toEqual(resume.stamps);
  expect(back?.partial).toEqual(resume.partial);
});

test('what does not fit the layout is unusable', () => {
  const good = encodeResume(saved([0])) as Record<string, unknown>;
  const other = new Layout({ pieceLength: PIECE, files: [{ length: 100 }] });
  expect(decodeResume(good, layout)).toBeDefined();
  expect(decodeResume(good, other)).toBeUndefined();
  for (const [key, values] of Object.entries({
    version: [2, undefined],
    pieces: [5],
    have: ['zz', '8', '0f', 7, '8000'],
    stamps: [[], [1, 2, 3, 4, 5], whole.map(() => ['1', 2]), whole.map(() => [-1, 2]), {}],
    partial: [null, [[9, 0]], [[0, 2]], [[0, -1]], [[0], [0]], [0], [['0', 1]]],
  })) {
    for (const value of values) expect(decodeResume({ ...good, [key]: value }, layout), `${key}`).toBeUndefined();
  }
});

test('hostile values never throw', () => {
  const keyed = fc.record(
    {
      version: fc.constant(1),
      pieces: fc.constant(4),
      have: fc.anything(),
      stamps: fc.anything(),
      partial: fc.anything(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(fc.anything(), fc.jsonValue(), keyed), (value) => {
      const decoded = decodeResume(value, layout);
      if (decoded !== undefined) planCheck(layout, decoded, whole);
    }),
  );
});

test('hidden bytes and a file are not the same, whatever their sizes and times; both survive JSON', () => {
  const hidden = { size: PIECE, mtimeMs: whole[1]?.mtimeMs ?? 0, hidden: true } as const;
  const withHidden = saved([0, 2, 3], { stamps: replace(1, hidden) });
  expect(plan(withHidden)).toMatchObject({ trusted: [0], check: [2, 3] });
  expect(plan(saved([0, 2, 3]), replace(1, hidden))).toMatchObject({ trusted: [0], check: [2, 3] });
  const again = decodeResume(JSON.parse(JSON.stringify(encodeResume(withHidden))), layout);
  expect(again?.stamps).toEqual(replace(1, hidden));
  expect(plan(again, replace(1, hidden))).toMatchObject({ trusted: [0, 2, 3], check: [] });
});
