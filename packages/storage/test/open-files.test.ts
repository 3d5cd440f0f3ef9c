import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { OpenFiles } from '../src/node/index.ts';

let folder: string;
let opens: string[];
let closed: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-open-'));
  opens = [];
  closed = [];
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

const opener = (name: string) => async (): Promise<FileHandle> => {
  opens.push(name);
  const handle = await open(join(folder, name), 'w');
  const close = handle.close.bind(handle);
  handle.close = async () => {
    closed.push(name);
    await close();
  };
  return handle;
};

/** A promise to settle by hand. */
function latch(): { done: Promise<void>; open: () => void } {
  let release = (): void => {};
  const done = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { done, open: () => release() };
}

const nothing = async (): Promise<void> => {};

test('the least recently used file is closed first, and open ones are used again', async () => {
  const files = new OpenFiles({ limit: 2 });
  await files.use('a', opener('a'), nothing);
  await files.use('b', opener('b'), nothing);
  await files.use('a', opener('a'), nothing);
  await files.use('c', opener('c'), nothing);
  expect(opens).toEqual(['a', 'b', 'c']);
  expect(closed).toEqual(['b']);
  await files.close(() => true);
  expect(files.count).toBe(0);
  expect(closed.sort()).toEqual(['a', 'b', 'c']);
});

test('a file in use is never closed: the next one waits', async () => {
  const files = new OpenFiles({ limit: 1 });
  const using = latch();
  const began = latch();
  const first = files.use('a', opener('a'), async () => {
    began.open();
    await using.done;
  });
  await began.done;
  const second = files.use('b', opener('b'), nothing);
  const third = files.use('a', opener('a'), nothing);
  await third;
  expect(opens).toEqual(['a']);
  using.open();
  await Promise.all([first, second]);
  expect(opens).toEqual(['a', 'b']);
  await files.close(() => true);
});

test('concurrent first uses share one open', async () => {
  const files = new OpenFiles({ limit: 5 });
  await Promise.all([1, 2, 3].map(() => files.use('a', opener('a'), nothing)));
  expect(opens).toEqual(['a']);
  await files.close(() => true);
});

test('an open that fails is told to all who wait, and tried afresh', async () => {
  const files = new OpenFiles({ limit: 1 });
  const fail = async (): Promise<FileHandle> => {
    throw new Error('no');
  };
  const uses = [1, 2].map(() => files.use('a', fail, nothing));
  for (const use of uses) await expect(use).rejects.toThrow('no');
  expect(files.count).toBe(0);
  await files.use('a', opener('a'), nothing);
  await files.close(() => true);
});

test('too many open files: idle ones are closed and it is tried again', async () => {
  const files = new OpenFiles({ limit: 10 });
  await files.use('a', opener('a'), nothing);
  await files.use('b', opener('b'), nothing);
  let left = 1;
  const scarce = async (): Promise<FileHandle> => {
    if (closed.length < left) throw Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
    return opener('c')();
  };
  await files.use('c', scarce, nothing);
  expect(closed).toEqual(['a']);
  left = 99;
  await expect(files.use('d', scarce, nothing)).rejects.toThrow('EMFILE');
  await files.close(() => true);
  expect(files.count).toBe(0);
});

test('a forgotten file is opened afresh while its user goes on', async () => {
  const files = new OpenFiles({ limit: 2 });
  await files.use('a', opener('a'), async (handle) => {
    files.forget('a');
    await files.use('a', opener('a'), async (other) => expect(other).not.toBe(handle));
    await handle.write('still open');
  });
  expect(opens).toEqual(['a', 'a']);
  expect(files.count).toBe(1);
  await files.close(() => true);
});

test('closing waits for users and leaves others alone', async () => {
  const files = new OpenFiles({ limit: 2 });
  const using = latch();
  const began = latch();
  const use = files.use('mine', opener('mine'), async () => {
    began.open();
    await using.done;
  });
  await files.use('other', opener('other'), nothing);
  await began.done;
  const closing = files.close((key) => key === 'mine');
  using.open();
  await use;
  await closing;
  expect(closed).toEqual(['mine']);
  await files.close(() => true);
});

test('a limit below one is refused', () => {
  expect(() => new OpenFiles({ limit: 0 })).toThrow(RangeError);
});
