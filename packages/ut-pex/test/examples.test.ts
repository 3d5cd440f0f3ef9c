import { expect, test } from 'vitest';
import { run } from '../examples/introduce.ts';

test('the example runs', async () => {
  expect(await run()).toEqual(['Ada hears of 192.0.2.3:6881', 'Cleo hears of 192.0.2.1:6881']);
});
