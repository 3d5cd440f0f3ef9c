import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { run } from '../examples/download.ts';

it('the example runs: the preferred piece first, the one that a second peer has last', async () => {
  const pieces = (await run()).map((line) => /^ask for piece (\d), block [01]$/.exec(line)?.[1]);
  expect(pieces).toHaveLength(8);
  expect(pieces.slice(0, 2)).toEqual(['2', '2']);
  expect(pieces.slice(2, 6).sort()).toEqual(['0', '0', '1', '1']);
  expect(pieces.slice(6)).toEqual(['3', '3']);
});

it('the README shows the example as it is', () => {
  const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
  expect(read('../README.md')).toContain(`\`\`\`ts\n${read('../examples/download.ts')}\`\`\``);
});
