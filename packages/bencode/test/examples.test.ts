import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../examples/read-and-write.ts';

test('the example runs', async () => {
  expect(await run()).toEqual({ name: 'song.flac', info: 'd6:lengthi1234e4:name9:song.flace' });
});

test('the README shows the example as it is', () => {
  const folder = join(import.meta.dirname, '..');
  const example = readFileSync(join(folder, 'examples/read-and-write.ts'), 'utf8');
  expect(readFileSync(join(folder, 'README.md'), 'utf8')).toContain(`\`\`\`ts\n${example}\`\`\``);
});
