// The road of a block through the wire: no copy of it in either direction, and many messages in one write.
import { expect, test } from 'vitest';
import { encodePiece, encodeRequest, encodeUnchoke } from '../src/index.ts';
import { connect, give } from './harness.ts';

const BLOCK = 16_384;

test('out: the very arrays that were given, each behind its header, in one write with everything else', () => {
  const wire = connect();
  wire.unchoke();
  wire.takeOutput();
  const begins = [0, 1, 2, 3].map((index) => index * BLOCK);
  give(wire, ...begins.map((begin) => encodeRequest(0, begin, BLOCK)));
  const cache = new Uint8Array(4 * BLOCK);
  wire.interested();
  for (const begin of begins) {
    wire.have(1);
    wire.piece(0, begin, cache.subarray(begin, begin + BLOCK));
  }
  const output = wire.takeOutput();
  expect(output.map(({ length }) => length)).toEqual([5 + 9 + 13, BLOCK, 9 + 13, BLOCK, 9 + 13, BLOCK, 9 + 13, BLOCK]);
  const blocks = output.filter(({ length }) => length === BLOCK);
  expect(blocks.every(({ buffer }) => buffer === cache.buffer)).toBe(true);
  expect(blocks.map(({ byteOffset }) => byteOffset)).toEqual(begins);
  const rest = output.filter(({ length }) => length !== BLOCK);
  expect(new Set(rest.map(({ buffer }) => buffer)).size, 'the small ones share one piece of memory').toBe(1);
});

test('in: every part is a view of the chunk it came in, however the block is cut', () => {
  const wire = connect();
  give(wire, encodeUnchoke());
  const stream = encodePiece(0, 0, new Uint8Array(BLOCK).fill(7));
  for (const size of [1, 13, 14, 1_000, BLOCK, BLOCK + 13]) {
    wire.request(0, 0, BLOCK);
    let seen = 0;
    for (let at = 0; at < stream.length; at += size) {
      const chunk = stream.slice(at, at + size);
      wire.receive(chunk, 0);
      for (let event = wire.poll(); event !== undefined; event = wire.poll()) {
        if (event.type !== 'blockPart') continue;
        expect(event.chunk).toBe(chunk);
        expect(event.bytes.buffer).toBe(chunk.buffer);
        seen += event.end - event.start;
      }
    }
    expect(seen).toBe(BLOCK);
  }
});
