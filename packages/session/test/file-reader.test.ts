import { Layout } from '@shoal/primitives';
import { expect, test } from 'vitest';
import { FileReaders } from '../src/file-reader.ts';
import { turn } from './fake-stream.ts';

const MIB = 1 << 20;

/** Torrent of files of these lengths, whose bytes are their own place in it, modulo 251. */
class Rig {
  readonly layout: Layout;
  readonly have = new Set<number>();
  readonly deadlines = new Map<number, number>();
  readonly readers: FileReaders;
  loads = 0;

  constructor(pieceLength: number, ...lengths: number[]) {
    this.layout = new Layout({ pieceLength, files: lengths.map((length) => ({ length, padding: false })) });
    this.readers = new FileReaders({
      layout: this.layout,
      now: () => 1_000,
      has: (piece) => this.have.has(piece),
      setDeadlines: (changes) => {
        for (const [piece, at] of changes) {
          if (at === undefined) this.deadlines.delete(piece);
          else this.deadlines.set(piece, at);
        }
      },
      load: async (piece, begin, length) => {
        this.loads++;
        return Uint8Array.from({ length }, (_, index) => (piece * pieceLength + begin + index) % 251);
      },
    });
  }

  get(...pieces: number[]): void {
    for (const piece of pieces) {
      this.have.add(piece);
      this.deadlines.delete(piece);
      this.readers.wake();
    }
  }

  getAll(): void {
    this.get(...Array.from({ length: this.layout.pieceCount }, (_, piece) => piece));
  }
}

async function all(reading: AsyncGenerator<Uint8Array>): Promise<number[]> {
  const bytes: number[] = [];
  for await (const chunk of reading) bytes.push(...chunk);
  return bytes;
}

/** What a pending `next` answers, once it has. */
function watch(reading: AsyncGenerator<Uint8Array>): { result?: number | 'end'; error?: unknown } {
  const seen: { result?: number | 'end'; error?: unknown } = {};
  reading.next().then(
    ({ done, value }) => {
      seen.result = done ? 'end' : value.length;
    },
    (error: unknown) => {
      seen.error = error;
    },
  );
  return seen;
}

test('exactly the bytes of the range, in order', async () => {
  const rig = new Rig(100, 150, 275, 30);
  rig.getAll();
  const expected = (from: number, to: number): number[] =>
    Array.from({ length: to - from }, (_, index) => (from + index) % 251);
  expect(await all(rig.readers.read(0, {}))).toEqual(expected(0, 150));
  expect(await all(rig.readers.read(1, {}))).toEqual(expected(150, 425));
  expect(await all(rig.readers.read(1, { start: 49, end: 51 }))).toEqual(expected(199, 201));
  expect(await all(rig.readers.read(2, { start: 29 }))).toEqual(expected(454, 455));
  expect(await all(rig.readers.read(2, { start: 30 }))).toEqual([]);
});

test('a range outside the file is a RangeError', async () => {
  const rig = new Rig(100, 150);
  for (const options of [
    { start: -1 },
    { start: 1.5 },
    { start: 151 },
    { end: 151 },
    { start: 2, end: 1 },
    { end: 0.5 },
  ]) {
    await expect(all(rig.readers.read(0, options))).rejects.toThrow(RangeError);
  }
  await expect(all(rig.readers.read(1, {}))).rejects.toThrow(RangeError);
  await expect(all(rig.readers.read(-1, {}))).rejects.toThrow(RangeError);
});

test('big pieces come in chunks of 256 KiB', async () => {
  const rig = new Rig(MIB, MIB + 1);
  rig.getAll();
  const lengths: number[] = [];
  for await (const chunk of rig.readers.read(0, {})) lengths.push(chunk.length);
  expect(lengths).toEqual([262_144, 262_144, 262_144, 262_144, 1]);
});

test('the window ahead has deadlines, the nearest first; it moves, and goes with its reader', async () => {
  const rig = new Rig(4 * MIB, 40 * MIB);
  const reading = rig.readers.read(0, { start: 9 * MIB });
  const first = watch(reading);
  await turn();
  expect([...rig.deadlines]).toEqual([
    [2, 1_000],
    [3, 2_000],
  ]);
  rig.get(3);
  expect(first.result).toBeUndefined();
  rig.get(2);
  await turn();
  expect(first.result).toBe(262_144);
  for (let chunks = 0; chunks < 27; chunks++) await reading.next();
  const second = watch(reading);
  await turn();
  expect(second.result).toBeUndefined();
  expect([...rig.deadlines.keys()]).toEqual([4, 5]);
  rig.get(4);
  await turn();
  await reading.return();
  expect(rig.deadlines.size).toBe(0);
});

test('a window has two pieces at least, and ends with the range', async () => {
  const rig = new Rig(16 * MIB, 100 * MIB);
  watch(rig.readers.read(0, {}));
  await turn();
  expect([...rig.deadlines.keys()]).toEqual([0, 1]);
  const end = new Rig(MIB, 100 * MIB);
  watch(end.readers.read(0, { start: 5 * MIB, end: 6 * MIB + 1 }));
  await turn();
  expect([...end.deadlines.keys()]).toEqual([5, 6]);
});

test('several readers share what is near; the sooner deadline counts, and one that goes leaves the other’s', async () => {
  const rig = new Rig(4 * MIB, 40 * MIB);
  const one = rig.readers.read(0, {});
  const two = rig.readers.read(0, { start: 4 * MIB });
  const [first, second] = [watch(one), watch(two)];
  await turn();
  expect([...rig.deadlines]).toEqual([
    [0, 1_000],
    [1, 1_000],
    [2, 2_000],
  ]);
  rig.get(1);
  await turn();
  expect([first.result, second.result]).toEqual([undefined, 262_144]);
  await two.return();
  expect([...rig.deadlines.keys()]).toEqual([0]);
  rig.get(0);
  await turn();
  expect(first.result).toBe(262_144);
});

test('an abort ends a reader that waits, and one whose consumer is at work', async () => {
  const rig = new Rig(100, 300);
  const waiting = new AbortController();
  const seen = watch(rig.readers.read(0, { signal: waiting.signal }));
  await turn();
  waiting.abort(new Error('enough'));
  await turn();
  expect(seen.error).toMatchObject({ message: 'enough' });
  expect(rig.deadlines.size).toBe(0);

  rig.get(0);
  const busy = new AbortController();
  const reading = rig.readers.read(0, { signal: busy.signal });
  await reading.next();
  busy.abort(new Error('later'));
  await expect(reading.next()).rejects.toThrow('later');
  await expect(reading.next()).resolves.toMatchObject({ done: true });
  await expect(rig.readers.read(0, { signal: busy.signal }).next()).rejects.toThrow('later');
});

test('a failure ends who waits and who reads on; it may be over again', async () => {
  const rig = new Rig(100, 300);
  rig.get(0);
  const [waits, reads] = [rig.readers.read(0, { start: 100 }), rig.readers.read(0, {})];
  const seen = watch(waits);
  await reads.next();
  rig.readers.fail(new Error('disk full'));
  await turn();
  expect(seen.error).toMatchObject({ message: 'disk full' });
  await expect(reads.next()).rejects.toThrow('disk full');
  await expect(rig.readers.read(0, {}).next()).rejects.toThrow('disk full');
  rig.readers.fail(undefined);
  expect((await rig.readers.read(0, {}).next()).value).toHaveLength(100);
});

test('after the pieces were found anew, deadlines are told again', async () => {
  const rig = new Rig(4 * MIB, 40 * MIB);
  const seen = watch(rig.readers.read(0, {}));
  await turn();
  rig.deadlines.clear();
  rig.have.add(1);
  rig.readers.replan();
  expect([...rig.deadlines.keys()]).toEqual([0]);
  rig.have.add(0);
  rig.deadlines.clear();
  rig.readers.replan();
  await turn();
  expect(seen.result).toBe(262_144);
  expect(rig.deadlines.size).toBe(0);
});
