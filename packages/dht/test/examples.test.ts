import { expect, test } from 'vitest';
import { run } from '../examples/small-net.ts';

test('the example runs', async () => {
  expect(await run()).toEqual({ peers: ['127.0.0.2:6881'], stored: 8, news: '16:version 7 is out' });
});
