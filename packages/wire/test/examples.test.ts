import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { run } from '../examples/one-block.ts';

test('one block crosses from one wire to the other', async () => {
  expect(await run()).toBe('shoal');
});

test('the README shows the example as it is', async () => {
  const read = (path: string): Promise<string> => readFile(new URL(path, import.meta.url), 'utf8');
  expect(await read('../README.md')).toContain((await read('../examples/one-block.ts')).trim());
});
