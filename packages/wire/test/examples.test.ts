import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { Chat, run as runChat } from '../examples/chat-extension.ts';
import { Latency, run as runLatency } from '../examples/latency-extension.ts';
import { run as runOneBlock } from '../examples/one-block.ts';
import { testExtension } from '../src/testing.ts';

test('one block crosses from one wire to the other', async () => {
  expect(await runOneBlock()).toBe('shoal');
});

test('two peers chat', async () => {
  expect(await runChat()).toEqual(['Ben hears: Hello Ben!', 'Ada hears: Hello yourself!']);
});

test('two peers 40 ms apart measure 80', async () => {
  expect(await runLatency()).toBe(80);
});

testExtension(test, 'x_chat', () => (context) => new Chat(context, () => {}), {
  messages: [new TextEncoder().encode('Hello!'), new Uint8Array(1_025)],
});

testExtension(test, 'x_latency', () => (context) => new Latency(context), {
  messages: [Uint8Array.of(0, 0, 0, 0, 1), Uint8Array.of(1, 0, 0, 0, 1)],
});

test.each(['one-block', 'chat-extension', 'latency-extension'])('the README shows %s as it is', async (name) => {
  const read = (path: string): Promise<string> => readFile(new URL(path, import.meta.url), 'utf8');
  const example = await read(`../examples/${name}.ts`);
  expect(await read('../README.md')).toContain(`<!-- examples/${name}.ts -->\n\`\`\`ts\n${example}\`\`\``);
});
