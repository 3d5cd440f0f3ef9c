// What every Storage must do, as tests for any runner: `testStorage(test, 'mine', makeIt)`.
import { Layout } from '@shoal/primitives';
import type { Storage } from './storage.ts';

/** Registers a test, as vitest's `test` or node:test's `test` do. */
export type RegisterTest = (name: string, body: () => Promise<void>) => unknown;

/** A storage under test. */
export interface StorageUnderTest {
  readonly storage: Storage;
  /** Where it can be moved to; without it that is not tried. */
  readonly elsewhere?: string;
  /** Called after `storage.close()`, whatever happened. */
  cleanUp?(): Promise<void>;
}

/** Files of every awkward kind: odd lengths, empty, padding, one that spans pieces, several in one piece. */
const LAYOUT: Layout = new Layout({
  pieceLength: 32_768,
  files: [
    { length: 50_000 },
    { length: 0 },
    { length: 15_536, padding: true },
    { length: 1 },
    { length: 2 },
    { length: 70_001 },
  ],
});

/** Tests a fresh, unopened, empty storage for `layout` each time. */
export function testStorage(
  test: RegisterTest,
  name: string,
  create: (layout: Layout) => Promise<StorageUnderTest> | StorageUnderTest,
): void {
  const check = (what: string, body: (storage: Storage, elsewhere: string | undefined) => Promise<void>): void => {
    test(`${name}: ${what}`, async () => {
      const { storage, elsewhere, cleanUp } = await create(LAYOUT);
      try {
        await body(storage, elsewhere);
      } finally {
        await storage.close();
        await cleanUp?.();
      }
    });
  };

  check('what was written is read back, over file borders and in parts', async (storage) => {
    await storage.open();
    const all = content();
    for (let piece = LAYOUT.pieceCount - 1; piece >= 0; piece--) await storage.write(piece, 0, pieceOf(all, piece));
    for (let piece = 0; piece < LAYOUT.pieceCount; piece++) {
      const size = LAYOUT.pieceSize(piece);
      for (const [begin, length] of [
        [0, size],
        [1, size - 1],
        [size - 1, 1],
        [Math.floor(size / 3), Math.floor(size / 2)],
      ] as const) {
        const into = new Uint8Array(length).fill(0xee);
        await storage.read(piece, begin, into);
        same(into, pieceOf(all, piece).subarray(begin, begin + length), `piece ${piece} at ${begin}`);
      }
    }
  });

  check('parts written out of order and concurrently make a whole', async (storage) => {
    await storage.open();
    const all = content();
    const writes: Promise<void>[] = [];
    for (let at = all.length; at > 0; at -= 4_096) {
      const start = Math.max(0, at - 4_096);
      const piece = Math.floor(start / LAYOUT.pieceLength);
      const begin = start - piece * LAYOUT.pieceLength;
      const first = Math.min(at - start, LAYOUT.pieceSize(piece) - begin);
      writes.push(storage.write(piece, begin, all.subarray(start, start + first)));
      if (start + first < at) writes.push(storage.write(piece + 1, 0, all.subarray(start + first, at)));
    }
    await Promise.all(writes);
    await Promise.all(
      Array.from({ length: LAYOUT.pieceCount }, async (_, piece) => {
        const into = new Uint8Array(LAYOUT.pieceSize(piece));
        await storage.read(piece, 0, into);
        same(into, pieceOf(all, piece), `piece ${piece}`);
      }),
    );
  });

  check('nothing written: short, and reading creates nothing', async (storage) => {
    await storage.open();
    const before = await storage.stamps();
    await rejects(storage.read(0, 0, new Uint8Array(16)), 'ERR_STORAGE_SHORT');
    await rejects(storage.read(LAYOUT.pieceCount - 1, 0, new Uint8Array(1)), 'ERR_STORAGE_SHORT');
    equal(JSON.stringify(await storage.stamps()), JSON.stringify(before), 'stamps');
    equal(before[0], null, 'the stamp of a missing file');
  });

  check('a file that ends too early is short', async (storage) => {
    await storage.open();
    await storage.write(0, 0, new Uint8Array(100).fill(7));
    const into = new Uint8Array(100);
    await storage.read(0, 0, into);
    same(into, new Uint8Array(100).fill(7), 'what is there');
    await rejects(storage.read(0, 50, new Uint8Array(51)), 'ERR_STORAGE_SHORT');
  });

  check('verify, where there is such a thing, judges or leaves each piece, and judges right', async (storage) => {
    await storage.open();
    await writeAll(storage);
    if (!storage.verify) return;
    const all = content();
    const sums: Uint8Array[] = [];
    for (let piece = 0; piece < LAYOUT.pieceCount; piece++) {
      sums.push(new Uint8Array(await crypto.subtle.digest('SHA-1', new Uint8Array(pieceOf(all, piece)))));
    }
    await storage.write(2, 77, Uint8Array.of(0xff ^ (all[2 * LAYOUT.pieceLength + 77] ?? 0)));
    const pieces = [...sums.keys()];
    const told: number[] = [];
    const left = await storage.verify(pieces, {
      expectation: (piece) => ({ sha1: sums[piece] as Uint8Array }),
      goesOn: () => true,
      onChecked: (piece, verdict) => {
        told.push(piece);
        equal(verdict, piece === 2 ? 'bad' : 'ok', `the verdict on piece ${piece}`);
      },
    });
    equal([...told, ...left].sort((a, b) => a - b).join(), pieces.join(), 'pieces judged or left');
    let calls = 0;
    const none = { goesOn: () => false, onChecked: () => void calls++ };
    await storage.verify(pieces, { expectation: () => ({ sha1: new Uint8Array(20) }), ...none });
    equal(calls, 0, 'pieces judged for nobody');
  });

  check('padding reads as zeros and is never stored', async (storage) => {
    await storage.open();
    // Piece 1: bytes 17,232 to the end are padding.
    const into = new Uint8Array(64).fill(0xee);
    await storage.read(1, 17_232 + 10, into);
    same(into, new Uint8Array(64), 'padding before any write');
    await storage.write(1, 17_232, new Uint8Array(32_768 - 17_232).fill(9));
    await storage.read(1, 17_232, into);
    same(into, new Uint8Array(64), 'padding after a write into it');
    equal((await storage.stamps())[2], null, 'the stamp of padding');
  });

  check('open makes empty files, and stamps tell who was written to', async (storage) => {
    await storage.open();
    const fresh = await storage.stamps();
    equal(fresh.length, LAYOUT.files.length, 'number of stamps');
    equal(fresh[1]?.size, 0, 'size of the empty file');
    await storage.write(2, 0, Uint8Array.of(1, 2, 3));
    const first = await storage.stamps();
    equal(first[3]?.size, 1, 'size of a file of one byte');
    equal(first[4]?.size, 2, 'size of a file of two bytes');
    equal(first[0], null, 'the stamp of a file never written');
    equal(JSON.stringify(await storage.stamps()), JSON.stringify(first), 'stamps with nothing in between');
    await storage.write(2, 0, Uint8Array.of(4));
    const second = await storage.stamps();
    equal(second[3]?.mtimeMs === first[3]?.mtimeMs, false, 'a write of the same size leaves the stamp');
    equal(JSON.stringify(second[4]), JSON.stringify(first[4]), 'the stamp of the file beside it');
  });

  check('opening again keeps what is there', async (storage) => {
    await storage.open();
    await storage.write(0, 0, pieceOf(content(), 0));
    await storage.open();
    const into = new Uint8Array(LAYOUT.pieceSize(0));
    await storage.read(0, 0, into);
    same(into, pieceOf(content(), 0), 'piece 0');
  });

  check('files that are not wanted: not made, and their bytes are found all the same', async (storage) => {
    await storage.setWanted([false, false, true, true, false, true]);
    await storage.open();
    equal((await storage.stamps())[1], null, 'the stamp of an empty file nobody wants');
    await writeAll(storage);
    await readAll(storage);
    const hidden = await storage.stamps();
    equal(hidden[1], null, 'the stamp of an empty file nobody wants, later');
    equal(hidden[0] === null, false, 'there is no stamp for bytes that are kept');
    equal(JSON.stringify(await storage.stamps()), JSON.stringify(hidden), 'stamps with nothing in between');
    await storage.write(0, 0, pieceOf(content(), 0).subarray(0, 10));
    equal(JSON.stringify((await storage.stamps())[0]) === JSON.stringify(hidden[0]), false, 'a write leaves the stamp');
    await storage.open();
    await readAll(storage);
    await storage.flush();
    await readAll(storage);
  });

  check('a file that becomes wanted has its bytes, and one no longer wanted keeps them', async (storage) => {
    await storage.setWanted([false, false, true, true, false, true]);
    await storage.open();
    await writeAll(storage);
    const hidden = await storage.stamps();
    await storage.setWanted(LAYOUT.files.map(() => true));
    await readAll(storage);
    const wanted = await storage.stamps();
    equal(wanted[0]?.size, 50_000, 'size of the file that became wanted');
    equal(wanted[0]?.hidden, undefined, 'a wanted file is hidden');
    equal(
      JSON.stringify(wanted[0]) === JSON.stringify(hidden[0]),
      false,
      'the stamp of hidden bytes is that of a file',
    );
    equal(wanted[1]?.size, 0, 'size of the empty file');
    await storage.setWanted(LAYOUT.files.map(() => false));
    equal(JSON.stringify(await storage.stamps()), JSON.stringify(wanted), 'stamps of files that are there, unwanted');
    await storage.write(0, 0, pieceOf(content(), 0));
    await readAll(storage);
    await storage.open();
    await readAll(storage);
  });

  check('what is wanted may change while bytes come', async (storage) => {
    await storage.open();
    const wanted = LAYOUT.files.map(() => false);
    const work = [storage.setWanted(wanted)];
    const all = content();
    for (let piece = 0; piece < LAYOUT.pieceCount; piece++) {
      work.push(storage.write(piece, 0, pieceOf(all, piece)));
      wanted[piece] = true;
      work.push(storage.setWanted([...wanted]));
    }
    await Promise.all(work);
    await readAll(storage);
    await rejects(storage.setWanted([true]), RangeError);
  });

  check('moved while it is used, it has all its bytes in the new place', async (storage, elsewhere) => {
    if (elsewhere === undefined) return;
    await storage.setWanted([true, true, true, false, true, false]);
    await storage.open();
    const all = content();
    const work: Promise<void>[] = [];
    for (let piece = 0; piece < LAYOUT.pieceCount; piece++) {
      work.push(storage.write(piece, 0, pieceOf(all, piece)));
      if (piece === 1) work.push(storage.move(elsewhere));
    }
    await Promise.all(work);
    await readAll(storage);
    await storage.move(elsewhere);
    await storage.open();
    await readAll(storage);
  });

  check('removed, it is closed, and can be removed again', async (storage) => {
    await storage.open();
    await writeAll(storage);
    await storage.remove();
    await storage.remove();
    await rejects(storage.read(0, 0, new Uint8Array(1)), 'ERR_STORAGE_CLOSED');
    await rejects(storage.open(), 'ERR_STORAGE_CLOSED');
    await rejects(storage.setWanted(LAYOUT.files.map(() => true)), 'ERR_STORAGE_CLOSED');
    await rejects(storage.move('nowhere'), 'ERR_STORAGE_CLOSED');
  });

  check('ranges outside the torrent are the caller’s fault', async (storage) => {
    await storage.open();
    await rejects(storage.read(LAYOUT.pieceCount, 0, new Uint8Array(1)), RangeError);
    await rejects(storage.read(0, 32_768, new Uint8Array(1)), RangeError);
    await rejects(storage.write(0, 1, new Uint8Array(32_768)), RangeError);
    await rejects(storage.write(-1, 0, new Uint8Array(1)), RangeError);
  });

  check('flush, close, and closed', async (storage) => {
    await storage.open();
    await storage.write(0, 0, Uint8Array.of(1));
    await storage.flush();
    await storage.close();
    await storage.close();
    await rejects(storage.read(0, 0, new Uint8Array(1)), 'ERR_STORAGE_CLOSED');
    await rejects(storage.write(0, 0, new Uint8Array(1)), 'ERR_STORAGE_CLOSED');
    await rejects(storage.stamps(), 'ERR_STORAGE_CLOSED');
    await rejects(storage.flush(), 'ERR_STORAGE_CLOSED');
    await rejects(storage.open(), 'ERR_STORAGE_CLOSED');
  });
}

/** The torrent's bytes: nothing repeats within a piece, padding is zeros. */
function content(): Uint8Array {
  const all = new Uint8Array(LAYOUT.totalLength);
  for (let i = 0; i < all.length; i++) all[i] = (i * 31 + (i >> 8) * 17 + 1) & 0xff;
  for (const [file, { length, padding }] of LAYOUT.files.entries()) {
    if (padding) all.fill(0, LAYOUT.fileOffset(file), LAYOUT.fileOffset(file) + length);
  }
  return all;
}

function pieceOf(all: Uint8Array, piece: number): Uint8Array {
  const start = piece * LAYOUT.pieceLength;
  return all.subarray(start, start + LAYOUT.pieceSize(piece));
}

async function writeAll(storage: Storage): Promise<void> {
  const all = content();
  for (let piece = 0; piece < LAYOUT.pieceCount; piece++) await storage.write(piece, 0, pieceOf(all, piece));
}

async function readAll(storage: Storage): Promise<void> {
  const all = content();
  for (let piece = 0; piece < LAYOUT.pieceCount; piece++) {
    const into = new Uint8Array(LAYOUT.pieceSize(piece)).fill(0xee);
    await storage.read(piece, 0, into);
    same(into, pieceOf(all, piece), `piece ${piece}`);
  }
}

function same(actual: Uint8Array, expected: Uint8Array, what: string): void {
  equal(actual.length, expected.length, `${what}: length`);
  const at = actual.findIndex((byte, index) => byte !== expected[index]);
  if (at >= 0) throw new Error(`${what}: byte ${at} is ${actual[at]}, not ${expected[at]}`);
}

function equal(actual: unknown, expected: unknown, what: string): void {
  if (actual !== expected) throw new Error(`${what}: ${String(actual)}, not ${String(expected)}`);
}

async function rejects(work: Promise<unknown>, expected: string | typeof RangeError): Promise<void> {
  let error: unknown;
  try {
    await work;
  } catch (caught) {
    error = caught;
  }
  if (typeof expected !== 'string') {
    if (error instanceof expected) return;
  } else if (error instanceof Error && 'code' in error && error.code === expected) return;
  throw new Error(`should have rejected with ${String(expected)}, not ${String(error)}`);
}
