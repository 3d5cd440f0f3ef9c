import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  Bitfield,
  bytesEqual,
  compareBytes,
  concatBytes,
  decodeCompact,
  encodeCompact,
  formatEndpoint,
  formatIp,
  fromHex,
  Layout,
  normalizeIp,
  PrimitivesError,
  parseEndpoint,
  parseIPv4,
  parseIPv6,
  toHex,
} from '../src/index.ts';

test('hexadecimal reads back, and other text is refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      expect(fromHex(toHex(bytes))).toEqual(bytes);
      expect(fromHex(`${toHex(bytes)}g0`)).toBeUndefined();
      expect(fromHex(`${toHex(bytes)}0`)).toBeUndefined();
    }),
  );
});

test('byte order is a total order that agrees with equality', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 6 }), fc.uint8Array({ maxLength: 6 }), (a, b) => {
      expect(Math.sign(compareBytes(a, b))).toBe(Math.sign(Buffer.compare(a, b)));
      expect(bytesEqual(a, b)).toBe(Buffer.compare(a, b) === 0);
      expect(concatBytes([a, b])).toEqual(new Uint8Array(Buffer.concat([a, b])));
    }),
  );
});

test('a bitfield agrees with a set of numbers, and its wire form reads back', () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.nat(99)), { maxLength: 60 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), steps, (length, changes) => {
      const field = new Bitfield(length);
      const model = new Set<number>();
      for (const [add, at] of changes) {
        const piece = at % length;
        if (add) {
          expect(field.set(piece)).toBe(!model.has(piece));
          model.add(piece);
        } else {
          expect(field.clear(piece)).toBe(model.delete(piece));
        }
        expect(field.count).toBe(model.size);
      }
      expect([...field]).toEqual([...model].sort((a, b) => a - b));
      expect(Bitfield.fromBytes(field.toBytes(), length).toBytes()).toEqual(field.toBytes());
      expect([field.isEmpty, field.isFull]).toEqual([model.size === 0, model.size === length]);
    }),
  );
});

test('any bytes are a bitfield or a PrimitivesError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 8 }), fc.nat(64), (bytes, length) => {
      try {
        expect(Bitfield.fromBytes(bytes, length).toBytes()).toEqual(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(PrimitivesError);
      }
    }),
  );
});

test('the spans of all pieces cover every byte of every file once, in order', () => {
  const geometry = (pieceLengths: [number, number], longest: number) =>
    fc.tuple(
      fc.integer({ min: pieceLengths[0], max: pieceLengths[1] }),
      fc.array(fc.nat(longest), { minLength: 1, maxLength: 8 }),
    );
  fc.assert(
    fc.property(fc.oneof(geometry([1, 9], 20), geometry([10_000, 40_000], 90_000)), ([pieceLength, sizes]) => {
      const layout = new Layout({ pieceLength, files: sizes.map((length) => ({ length })) });
      const covered = sizes.map(() => 0);
      let pieces = 0;
      for (let piece = 0; piece < layout.pieceCount; piece++) {
        let at = 0;
        for (const span of layout.spans(piece)) {
          expect(span.at).toBe(at);
          expect(span.offset).toBe(covered[span.file]);
          const { first, end } = layout.piecesOf(span.file);
          expect(first <= piece && piece < end).toBe(true);
          covered[span.file] = span.offset + span.length;
          at += span.length;
        }
        expect(at).toBe(layout.pieceSize(piece));
        let blocks = 0;
        for (let block = 0; block < layout.blockCount(piece); block++) blocks += layout.blockSize(piece, block);
        expect(blocks).toBe(at);
        pieces += at;
      }
      expect(covered).toEqual(sizes);
      expect(pieces).toBe(layout.totalLength);
    }),
  );
});

test('addresses and endpoints read back in their canonical form', () => {
  const endpoint = fc.record({
    host: fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 })),
    port: fc.integer({ min: 1, max: 65_535 }),
  });
  fc.assert(
    fc.property(endpoint, ({ host, port }) => {
      const text = formatIp(host);
      expect(parseIPv4(text) ?? parseIPv6(text)).toEqual(host);
      const canonical = normalizeIp(text) as string;
      const parsed = parseEndpoint(formatEndpoint({ host: text, port }));
      expect(parsed).toEqual({ host: canonical, port });
      const family = canonical.includes(':') ? 6 : 4;
      expect(decodeCompact(encodeCompact([parsed], family), family)).toEqual([parsed]);
    }),
  );
});

test('any text is an endpoint or a PrimitivesError', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'0123456789abcdef:.[]%x ') }), (text) => {
      try {
        const endpoint = parseEndpoint(text);
        expect(parseEndpoint(formatEndpoint(endpoint))).toEqual(endpoint);
      } catch (error) {
        expect(error).toBeInstanceOf(PrimitivesError);
      }
    }),
  );
});
