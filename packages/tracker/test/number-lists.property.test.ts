import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NumberLists } from '../src/number-lists.ts';

test('lists taken and given back in any order keep what was written to them', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(12)), { maxLength: 300 }), (steps) => {
      const lists = new NumberLists();
      const held: { begin: number; size: number; mark: number }[] = [];
      for (const [mark, [isTaken, size]] of steps.entries()) {
        if (isTaken || held.length === 0) {
          const begin = lists.take(size);
          lists.words.fill(mark, begin, begin + 2 ** size);
          held.push({ begin, size, mark });
        } else {
          const [list] = held.splice(size % held.length, 1);
          if (list) lists.give(list.begin, list.size);
        }
      }
      for (const { begin, size, mark } of held) {
        expect([...lists.words.subarray(begin, begin + 2 ** size)]).toEqual(new Array(2 ** size).fill(mark));
      }
    }),
  );
});
