import { createHash } from 'node:crypto';
import { BLOCK_LENGTH, bytesEqual, Layout } from '@shoal/primitives';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  ByteBudget,
  createHasher,
  MemoryStorage,
  PieceStore,
  type RunningDigest,
  type Storage,
  StorageError,
  type Verdict,
} from '../src/index.ts';

/** Enough blocks for some of a piece to be hashed before the rest is here. */
const PIECE = 6 * BLOCK_LENGTH;
const layout = new Layout({
  pieceLength: PIECE,
  files: [{ length: 60_000 }, { length: 5_000, padding: true }, { length: 5 * PIECE - 65_000 - 20_000 }],
});
const PIECES = layout.pieceCount;

const contents = Array.from({ length: PIECES }, (_, piece) => {
  const bytes = Uint8Array.from({ length: layout.pieceSize(piece) }, (_, i) => (i * 7 + piece * 29 + (i >> 8)) & 0xff);
  for (const span of layout.spans(piece)) if (span.padding) bytes.fill(0, span.at, span.at + span.length);
  return bytes;
});
const sha1 = (bytes: Uint8Array): Uint8Array => createHash('sha1').update(bytes).digest();
const runningSha1 = (): RunningDigest => {
  const hash = createHash('sha1');
  return { update: (bytes) => void hash.update(bytes), digest: async (rest) => hash.update(rest).digest() };
};
const expectations = contents.map((bytes) => ({ sha1: sha1(bytes) }));

/** A memory storage that takes its time, and fails every so many calls. */
class SlowStorage extends MemoryStorage implements Storage {
  failEvery = 0;
  #calls = 0;

  override async read(piece: number, begin: number, into: Uint8Array): Promise<void> {
    await this.#pause();
    await super.read(piece, begin, into);
  }

  override async write(piece: number, begin: number, bytes: Uint8Array): Promise<void> {
    await this.#pause();
    // Half of it lands, then the rest: what a real disk may do.
    const half = bytes.length >> 1;
    if (half > 0) await super.write(piece, begin, bytes.subarray(0, half));
    await this.#pause();
    await super.write(piece, begin + half, bytes.subarray(half));
  }

  async #pause(): Promise<void> {
    this.#calls++;
    for (let i = 0; i < this.#calls % 7; i++) await Promise.resolve();
    if (this.failEvery > 0 && this.#calls % this.failEvery === 0) {
      throw new StorageError('ERR_STORAGE_FULL', 'cannot write x: no space left on the disk');
    }
  }
}

type Step =
  | { do: 'put'; piece: number; begin: number; length: number; good: boolean }
  | { do: 'complete'; piece: number }
  | { do: 'discard'; piece: number }
  | { do: 'check'; piece: number }
  | { do: 'load'; piece: number; begin: number; length: number }
  | { do: 'spill' }
  | { do: 'wait'; turns: number };

const piece = fc.nat(PIECES - 1);
const run = fc
  .tuple(piece, fc.nat(2 * PIECE), fc.integer({ min: 1, max: 2 * BLOCK_LENGTH }))
  .map(([piece, at, wanted]) => {
    const begin = at % layout.pieceSize(piece);
    return { piece, begin, length: Math.min(wanted, layout.pieceSize(piece) - begin) };
  });
const block = fc.tuple(piece, fc.nat(2)).map(([piece, index]) => {
  const number = index % layout.blockCount(piece);
  return { piece, begin: number * BLOCK_LENGTH, length: layout.blockSize(piece, number) };
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: block.map((range) => ({ do: 'put' as const, ...range, good: true })) },
  {
    weight: 4,
    arbitrary: fc.tuple(run, fc.integer({ min: 0, max: 5 })).map(([range, luck]) => ({
      do: 'put' as const,
      ...range,
      good: luck > 0,
    })),
  },
  { weight: 6, arbitrary: piece.map((piece) => ({ do: 'complete' as const, piece })) },
  { weight: 1, arbitrary: piece.map((piece) => ({ do: 'discard' as const, piece })) },
  { weight: 1, arbitrary: piece.map((piece) => ({ do: 'check' as const, piece })) },
  { weight: 3, arbitrary: run.map((range) => ({ do: 'load' as const, ...range })) },
  { weight: 1, arbitrary: fc.constant({ do: 'spill' as const }) },
  { weight: 5, arbitrary: fc.nat(20).map((turns) => ({ do: 'wait' as const, turns })) },
);

/** What the test itself knows of an unfinished piece; errs towards knowing less. */
class PieceModel {
  /** Verdicts asked for and not yet there: what is put meanwhile may be dropped. */
  underWay = 0;
  #blocks = new Set<number>();
  #bad = 0;
  #puts = 0;

  put(piece: number, begin: number, length: number, good: boolean): void {
    this.#puts++;
    if (!good) this.#bad = this.#puts;
    if (this.underWay > 0) return;
    for (let block = 0; block < layout.blockCount(piece); block++) {
      const start = block * BLOCK_LENGTH;
      if (begin <= start && start + layout.blockSize(piece, block) <= begin + length) this.#blocks.add(block);
    }
  }

  /** Every block was put, as a whole, since the piece was last forgotten. */
  isWhole(piece: number): boolean {
    return this.#blocks.size === layout.blockCount(piece);
  }

  /** No bad byte was put since then. */
  get isGood(): boolean {
    return this.#bad === 0;
  }

  forget(): void {
    this.#blocks.clear();
    this.#bad = 0;
  }

  /** A verdict is asked for; call the result when it is there. */
  begin(): (forgotten: boolean) => void {
    this.underWay++;
    const puts = this.#puts;
    return (forgotten) => {
      this.underWay--;
      if (!forgotten) return;
      this.#blocks.clear();
      if (this.#bad <= puts) this.#bad = 0;
    };
  }
}

test('whatever happens: verified bytes are right and stay right, memory stays within its bound', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 120, size: 'max' }),
      fc.integer({ min: 1, max: 5 * PIECE }),
      fc.constantFrom(0, 0, 5, 13),
      fc.boolean(),
      async (steps, limit, failEvery, onTheWay) => {
        const storage = new SlowStorage({ layout });
        storage.failEvery = failEvery;
        const budget = new ByteBudget(limit);
        const store = new PieceStore({
          layout,
          storage,
          hasher: createHasher({ sha1: async (bytes) => sha1(bytes), ...(onTheWay && { runningSha1 }) }),
          expectation: (piece) => expectations[piece] as { sha1: Uint8Array },
          budget,
          readAhead: BLOCK_LENGTH,
        });
        const verified = new Set<number>();
        const model = contents.map(() => new PieceModel());
        const surprises: string[] = [];
        const views: { view: Uint8Array; piece: number; begin: number }[] = [];
        const open: Promise<unknown>[] = [];
        const loads = new Set<unknown>();
        let checks = 0;
        const bound = (): number =>
          Math.max(limit + PIECE, limit * 1.25 + BLOCK_LENGTH) + PIECE * (1 + checks) + 2 * BLOCK_LENGTH * loads.size;

        for (const step of steps) {
          if (step.do === 'put') {
            const { piece, begin, length, good } = step;
            const bytes = good ? contents[piece]!.subarray(begin, begin + length) : new Uint8Array(length).fill(0xee);
            if (!budget.isOverdrawn) {
              store.put(piece, begin, bytes);
              model[piece]?.put(piece, begin, length, good);
            }
          } else if (step.do === 'complete') {
            const { piece } = step;
            const known = model[piece] as PieceModel;
            // A verdict under way may have forgotten the piece already, and not have said so yet.
            const isWhole = known.underWay === 0 && known.isWhole(piece);
            const { isGood } = known;
            const settled = known.begin();
            open.push(
              store.complete(piece).then(
                (verdict) => {
                  settled(verdict === 'bad');
                  if (verdict === 'ok') verified.add(piece);
                  if (verdict === 'bad' && isGood) surprises.push(`piece ${piece} is bad of good bytes`);
                },
                (error: unknown) => {
                  settled(false);
                  const missing = error instanceof RangeError;
                  if (missing && isWhole && !verified.has(piece)) surprises.push(`piece ${piece} lost bytes`);
                  const full = error instanceof StorageError && error.code === 'ERR_STORAGE_FULL';
                  if (!missing && !full) surprises.push(String(error));
                },
              ),
            );
          } else if (step.do === 'discard') {
            const known = model[step.piece] as PieceModel;
            if (verified.has(step.piece) || known.underWay > 0) continue;
            store.discard(step.piece);
            known.forget();
          } else if (step.do === 'check') {
            const { piece } = step;
            checks++;
            const settled = model[piece]!.begin();
            const done = (verdict?: Verdict): void => {
              checks--;
              settled(false);
              if (verdict === 'ok') verified.add(piece);
              else if (verdict === 'bad' && verified.has(piece)) surprises.push(`piece ${piece} is no longer ok`);
            };
            open.push(store.check(piece).then(done, () => done()));
          } else if (step.do === 'load') {
            const { piece, begin, length } = step;
            if (!verified.has(piece)) continue;
            const load = store.load(piece, begin, length).then(
              (view) => views.push({ view, piece, begin }),
              () => {},
            );
            loads.add(load);
            open.push(load.then(() => loads.delete(load)));
          } else if (step.do === 'spill') {
            open.push(store.spill().catch(() => {}));
          } else {
            for (let i = 0; i < step.turns; i++) await Promise.resolve();
          }
          store.checkInvariants();
          expect(budget.held).toBeLessThanOrEqual(bound());
          for (const { piece } of store.pending()) {
            if (model[piece]?.underWay === 0) expect(verified.has(piece)).toBe(false);
          }
          expect(surprises).toEqual([]);
        }
        await Promise.all(open);
        expect(surprises).toEqual([]);
        storage.failEvery = 0;
        // The clean exit: what is called stored is on disk, byte for byte what was put last.
        await store.spill();
        for (const { blocks, stored } of store.pending()) expect(stored).toEqual(blocks);
        // And all can still be fetched.
        for (let piece = 0; piece < PIECES; piece++) {
          if (verified.has(piece)) continue;
          store.discard(piece);
          store.put(piece, 0, contents[piece]!);
          await expect(store.complete(piece)).resolves.toBe('ok');
        }
        for (let piece = 0; piece < PIECES; piece++) {
          const onDisk = new Uint8Array(layout.pieceSize(piece));
          await storage.read(piece, 0, onDisk);
          expect(bytesEqual(onDisk, contents[piece]!)).toBe(true);
        }
        for (const { view, piece, begin } of views) {
          expect(bytesEqual(view, contents[piece]!.subarray(begin, begin + view.length))).toBe(true);
        }
        store.checkInvariants();
        await store.close();
        expect(budget.held).toBe(0);
      },
    ),
    { numRuns: 60 },
  );
}, 20_000);
