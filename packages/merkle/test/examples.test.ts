import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../examples/prove.ts';

test('the example runs', async () => {
  expect(await run()).toEqual({ pieces: 3, layerIsRight: true, blocksAreRight: true });
});

test('the README shows the example as it is', () => {
  const folder = join(import.meta.dirname, '..');
  const example = readFileSync(join(folder, 'examples/prove.ts'), 'utf8');
  expect(readFileSync(join(folder, 'README.md'), 'utf8')).toContain(`\`\`\`ts\n${example}\`\`\``);
});
