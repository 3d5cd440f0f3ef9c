import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../examples/announce.ts';

test('the example runs', async () => {
  expect(await run()).toEqual({ peers: ['127.0.0.1:6881'], seeders: 1 });
});

test('the README shows the example as it is', () => {
  const folder = join(import.meta.dirname, '..');
  const example = readFileSync(join(folder, 'examples/announce.ts'), 'utf8');
  expect(readFileSync(join(folder, 'README.md'), 'utf8')).toContain(`\`\`\`ts\n${example}\`\`\``);
});
