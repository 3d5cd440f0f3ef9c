import { expect, test } from 'vitest';
import { run } from '../examples/block.ts';

test('the example runs', async () => {
  expect(await run()).toEqual({
    blocked: ['1.2.3.4', '::ffff:10.0.0.5', '2001:db8::7', '192.0.2.7'],
    skipped: ['line 5: no addresses (this line says nothing)'],
  });
});
