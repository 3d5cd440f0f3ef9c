// What a document may do wrong, by accident or on purpose, and which test tries it. The table is held to the names of tests and of
// their rows.
import { type TestTable, untriedOf } from '@shoal/testkit';
import { expect, test } from 'vitest';

const TABLE: TestTable = {
  'depth: 100, and no stack is spent on more': {
    decode: ['the depth has a limit, and a hostile depth costs no stack'],
    'find-span': ['limits hold'],
  },
  'tokens: two million': {
    decode: ['tokens have a limit: values, keys and containers count', 'two million tokens, unless told otherwise'],
  },
  'size: 10 MiB': { decode: ['the size has a limit; for a prefix only what is read counts'] },
  'integers past 2^53, without end, or none': {
    decode: ['integers past 2^53 are exact bigints, those within are numbers', 'ie', 'i-e', '%j is refused'],
  },
  'leading zeros and minus zero': {
    decode: ['i007e', '04:spam', 'i-0e', '%j is read and reported, and refused when strict'],
    encode: ['minus zero is zero; big integers are bigints'],
  },
  'a plus sign, fractions, spaces': { decode: ['i+1e', 'i1.5e', 'i--1e', 'i 1e', '%j is refused'] },
  'keys that are unsorted or stand twice': {
    decode: [
      'd1:bi1e1:ai2ee',
      'd1:ai1e1:ai2ee',
      'of keys that stand twice the first counts, also where the second ones are in order among themselves',
      'endless oddities under a long key are reported a thousand times and read in no time',
    ],
    'find-span': ['all spans of a dictionary, in their order; of a key that stands twice the first'],
    'bencode.property': ['findSpan and decode agree on documents that are out of order'],
  },
  'strings past the end, or absurdly long': {
    decode: ['5:spam', '99999999999999999999999999:x', '-1:x', '%j is refused'],
    'bencode.property': ['a document that is cut short is refused, wherever it is cut'],
  },
  'trailing bytes': { decode: ['i1ei2e', 'a prefix ends where its value ends (BEP 9)'] },
  'keys that mean something to JavaScript': { decode: ['a key that means something to JavaScript is only a key'] },
  'keys that are no text': { decode: ['keys keep every byte'], key: ['text is strict UTF-8 or nothing'] },
  'the raw bytes of a value, for info-hashes': {
    'bencode.property': ["findSpan finds every value's own bytes"],
    'find-span': ['malformed bytes on the way throw, those behind the value are not read'],
  },
  'any bytes at all': {
    'bencode.property': [
      'no mutated document does anything but decode or throw BencodeError',
      'no random bytes do anything but decode or throw BencodeError',
    ],
  },
};

test.each(Object.entries(TABLE))('%s', async (_, line) => {
  expect(await untriedOf(line, import.meta.url)).toEqual([]);
});
