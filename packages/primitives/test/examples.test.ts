import { expect, test } from 'vitest';
import { run } from '../examples/layout.ts';

test('the example runs', async () => {
  expect(await run()).toEqual([
    '848 bytes of file 0 at 49152, then 15536 bytes of file 1 at 0',
    '2 of 3 pieces',
    '10.0.0.1:6881',
  ]);
});
