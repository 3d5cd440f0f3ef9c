// A disk storage through anything: what was written is read back from wherever it lies by now, whoever is wanted, wherever it
// was moved, however often it was opened again or killed.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bitfield, Layout } from '@shoal/primitives';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type FastResume, planCheck } from '../src/index.ts';
import { DiskStorage, OpenFiles } from '../src/node/index.ts';

const layout = new Layout({
  pieceLength: 64,
  files: [
    { length: 30 },
    { length: 100 },
    { length: 3 },
    { length: 0 },
    { length: 20, padding: true },
    { length: 7 },
    { length: 150 },
  ],
});
const files = ['a', 'b', 'c', 'd', '', 'e', 'f'].map((name) => ({
  path: name === 'f' ? ['t', 'in', 'f'] : ['t', name],
}));
const PIECES = layout.pieceCount;

type Step =
  | { do: 'write'; piece: number; from: number; to: number; byte: number }
  | { do: 'want'; wanted: boolean[] }
  | { do: 'move'; to: number }
  | { do: 'open' }
  | { do: 'restart'; clean: boolean }
  | { do: 'save' };

const wanted = fc.array(fc.boolean(), { minLength: files.length, maxLength: files.length });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(fc.nat(PIECES - 1), fc.nat(63), fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 255 }))
      .map(([piece, from, length, byte]) => {
        const size = layout.pieceSize(piece);
        const begin = from % size;
        return { do: 'write' as const, piece, from: begin, to: Math.min(size, begin + length), byte };
      }),
  },
  { weight: 4, arbitrary: wanted.map((wanted) => ({ do: 'want' as const, wanted })) },
  { weight: 1, arbitrary: fc.nat(2).map((to) => ({ do: 'move' as const, to })) },
  { weight: 1, arbitrary: fc.constant({ do: 'open' as const }) },
  { weight: 2, arbitrary: fc.boolean().map((clean) => ({ do: 'restart' as const, clean })) },
  { weight: 2, arbitrary: fc.constant({ do: 'save' as const }) },
);

/** What each piece should read as; undefined where nothing was written yet. */
class Model {
  readonly pieces: (Uint8Array | undefined)[] = new Array<undefined>(PIECES).fill(undefined);

  write(piece: number, from: number, to: number, byte: number): void {
    this.pieces[piece] ??= new Uint8Array(layout.pieceSize(piece));
    const bytes = this.pieces[piece] as Uint8Array;
    bytes.fill(byte, from, to);
    for (const span of layout.spans(piece)) if (span.padding) bytes.fill(0, span.at, span.at + span.length);
  }
}

test('what was written is read back from wherever it lies', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40, size: 'max' }),
      fc.constantFrom(1, 3, 64),
      async (steps, limit) => {
        const base = await mkdtemp(join(tmpdir(), 'shoal-any-'));
        const openFiles = new OpenFiles({ limit });
        const rootOf = (index: number): string => join(base, `place ${index}`);
        let root = rootOf(0);
        let want = files.map(() => true);
        const make = async (): Promise<DiskStorage> => {
          const storage = new DiskStorage({ root, layout, files, openFiles });
          await storage.setWanted(want);
          await storage.open();
          return storage;
        };
        let storage = await make();
        const abandoned: DiskStorage[] = [];
        const model = new Model();
        let saved: FastResume | undefined;
        let savedPieces: (Uint8Array | undefined)[] = [];
        try {
          for (const step of steps) {
            if (step.do === 'write') {
              // Whole pieces first, so that every byte is known.
              if (model.pieces[step.piece] === undefined) {
                await storage.write(step.piece, 0, new Uint8Array(layout.pieceSize(step.piece)).fill(step.byte));
                model.write(step.piece, 0, layout.pieceSize(step.piece), step.byte);
              }
              await storage.write(step.piece, step.from, new Uint8Array(step.to - step.from).fill(step.byte));
              model.write(step.piece, step.from, step.to, step.byte);
            } else if (step.do === 'want') {
              want = step.wanted;
              await storage.setWanted(want);
            } else if (step.do === 'move') {
              root = rootOf(step.to);
              await storage.move(root);
              expect(storage.root).toBe(root);
            } else if (step.do === 'open') {
              await storage.open();
            } else if (step.do === 'restart') {
              // Killed: the handles are simply never used again.
              if (step.clean) await storage.close();
              else abandoned.push(storage);
              storage = await make();
              const now = await storage.stamps();
              for (const piece of planCheck(layout, saved, now).trusted) {
                expect([piece, model.pieces[piece]]).toEqual([piece, savedPieces[piece]]);
              }
            } else {
              await storage.flush();
              const stamps = await storage.stamps();
              const have = new Bitfield(PIECES);
              for (const [piece, bytes] of model.pieces.entries()) if (bytes !== undefined) have.set(piece);
              saved = { have, stamps, partial: [] };
              savedPieces = model.pieces.map((bytes) => bytes?.slice());
              // Saved and looked at again at once: everything is believed.
              expect([...planCheck(layout, saved, await storage.stamps()).trusted]).toEqual([...have]);
            }
            storage.checkInvariants();
            for (const [piece, bytes] of model.pieces.entries()) {
              if (bytes === undefined) continue;
              const into = new Uint8Array(bytes.length).fill(0xee);
              await storage.read(piece, 0, into);
              expect([piece, into]).toEqual([piece, bytes]);
            }
          }
          await storage.setWanted(files.map(() => true));
          expect((await readdir(root)).filter((name) => name.startsWith('.'))).toEqual([]);
          await storage.remove();
          expect(await readdir(root)).toEqual([]);
        } finally {
          for (const each of [storage, ...abandoned]) await each.close();
          await rm(base, { recursive: true });
        }
      },
    ),
    { numRuns: 40 },
  );
}, 30_000);
