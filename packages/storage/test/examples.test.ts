import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run as chooseAndMove } from '../examples/choose-and-move.ts';
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

test('so does the one that chooses files and moves them', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-example-'));
  try {
    const [first, ...others] = await chooseAndMove(folder);
    expect(first?.slice(1)).toEqual(['t', 't/film']);
    expect(first?.[0]).toMatch(/^\.t\.[0-9a-f]{8}\.shoal-parts$/);
    expect(others).toEqual([['t', 't/extras', 't/film'], []]);
  } finally {
    await rm(folder, { recursive: true });
  }
  const here = import.meta.dirname;
  const example = await readFile(join(here, '../examples/choose-and-move.ts'), 'utf8');
  expect(await readFile(join(here, '../README.md'), 'utf8')).toContain(example);
});
