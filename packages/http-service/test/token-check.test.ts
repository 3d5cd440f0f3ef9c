import { expect, test } from 'vitest';
import { createTokenCheck } from '../src/node/index.ts';

const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`;

test('the token is taken from Bearer, and from the password of Basic, and from nowhere else', () => {
  const holds = createTokenCheck('sécret:with-a-colon');
  const right = [
    'Bearer sécret:with-a-colon',
    'bearer  sécret:with-a-colon',
    basic(':sécret:with-a-colon'),
    basic('anybody:sécret:with-a-colon'),
  ];
  const wrong = [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Bearer sécret:with-a-colo',
    'Bearer sécret:with-a-colon and more',
    'sécret:with-a-colon',
    'Digest sécret:with-a-colon',
    basic('sécret'),
    basic('a:sécret'),
    'Basic %%%',
  ];
  expect(right.filter((header) => !holds(header))).toEqual([]);
  expect(wrong.filter((header) => holds(header))).toEqual([]);
  expect(() => createTokenCheck('')).toThrow(RangeError);
});
