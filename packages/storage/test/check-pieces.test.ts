import { expect, test } from 'vitest';
import { checkPieces, type Verdict } from '../src/index.ts';

/** Verdicts to be given by hand; every piece but 3 is ok. */
class ByHand {
  readonly begun: number[] = [];
  readonly #settle = new Map<number, (error?: unknown) => void>();

  check(piece: number): Promise<Verdict> {
    this.begun.push(piece);
    return new Promise((resolve, reject) => {
      this.#settle.set(piece, (error) => {
        if (error === undefined) resolve(piece === 3 ? 'bad' : 'ok');
        else reject(error);
      });
    });
  }

  async end(piece: number, error?: unknown): Promise<void> {
    this.#settle.get(piece)?.(error);
    for (let i = 0; i < 5; i++) await Promise.resolve();
  }
}

test('so many at a time, each told with its verdict', async () => {
  const store = new ByHand();
  const told: [number, Verdict][] = [];
  const checking = checkPieces(store, [5, 3, 4], {
    concurrency: 2,
    onChecked: (piece, verdict) => told.push([piece, verdict]),
  });
  expect(store.begun).toEqual([5, 3]);
  await store.end(3);
  expect(store.begun).toEqual([5, 3, 4]);
  await store.end(5);
  await store.end(4);
  await checking;
  expect(told).toEqual([
    [3, 'bad'],
    [5, 'ok'],
    [4, 'ok'],
  ]);
});

test('once it does not go on, no piece is begun, and those under way are waited for', async () => {
  const store = new ByHand();
  let goesOn = true;
  let ended = false;
  const told: number[] = [];
  const checking = checkPieces(store, [1, 2, 4, 5], {
    concurrency: 2,
    goesOn: () => goesOn,
    onChecked: (piece) => told.push(piece),
  }).then(() => {
    ended = true;
  });
  goesOn = false;
  await store.end(1);
  expect(ended).toBe(false);
  await store.end(2);
  await checking;
  expect(store.begun).toEqual([1, 2]);
  expect(told).toEqual([1, 2]);
});

test('a failure begins no further piece and is told once the others have ended', async () => {
  const store = new ByHand();
  const told: number[] = [];
  let failure: unknown;
  const checking = checkPieces(store, [1, 2, 4], { concurrency: 2, onChecked: (piece) => told.push(piece) }).catch(
    (error: unknown) => {
      failure = error;
    },
  );
  await store.end(1, new Error('the disk is broken'));
  expect(failure).toBeUndefined();
  await store.end(2);
  await checking;
  expect(failure).toMatchObject({ message: 'the disk is broken' });
  expect(store.begun).toEqual([1, 2]);
  expect(told).toEqual([2]);
});

test('nothing at a time is refused', async () => {
  await expect(checkPieces(new ByHand(), [1], { concurrency: 0, onChecked: () => {} })).rejects.toThrow(RangeError);
});
