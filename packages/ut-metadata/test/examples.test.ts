import { expect, test } from 'vitest';
import { run } from '../examples/fetch-metadata.ts';

test('the example runs', async () => {
  const { received, progress } = await run();
  expect(received).toBe(38_236);
  expect(progress).toEqual([
    '0 of ? from 1',
    '16384 of 38236 from 1',
    '32768 of 38236 from 1',
    '38236 of 38236 from 1',
  ]);
});
