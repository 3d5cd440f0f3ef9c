import { expect, test } from 'vitest';
import { CLIENT_DEFAULTS, createClient } from '../src/node/index.ts';
import { resolveOptions } from '../src/node/options.ts';

test('what is left out, or undefined, has its default', () => {
  expect(resolveOptions({})).toEqual(CLIENT_DEFAULTS);
  expect(resolveOptions({ maxPeers: undefined as never, memory: 5_000_000 })).toEqual({
    ...CLIENT_DEFAULTS,
    memory: 5_000_000,
  });
});

test('what is out of its range is refused by name, before anything is opened', async () => {
  const wrong: [object, RegExp][] = [
    [{ port: 65_536 }, /option port is a whole number from 0 to 65535, not 65536/],
    [{ port: 1.5 }, /option port/],
    [{ memory: 1_000 }, /option memory/],
    [{ maxPeers: 0 }, /option maxPeers/],
    [{ downLimit: 0 }, /option downLimit is a number from 1 up, not 0/],
    [{ upLimit: Number.NaN }, /option upLimit/],
    [{ allocate: 'half' }, /option allocate is one of sparse, full, not half/],
    [{ seedStrategy: 'kindest' }, /option seedStrategy/],
    [{ shareLimits: { ratio: -1 } }, /shareLimits\.ratio/],
    [{ shareLimits: { timeMs: Number.NaN } }, /shareLimits\.timeMs/],
  ];
  for (const [options, message] of wrong) await expect(createClient(options)).rejects.toThrow(message);
});
