import { createHash } from 'node:crypto';
import { fromHex } from '@shoal/primitives';
import { expect, test } from 'vitest';
import { createHasher } from '../src/index.ts';
import { createNodeHasher } from '../src/node/index.ts';

const abc = new TextEncoder().encode('abc');
// FIPS 180-4's example.
const digestOfAbc = fromHex('a9993e364706816aba3e25717850c26c9cd0d89d') as Uint8Array;

test('a verdict comes at once where the digest does, otherwise as a promise', async () => {
  const atOnce = createHasher({ sha1: () => digestOfAbc });
  expect(atOnce.verify(abc, { sha1: digestOfAbc })).toBe('ok');
  const later = createHasher({ sha1: async () => digestOfAbc });
  await expect(later.verify(abc, { sha1: new Uint8Array(20) })).resolves.toBe('bad');
});

test('no expectation is the caller’s fault', () => {
  expect(() => createNodeHasher().verify(abc, {})).toThrow(TypeError);
});

test('small pieces inline', () => {
  const hasher = createNodeHasher();
  expect(hasher.verify(abc, { sha1: digestOfAbc })).toBe('ok');
  expect(hasher.verify(abc.subarray(1), { sha1: digestOfAbc })).toBe('bad');
});

test('large pieces let the event loop turn, and give the same verdicts', async () => {
  const hasher = createNodeHasher();
  const pieces = [1, 2, 3].map((seed) => new Uint8Array(4 * 1024 * 1024 + seed).fill(seed));
  let turns = 0;
  let counting = true;
  const count = (): void => {
    turns++;
    if (counting) setImmediate(count);
  };
  setImmediate(count);
  const verdicts = await Promise.all(
    pieces.map((bytes, index) => {
      const sha1 = createHash('sha1').update(bytes).digest();
      if (index === 1) sha1[0]! ^= 1;
      return hasher.verify(bytes, { sha1 });
    }),
  );
  counting = false;
  expect(verdicts).toEqual(['ok', 'bad', 'ok']);
  expect(turns).toBeGreaterThan(3 * 7);
});

test('what was hashed on the way counts, and the rest may be much', async () => {
  const hasher = createNodeHasher();
  const piece = new Uint8Array(3 * 1024 * 1024).map((_, index) => index >> 10);
  const sha1 = createHash('sha1').update(piece).digest();
  for (const [hashed, comesAtOnce] of [
    [0, false],
    [100_000, false],
    [piece.length - 100_000, true],
    [piece.length, true],
  ] as const) {
    const begun = hasher.begin?.();
    const arrived = piece.slice(0, hashed);
    begun?.update(arrived.subarray(0, 70_000));
    begun?.update(arrived.subarray(70_000));
    // Who gave the bytes may use their memory again.
    arrived.fill(0);
    const verdict = begun?.finish(piece.subarray(hashed), { sha1 });
    expect(verdict === 'ok').toBe(comesAtOnce);
    expect(await verdict).toBe('ok');
    const other = hasher.begin?.();
    other?.update(piece.subarray(0, hashed));
    expect(await other?.finish(piece.subarray(hashed), { sha1: new Uint8Array(20) })).toBe('bad');
  }
});
