import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../examples/download-and-resume.ts';

test('the example runs, and the README shows it as it is', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-example-'));
  try {
    expect(await run(folder)).toEqual({ verdict: 'ok', trusted: 1, toCheck: 0 });
    expect((await readFile(join(folder, 'hello.bin'))).length).toBe(20_000);
  } finally {
    await rm(folder, { recursive: true });
  }
  const here = import.meta.dirname;
  const example = await readFile(join(here, '../examples/download-and-resume.ts'), 'utf8');
  expect(await readFile(join(here, '../README.md'), 'utf8')).toContain(example);
});
