import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { run } from '../examples/download.ts';
import { run as stream } from '../examples/stream.ts';

it('the example runs: the preferred piece first, the one that a second peer has last', async () => {
  const pieces = (await run()).map((line) => /^ask for piece (\d), block [01]$/.exec(line)?.[1]);
  expect(pieces).toHaveLength(8);
  expect(pieces.slice(0, 2)).toEqual(['2', '2']);
  expect(pieces.slice(2, 6).sort()).toEqual(['0', '0', '1', '1']);
  expect(pieces.slice(6)).toEqual(['3', '3']);
});

it('the example of streaming runs: deadlines, then the order, and a second peer for what is late', async () => {
  expect(await stream()).toEqual([
    '0 ms, slow: 4.0 4.1',
    '0 ms, fast: 5.0 5.1 6.0 6.1 1.0 1.1',
    '1500 ms, fast: 4.0 4.1',
    'cancel 4.0: slow',
    'cancel 4.1: slow',
  ]);
});

it.each(['download', 'stream'])('the README shows the example %s as it is', (name) => {
  const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
  expect(read('../README.md')).toContain(`\`\`\`ts\n${read(`../examples/${name}.ts`)}\`\`\``);
});
