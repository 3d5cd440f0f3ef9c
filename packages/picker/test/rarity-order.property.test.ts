import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RarityOrder } from '../src/rarity-order.ts';

const PIECES = 40;
const step = fc.record({
  what: fc.constantFrom('insert', 'remove', 'raise', 'raise', 'lower'),
  piece: fc.nat(PIECES - 1),
});

it('keeps each piece in the class of its availability', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150, size: 'max' }), (steps) => {
      const availability = new Uint32Array(PIECES);
      const order = new RarityOrder(new Int32Array(PIECES).fill(-1), availability);
      const inside = new Set<number>();
      for (const { what, piece } of steps) {
        if (what === 'insert' && !inside.has(piece)) {
          order.insert(piece);
          inside.add(piece);
        } else if (what === 'remove' && inside.delete(piece)) {
          order.remove(piece);
        } else if (what === 'raise') {
          if (inside.has(piece)) order.raise(piece);
          (availability[piece] as number)++;
        } else if (what === 'lower' && (availability[piece] as number) > 0) {
          if (inside.has(piece)) order.lower(piece);
          (availability[piece] as number)--;
        }
        order.checkInvariants();
        const listed = Array.from({ length: order.length }, (_, index) => order.at(index));
        expect(new Set(listed)).toEqual(inside);
        const least = Math.min(...listed.map((one) => availability[one] as number));
        if (listed.length > 0) {
          const rarest = listed.filter((one) => availability[one] === least).length;
          expect(order.end(least)).toBe(rarest);
        }
        expect(order.end(1_000)).toBe(order.length);
      }
    }),
    { numRuns: 40 },
  );
});
