// Streams of messages as fast-check makes them, and ways to cut and spoil them.
import { concatBytes } from '@shoal/primitives';
import fc from 'fast-check';
import {
  encodeAllowedFast,
  encodeBitfield,
  encodeCancel,
  encodeChoke,
  encodeExtended,
  encodeHave,
  encodeHaveAll,
  encodeHaveNone,
  encodeInterested,
  encodeKeepAlive,
  encodeNotInterested,
  encodePiece,
  encodePort,
  encodeReject,
  encodeRequest,
  encodeSuggest,
  encodeUnchoke,
} from '../src/index.ts';

const piece = fc.nat(9);
const begin = fc.constantFrom(0, 16_384, 32_768);
const length = fc.constantFrom(100, 500, 900);
const payload = fc.uint8Array({ minLength: 1, maxLength: 900 });

/** Any message that a peer may send about ten pieces; mostly legal in most states. */
export const message: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.constantFrom(encodeKeepAlive(), encodeChoke(), encodeUnchoke(), encodeInterested(), encodeNotInterested()),
  piece.map(encodeHave),
  piece.map(encodeSuggest),
  piece.map(encodeAllowedFast),
  fc.tuple(piece, begin, length).map(([p, b, l]) => encodeRequest(p, b, l)),
  fc.tuple(piece, begin, length).map(([p, b, l]) => encodeCancel(p, b, l)),
  fc.tuple(piece, begin, length).map(([p, b, l]) => encodeReject(p, b, l)),
  fc.tuple(fc.nat(2), begin, fc.constantFrom(100, 500, 900)).map(([p, b, l]) => encodePiece(p, b, fill(l, p + b))),
  fc.nat(65_535).map(encodePort),
  fc.tuple(fc.integer({ min: 1, max: 255 }), payload).map(([id, bytes]) => encodeExtended(id, bytes)),
  // The wire's own: ids 1 and 2, where there are no extensions.
  piece.map((p) => encodeExtended(1, Uint8Array.of(0, 0, 0, p))),
  fc.nat(1).map((uploadOnly) => encodeExtended(2, Uint8Array.of(uploadOnly))),
  fc.constantFrom('de', 'd1:md1:ai1eee', 'd1:md1:ai0ee1:v3:abce').map((text) => encodeExtended(0, ascii(text))),
  fc.tuple(fc.integer({ min: 21, max: 255 }), payload).map(([id, bytes]) => unknown(id, bytes)),
);

/** What the peer has, then anything. */
export const stream: fc.Arbitrary<Uint8Array> = fc
  .tuple(
    fc.constantFrom(encodeHaveAll(), encodeHaveNone(), encodeBitfield(Uint8Array.of(0xf0, 0x40)), new Uint8Array(0)),
    fc.array(message, { maxLength: 40 }),
  )
  .map(([haves, messages]) => concatBytes([haves, ...messages]));

/** The same bytes in pieces, cut where the numbers say; some are a single byte. */
export function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = Math.max(1, sizes.length > 0 ? (sizes[i % sizes.length] as number) : bytes.length);
    chunks.push(bytes.slice(at, at + size));
    at += size;
  }
  return chunks;
}

export const sizes: fc.Arbitrary<number[]> = fc.array(
  fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 2_000 })),
  { minLength: 1, maxLength: 20 },
);

/** A copy with some bytes changed. */
export function spoil(bytes: Uint8Array, changes: readonly (readonly [number, number])[]): Uint8Array {
  const spoiled = bytes.slice();
  for (const [at, value] of changes) if (spoiled.length > 0) spoiled[at % spoiled.length] = value;
  return spoiled;
}

function unknown(id: number, bytes: Uint8Array): Uint8Array {
  const whole = encodeExtended(0, bytes);
  whole[4] = id;
  return whole;
}

export function fill(length: number, seed: number): Uint8Array {
  return new Uint8Array(length).map((_, i) => seed + 31 * i);
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
