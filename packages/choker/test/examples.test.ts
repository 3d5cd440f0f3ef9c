import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { run } from '../examples/tit-for-tat.ts';

it('the example runs', async () => {
  expect(await run()).toMatch(/^dan and ada give most; (ben|cleo|eve) may show what it gives$/);
});

it('the README shows the example as it is', () => {
  const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
  expect(read('../README.md')).toContain(`\`\`\`ts\n${read('../examples/tit-for-tat.ts')}\`\`\``);
});
