import { StorageError } from '@shoal/storage';
import { SimClock } from '@shoal/testkit';
import { expect, test } from 'vitest';
import { Failure } from '../src/failure.ts';
import { SessionError } from '../src/index.ts';

const full = (): StorageError => new StorageError('ERR_STORAGE_FULL', 'no room');

test('the disk is tried again, ever more rarely, until something works', async () => {
  const clock = new SimClock();
  const tries: number[] = [];
  const failure: Failure = new Failure(clock, () => {
    tries.push(clock.now());
    failure.clear();
    failure.occurred(full());
  });
  expect(failure.occurred(full())).toMatchObject({ isNews: true, error: { code: 'ERR_STORAGE' } });
  await clock.advance(200_000);
  expect(tries).toEqual([5_000, 15_000, 35_000, 75_000, 135_000, 195_000]);
  failure.clear();
  failure.overcome();
  expect(failure.occurred(full()).isNews).toBe(true);
  const last = clock.now();
  await clock.advance(5_000);
  expect(tries.at(-1)).toBe(last + 5_000);
  failure.stopRetrying();
  expect([failure.error?.code, clock.pending]).toEqual(['ERR_STORAGE', 0]);
});

test('the same words are told once', () => {
  const failure = new Failure(new SimClock(), () => undefined);
  const told = [full(), full(), new StorageError('ERR_STORAGE_IO', 'broken'), full()].map((error) => {
    failure.clear();
    return failure.occurred(error).isNews;
  });
  expect(told).toEqual([true, false, true, true]);
});

test('the cause is kept, with the file it names', () => {
  const failure = new Failure(new SimClock(), () => undefined);
  const cause = Object.assign(full(), { path: '/data/film' });
  expect(failure.occurred(cause).error.cause).toMatchObject({ path: '/data/film' });
});

test('what is no disk is a fault of ours, and is not tried again by itself', () => {
  const clock = new SimClock();
  const failure = new Failure(clock, () => undefined);
  for (const cause of [new TypeError('undefined is no function'), 'words', null]) {
    failure.clear();
    expect(failure.occurred(cause).error).toMatchObject({ code: 'ERR_INTERNAL', message: expect.any(String) });
  }
  expect(clock.pending).toBe(0);
  const known = new SessionError('ERR_STORAGE', 'the state cannot be read');
  expect(failure.occurred(known).error).toBe(known);
  expect(clock.pending).toBe(1);
});
