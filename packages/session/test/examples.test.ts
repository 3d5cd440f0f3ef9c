import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run as chooseAndRead } from '../examples/choose-and-read.ts';
import { createMemoryNetwork } from '../examples/memory-transport.ts';
import { run } from '../examples/two-sessions.ts';
import { testTransport } from '../src/testing.ts';

test('two sessions exchange a file, and the README shows how', async () => {
  const { equal, downloaded, events } = await run();
  expect(equal).toBe(true);
  expect(downloaded).toBe(100_000);
  expect(events.filter((type) => type === 'piece')).toHaveLength(2);
  expect(events).toContain('complete');
  const here = import.meta.dirname;
  const example = await readFile(join(here, '../examples/two-sessions.ts'), 'utf8');
  expect(await readFile(join(here, '../README.md'), 'utf8')).toContain(example);
});

test('one file is chosen, and the end of the other read while it downloads', async () => {
  expect(await chooseAndRead()).toEqual({ chosen: 32_768, equal: true, priorities: [7, 4] });
});

testTransport(test, 'the memory transport', () => {
  const network = createMemoryNetwork();
  return {
    dialler: network.host('10.0.0.1'),
    listener: network.host('10.0.0.2'),
    listenerHost: '10.0.0.2',
    until: async (condition) => {
      for (let turns = 0; !condition(); turns++) {
        if (turns > 1_000) throw new Error('the condition did not come to hold');
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
    },
  };
});
