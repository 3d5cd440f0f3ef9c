import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Request } from '../src/index.ts';
import { RequestTable } from '../src/request-table.ts';

const request = fc.record({
  piece: fc.constantFrom(0, 1, 2 ** 31, 2 ** 32 - 1),
  begin: fc.constantFrom(0, 1, 16_384, 32_768, 2 ** 32 - 16_384),
  length: fc.constantFrom(1, 16_384),
});
const step = fc.record({ kind: fc.constantFrom('add', 'add', 'delete', 'first', 'clear'), request });

test('it is an ordered multiset, whatever is done to it', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const table = new RequestTable(2);
      let model: Request[] = [];
      for (const { kind, request } of steps) {
        const { piece, begin, length } = request;
        const same = (other: Request): boolean =>
          other.piece === piece && other.begin === begin && other.length === length;
        if (kind === 'add') {
          table.add(piece, begin, length);
          model.push(request);
        } else if (kind === 'delete') {
          expect(table.delete(piece, begin, length)).toBe(model.some(same));
          // Which of two equal ones goes shows only in the order of others.
          const at = model.findLastIndex(same);
          if (at >= 0) model.splice(at, 1);
        } else if (kind === 'first') {
          expect(table.first()).toEqual(model[0]);
          table.dropFirst();
          model.shift();
        } else if (model.length > 20) {
          table.clear();
          model = [];
        }
        table.checkInvariants();
        expect(table.has(piece, begin, length)).toBe(model.some(same));
        expect(table.size).toBe(model.length);
      }
      const sorted = (list: readonly Request[]): string[] => list.map((entry) => JSON.stringify(entry)).sort();
      expect(sorted(table.toArray())).toEqual(sorted(model));
      expect(table.toArray(2)).toEqual(table.toArray().slice(0, 2));
    }),
  );
});

test('without equal entries the order is that of adding, over any growth', () => {
  const table = new RequestTable();
  const all = Array.from({ length: 3_000 }, (_, i) => ({ piece: i % 7, begin: 16_384 * i, length: 1 + i }));
  for (const { piece, begin, length } of all) table.add(piece, begin, length);
  for (const { piece, begin, length } of all) if (piece === 3) table.delete(piece, begin, length);
  table.checkInvariants();
  expect(table.toArray()).toEqual(all.filter(({ piece }) => piece !== 3));
});
