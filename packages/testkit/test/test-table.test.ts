import { expect, test } from 'vitest';
import { untriedOf } from '../src/index.ts';

test('a title that stands in its file is tried, another is not', async () => {
  // In pieces: as a whole it would stand in this file.
  const missing = ['nobody', 'wrote', 'this'].join(' ');
  const line = { 'test-table': ['a title that stands in its file is tried, another is not', missing] };
  expect(await untriedOf(line, import.meta.url)).toEqual([`test-table has no test "${missing}"`]);
});

test('a file that is not there is no proof', async () => {
  await expect(untriedOf({ nowhere: [] }, import.meta.url)).rejects.toMatchObject({ code: 'ENOENT' });
});
