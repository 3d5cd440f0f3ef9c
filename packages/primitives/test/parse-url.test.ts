import { expect, test } from 'vitest';
import { parseUrl } from '../src/index.ts';

test('a URL or undefined, against a base too', () => {
  expect(parseUrl('http://t.example:81/a?b')?.port).toBe('81');
  expect(parseUrl('/x', new URL('https://t.example/y'))?.href).toBe('https://t.example/x');
  for (const text of ['', 'x', '/x', 'http://', 'http://[', 'http://a:99999/']) expect(parseUrl(text)).toBeUndefined();
});

test('the answer is the same however often it is asked', () => {
  // The second is no host; its bytes as UTF-8 would be one. The first is one; its bytes are no UTF-8.
  for (let round = 0; round < 5_000; round++) {
    if (parseUrl('http://caf\u00e9.example/') === undefined) throw new Error(`refused in round ${round}`);
    if (parseUrl('http://\u00c7\u009cA.:') !== undefined) throw new Error(`taken in round ${round}`);
  }
});
