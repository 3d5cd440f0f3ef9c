import { expect, test } from 'vitest';
import { run } from '../examples/neighbours.ts';

test.skipIf(process.platform !== 'linux')('the example runs', async () => {
  expect(await run()).toEqual(['6881 finds 127.0.0.1:6882', '6882 finds 127.0.0.1:6881']);
});
