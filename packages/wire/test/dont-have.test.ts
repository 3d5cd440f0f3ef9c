// BEP 54: a piece that was announced and is not there any more.
import { encode } from '@shoal/bencode';
import { Bitfield } from '@shoal/primitives';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  encodeBitfield,
  encodeExtended,
  encodeHave,
  encodeHaveAll,
  encodePiece,
  encodeRequest,
  encodeUnchoke,
  type Wire,
} from '../src/index.ts';
import { connect, drain, faultOf, GEOMETRY, give, sent } from './harness.ts';

/** Under the id that we give out where there are no extensions. */
const dontHave = (...pieces: number[]): Uint8Array[] =>
  pieces.map((piece) => encodeExtended(1, Uint8Array.of(piece >>> 24, piece >>> 16, piece >>> 8, piece)));
const hello = encodeExtended(0, encode({ m: { lt_donthave: 7 } }));
const haveOf = (wire: Wire): number[] => [...(wire.peerHave ?? [])];

test('the peer takes a HAVE back; what it never had is no news', () => {
  const wire = connect({ extended: true, fast: true });
  give(wire, encodeHaveAll());
  expect(give(wire, ...dontHave(3, 9, 3))).toEqual([
    { type: 'dontHave', piece: 3 },
    { type: 'dontHave', piece: 9 },
  ]);
  expect(haveOf(wire)).toEqual([0, 1, 2, 4, 5, 6, 7, 8]);
  expect(give(wire, encodeHave(3))).toEqual([{ type: 'have', piece: 3 }]);
});

test('requests for it stay out, in both directions', () => {
  const wire = connect({ extended: true });
  give(wire, encodeBitfield(Uint8Array.of(0xff, 0xc0)), encodeUnchoke(), hello);
  wire.request(3, 0, 100);
  wire.unchoke();
  give(wire, encodeRequest(4, 0, 100), ...dontHave(3));
  expect(wire.dontHave(4)).toBe(true);
  expect([wire.requests().length, wire.peerRequests().length]).toEqual([1, 1]);
  expect(give(wire, encodePiece(3, 0, new Uint8Array(100)))).toMatchObject([{ type: 'block', wanted: true }]);
});

test('ours goes out under the peer’s id, and not at all to a peer that does not know it', () => {
  const wire = connect({ extended: true });
  expect(wire.dontHave(3)).toBe(false);
  give(wire, hello);
  expect(wire.dontHave(0)).toBe(true);
  expect(sent(wire)).toEqual([{ type: 'extended', id: 7, payload: new Uint8Array(4) }]);
  give(wire, encodeExtended(0, encode({ m: { lt_donthave: 0 } })));
  expect(wire.dontHave(3)).toBe(false);
  expect(() => wire.dontHave(10)).toThrow(RangeError);
  expect(connect().dontHave(3)).toBe(false);
  wire.fault('ERR_WIRE_CLOSED', 'done');
  expect(wire.dontHave(3)).toBe(false);
});

test('a piece outside the torrent and a payload of another length are faults', () => {
  expect(faultOf(give(connect({ extended: true }), ...dontHave(10)))).toBe('ERR_WIRE_RANGE');
  for (const length of [0, 3, 5]) {
    const message = encodeExtended(1, new Uint8Array(length));
    expect(faultOf(give(connect({ extended: true }), message))).toBe('ERR_WIRE_LENGTH');
  }
});

test('before the geometry is known it is kept, capped and validated like a HAVE', () => {
  const wire = connect({ extended: true, fast: true, geometry: null });
  expect(give(wire, encodeHaveAll(), ...dontHave(3, 4), encodeHave(4))).toEqual([]);
  wire.setGeometry(GEOMETRY);
  expect(drain(wire)).toEqual([{ type: 'haves' }]);
  expect(haveOf(wire)).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9]);
  const liar = connect({ extended: true, geometry: null });
  give(liar, ...dontHave(10));
  liar.setGeometry(GEOMETRY);
  expect(faultOf(drain(liar))).toBe('ERR_WIRE_RANGE');
  const far = connect({ extended: true, geometry: null });
  expect(faultOf(give(far, ...dontHave(2_097_152)))).toBe('ERR_WIRE_RANGE');
});

const word = fc.oneof(
  fc.record({ type: fc.constantFrom('have', 'dontHave'), piece: fc.nat(9) }),
  fc.record({ type: fc.constant('bitfield'), piece: fc.nat(1_023) }),
);

test('early or late, the same words add up to the same pieces', () => {
  fc.assert(
    fc.property(fc.boolean(), fc.array(word, { maxLength: 20 }), fc.nat(20), (all, words, known) => {
      const wire = connect({ extended: true, fast: true, geometry: null });
      const model = new Bitfield(10);
      if (all) {
        give(wire, encodeHaveAll());
        model.fill();
      }
      for (const [index, { type, piece }] of words.entries()) {
        if (index === known) wire.setGeometry(GEOMETRY);
        if (type === 'bitfield') {
          const bytes = Uint8Array.of(piece >> 2, (piece & 3) << 6);
          give(wire, encodeBitfield(bytes));
          for (let at = 0; at < 10; at++) {
            if (Bitfield.fromBytes(bytes, 10).has(at)) model.set(at);
            else model.clear(at);
          }
        } else if (type === 'have') {
          give(wire, encodeHave(piece));
          model.set(piece);
        } else {
          give(wire, ...dontHave(piece));
          model.clear(piece);
        }
      }
      if (known >= words.length) wire.setGeometry(GEOMETRY);
      drain(wire);
      expect(wire.closed).toBeUndefined();
      expect(haveOf(wire)).toEqual([...model]);
    }),
  );
});
