import { Bitfield, InfoHash, Layout } from '@shoal/primitives';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeResumeData, encodeResumeData, type ResumeData } from '../src/resume-data.ts';

const layout = new Layout({ pieceLength: 32_768, files: [{ length: 100_000 }, { length: 0 }] });
const infoHash = InfoHash.fromHex('11'.repeat(20));
const have = new Bitfield(layout.pieceCount);
have.set(1);
const data: ResumeData = {
  storage: { have, stamps: [{ size: 65_536, mtimeMs: 1_234.5 }, null], partial: [{ piece: 2, blocks: [1] }] },
  progress: { uploaded: 7, downloaded: 9, seedingMs: 11, priorities: [4, 0] },
};
const json = JSON.parse(new TextDecoder().decode(encodeResumeData(infoHash, data))) as Record<string, unknown>;

function decode(value: unknown): ResumeData | undefined {
  return decodeResumeData(new TextEncoder().encode(JSON.stringify(value)), infoHash, layout);
}

test('what was saved is read back', () => {
  const read = decodeResumeData(encodeResumeData(infoHash, data), infoHash, layout);
  expect(read).toEqual(data);
});

test('what is no JSON, another format, another torrent or another layout is as good as nothing', () => {
  for (const bytes of [new Uint8Array(0), Uint8Array.of(0xff, 0xfe), new TextEncoder().encode('{"format":1')]) {
    expect(decodeResumeData(bytes, infoHash, layout)).toBeUndefined();
  }
  for (const value of [null, 1, 'x', [], {}, { ...json, format: 2 }, { ...json, infoHash: '22'.repeat(20) }]) {
    expect(decode(value)).toBeUndefined();
  }
  const other = new Layout({ pieceLength: 16_384, files: [{ length: 100_000 }, { length: 0 }] });
  expect(decodeResumeData(encodeResumeData(infoHash, data), infoHash, other)).toBeUndefined();
});

test('absurd counters count as none, and do not cost the have-map', () => {
  for (const counter of [-1, 1.5, 1e300, '7', null, {}]) {
    expect(decode({ ...json, uploaded: counter, downloaded: counter })).toEqual({
      ...data,
      progress: { ...data.progress, uploaded: 0, downloaded: 0 },
    });
  }
});

test('a hundred thousand brackets are no reason to fall over', () => {
  const bytes = new TextEncoder().encode('['.repeat(100_000) + ']'.repeat(100_000));
  expect(decodeResumeData(bytes, infoHash, layout)).toBeUndefined();
});

test('property: whatever is in the place of a field, the answer fits the layout or is undefined', () => {
  const storage = json.storage as Record<string, unknown>;
  const anything = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<unknown>;
  const hostile = fc.oneof(
    fc.tuple(fc.constantFrom(...Object.keys(json)), anything).map(([key, value]) => ({ ...json, [key]: value })),
    fc
      .tuple(fc.constantFrom(...Object.keys(storage)), anything)
      .map(([key, value]) => ({ ...json, storage: { ...storage, [key]: value } })),
    anything,
  );
  fc.assert(
    fc.property(hostile, (value) => {
      const read = decode(value);
      if (read === undefined) return;
      expect(read.storage.have.length).toBe(layout.pieceCount);
      expect(read.storage.stamps).toHaveLength(layout.files.length);
      for (const { piece, blocks } of read.storage.partial) {
        for (const block of blocks) expect(layout.blockSize(piece, block)).toBeGreaterThan(0);
      }
    }),
  );
});
