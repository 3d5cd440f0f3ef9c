import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeMetadataMessage, encodeData, encodeReject, encodeRequest, UtMetadataError } from '../src/index.ts';

const piece = fc.nat(0x7fffffff);

test('what is encoded is decoded', () => {
  const data = fc.uint8Array({ minLength: 1, maxLength: 16_384 });
  fc.assert(
    fc.property(piece, fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), data, (index, totalSize, bytes) => {
      expect(decodeMetadataMessage(encodeRequest(index))).toEqual({ type: 'request', piece: index });
      expect(decodeMetadataMessage(encodeReject(index))).toEqual({ type: 'reject', piece: index });
      const message = decodeMetadataMessage(encodeData(index, totalSize, bytes));
      expect(message).toEqual({ type: 'data', piece: index, totalSize, data: bytes });
    }),
  );
});

test('no bytes do anything but be read, be ignored, or be refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        decodeMetadataMessage(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(UtMetadataError);
      }
    }),
    { numRuns: 2_000 },
  );
});
