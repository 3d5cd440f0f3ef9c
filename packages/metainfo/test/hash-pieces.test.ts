import { appendFile, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hashPieces } from '../src/node/hash-pieces.ts';
import { sha1 } from './builder.ts';
import { noise } from './builder-v2.ts';

type Named = { readonly path: string };

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'shoal-hash-'));
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

async function filesOf(
  lengths: readonly number[],
): Promise<{ files: { path: string; length: number }[]; data: Buffer }> {
  const parts = lengths.map((length, index) => noise(length, index + 1));
  const files = lengths.map((length, index) => ({ path: join(root, String(index)), length }));
  for (const [index, { path }] of files.entries()) await writeFile(path, parts[index] as Uint8Array);
  return { files, data: Buffer.concat(parts) };
}

function expected(data: Uint8Array, pieceLength: number): string {
  let hashes = '';
  for (let at = 0; at < data.length; at += pieceLength) hashes += sha1(data.subarray(at, at + pieceLength));
  return hashes;
}

test.each([1_000, 16_384, 300_000, 16 * 1024 * 1024])(
  'pieces of %i bytes, here and on threads',
  async (pieceLength) => {
    const { files, data } = await filesOf([0, 1, 999, 0, 700_000, 16_384, 12, 0]);
    for (const threads of [0, 1, 3]) {
      const told: number[] = [];
      const hashes = await hashPieces({ files, pieceLength, threads, onProgress: (done) => told.push(done) });
      expect(Buffer.from(hashes).toString('hex')).toBe(expected(data, pieceLength));
      expect(told.at(-1)).toBe(data.length);
      expect([...told].sort((a, b) => a - b)).toEqual(told);
    }
  },
);

test('a file that changed is told, on threads as well', async () => {
  const { files } = await filesOf([100_000, 0, 200_000]);
  const options = { files, pieceLength: 16_384 };
  const [first, empty, last] = [0, 1, 2].map((index) => ({ path: join(root, String(index)) })) as [Named, Named, Named];
  for (const threads of [0, 2]) {
    await appendFile(empty.path, 'x');
    await expect(hashPieces({ ...options, threads })).rejects.toMatchObject({ code: 'ERR_METAINFO_FILE_CHANGED' });
    await truncate(empty.path, 0);
    await appendFile(last.path, 'x');
    await expect(hashPieces({ ...options, threads })).rejects.toThrow(/had 200000 bytes and now has more/);
    await truncate(last.path, 150_000);
    await expect(hashPieces({ ...options, threads })).rejects.toThrow(/had 200000 bytes and now has only 150000/);
    await writeFile(last.path, noise(200_000));
    expect((await hashPieces({ ...options, threads })).length).toBe(19 * 20);
  }
  await rm(first.path);
  for (const threads of [0, 2])
    await expect(hashPieces({ ...options, threads })).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a signal stops the threads', async () => {
  const { files } = await filesOf([30_000_000]);
  const stop = new AbortController();
  const hashing = hashPieces({
    files,
    pieceLength: 16_384,
    threads: 2,
    signal: stop.signal,
    onProgress: () => stop.abort(),
  });
  await expect(hashing).rejects.toMatchObject({ name: 'AbortError' });
  await expect(hashPieces({ files, pieceLength: 16_384, threads: 2, signal: stop.signal })).rejects.toMatchObject({
    name: 'AbortError',
  });
});
