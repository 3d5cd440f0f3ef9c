import { expect, test } from 'vitest';
import { fuzz } from '../src/index.ts';

const corpus = [Uint8Array.from({ length: 40 }, (_, index) => index), Uint8Array.of(200, 201)];

async function inputs(seed: string, accept: (bytes: Uint8Array) => boolean): Promise<string[]> {
  const seen: string[] = [];
  await fuzz({ seed, runs: 3_000, corpus, tokens: [Uint8Array.of(7, 7, 7)], maxLength: 64 }, (bytes) => {
    seen.push(bytes.join());
    const answer = accept(bytes);
    bytes.fill(0);
    return answer;
  });
  return seen;
}

test('equal seeds give equal inputs, others others; within the length; the corpus stays as it is', async () => {
  const before = corpus.map((bytes) => bytes.join());
  const first = await inputs('a', (bytes) => bytes.length < 50);
  expect(await inputs('a', (bytes) => bytes.length < 50)).toEqual(first);
  expect(await inputs('b', (bytes) => bytes.length < 50)).not.toEqual(first);
  expect(Math.max(...first.map((text) => text.split(',').length))).toBe(64);
  expect(new Set(first).size).toBeGreaterThan(2_000);
  expect(corpus.map((bytes) => bytes.join())).toEqual(before);
});

test('what is accepted is changed further', async () => {
  // Three sevens come as a token at once; nine take three steps.
  const deepest = (seen: string[]): number => Math.max(...seen.map((text) => text.split(',7').length));
  const sevens = (bytes: Uint8Array): number => bytes.filter((byte) => byte === 7).length;
  const blind = deepest(await inputs('c', () => false));
  let best = 0;
  const led = deepest(
    await inputs('c', (bytes) => {
      if (sevens(bytes) < best) return false;
      best = sevens(bytes);
      return true;
    }),
  );
  expect(led).toBeGreaterThan(blind);
});

test('the report counts, and a fault names seed, run and input', async () => {
  const report = await fuzz({ seed: 1, runs: 100, corpus }, async (bytes) => bytes.length > 10);
  expect(report.accepted + report.refused).toBe(100);
  expect(report.accepted).toBeGreaterThan(0);
  expect(report.refused).toBeGreaterThan(0);
  let runs = 0;
  const fault = fuzz({ seed: 1, runs: 100, corpus }, () => {
    if (++runs === 5) throw new TypeError('bad');
    return true;
  });
  await expect(fault).rejects.toThrow(/^seed 1, run 4, input ([0-9a-f]{2})*: bad$/);
  await expect(fault).rejects.toMatchObject({ cause: new TypeError('bad') });
  await expect(fuzz({ seed: 1, runs: 1, corpus: [] }, () => true)).rejects.toThrow(RangeError);
});
