import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { shoal } from './shoal.ts';

const readme = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8');
const commands = [...readme.matchAll(/^\$ shoal (.+)$/gm)].map((match) => match[1] as string);

test('the README shows every command, with options that exist', async () => {
  const shown = new Set(commands.map((line) => line.split(' ')[0] as string));
  const help = await shoal(['--help'], { cwd: '/' });
  const known = [...help.stdout.matchAll(/^ {2}(\w+) (?:\[options\]|<| )/gm)].map((match) => match[1] as string);
  expect([...shown].sort()).toEqual(known.sort());
  for (const line of commands) {
    const [command = '', ...rest] = line.split(' ');
    const called = command === 'dht' ? [command, rest[0] as string] : [command];
    const { stdout } = await shoal([...called, '--help'], { cwd: '/' });
    for (const option of rest.filter((word) => word.startsWith('-'))) expect(stdout).toContain(`${option} `);
  }
});
