import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encode } from '@shoal/bencode';
import { expect, test } from 'vitest';
import { run } from '../examples/create-and-read.ts';
import { sha1 } from './builder.ts';

test('the example runs', async () => {
  const text = 'not really music';
  const pieces = Buffer.from(sha1(text), 'hex');
  const info = encode({ name: 'song.flac', length: text.length, 'piece length': 16_384, pieces });
  expect(await run()).toEqual({ infoHash: sha1(info), files: [{ path: 'song.flac', length: text.length }] });
});

test('the README shows the example as it is', () => {
  const folder = join(import.meta.dirname, '..');
  const example = readFileSync(join(folder, 'examples/create-and-read.ts'), 'utf8');
  expect(readFileSync(join(folder, 'README.md'), 'utf8')).toContain(`\`\`\`ts\n${example}\`\`\``);
});
