import { Bitfield } from '@shoal/primitives';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PieceSet } from '../src/piece-set.ts';
import { Shortlist } from '../src/shortlist.ts';

const PIECES = 100;
const pieces = fc.uniqueArray(fc.nat(PIECES - 1), { maxLength: 80, size: 'max' });
const ranks = fc.array(fc.nat(9), { minLength: PIECES, maxLength: PIECES });
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

function setOf(members: readonly number[]): PieceSet {
  const field = new Bitfield(PIECES);
  for (const piece of members) field.set(piece);
  const set = new PieceSet(PIECES);
  set.assign(field);
  return set;
}

it('two sets are intersected as one would by hand', () => {
  fc.assert(
    fc.property(pieces, pieces, fc.nat(PIECES - 1), (mine, yours, from) => {
      const common = mine.filter((piece) => yours.includes(piece)).sort((a, b) => a - b);
      const visited: number[] = [];
      setOf(mine).visitCommon(setOf(yours), from, (piece) => visited.push(piece));
      expect(setOf(mine).nextCommon(setOf(yours), from)).toBe(common.find((piece) => piece >= from) ?? -1);
      expect(visited.toSorted((a, b) => a - b)).toEqual(common);
      const word = from - (from % 32);
      expect(visited).toEqual([...common.filter((piece) => piece >= word), ...common.filter((piece) => piece < word)]);
    }),
  );
});

it('gives the best free piece, whether cut or not, until none is left', () => {
  fc.assert(
    fc.property(pieces, pieces, ranks, fc.integer({ min: 1, max: 120 }), random, (has, free, rankOf, limit, where) => {
      const rank = (piece: number) => rankOf[piece] as number;
      const left = setOf(free);
      let wanted = has.filter((piece) => left.has(piece));
      const list = Shortlist.build(setOf(has), left, limit, Math.floor(where * PIECES), rank);
      expect(list.complete).toBe(wanted.length <= limit);
      expect(list.length).toBe(Math.min(limit, wanted.length));
      for (let n = list.length; n > 0; n--) {
        const best = list.best(left, where, rank) as number;
        expect(rank(best)).toBe(Math.min(...wanted.map(rank)));
        left.delete(best);
        wanted = wanted.filter((piece) => piece !== best);
      }
      expect(list.best(left, where, rank)).toBeUndefined();
    }),
  );
});

it('puts what is added in its place, unless something that was left out may be better', () => {
  fc.assert(
    fc.property(pieces, ranks, fc.integer({ min: 1, max: 20 }), random, (has, rankOf, limit, where) => {
      const rank = (piece: number) => rankOf[piece] as number;
      const early = has.slice(0, has.length / 2);
      const list = Shortlist.build(setOf(early), setOf(early), limit, 0, rank);
      const late = has.slice(early.length);
      for (const piece of late) list.add(piece, rank);
      const left = setOf(has);
      let worst = 0;
      for (let n = list.length; n > 0; n--) {
        const best = list.best(left, where, rank) as number;
        expect(rank(best)).toBeGreaterThanOrEqual(worst);
        worst = rank(best);
        left.delete(best);
      }
      for (const piece of has.filter((one) => left.has(one))) {
        expect(list.complete).toBe(false);
        expect(rank(piece)).toBeGreaterThanOrEqual(worst);
      }
    }),
  );
});

it('a piece that was begun, not met since, and became free again goes altogether when the peer has it no more', () => {
  const list = new Shortlist([3, 2], true);
  list.add(3, () => 0);
  list.remove(3);
  expect([list.includes(3), list.length]).toEqual([false, 1]);
});
