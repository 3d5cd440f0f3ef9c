import { concatBytes, toHex } from '@shoal/primitives';
import { expect, test } from 'vitest';
import { encodeExtended, encodeHave, encodeKeepAlive, encodePiece, MESSAGE_ID } from '../src/index.ts';
import { OutputQueue } from '../src/output.ts';

test('order is kept over small messages, long ones and blocks; the length is that of the bytes', () => {
  const queue = new OutputQueue();
  const block = new Uint8Array(16_384).fill(7);
  const long = encodeExtended(1, new Uint8Array(600).fill(8));
  const short = encodeExtended(2, new Uint8Array(5));
  queue.fixed(MESSAGE_ID.have, 1, 5);
  queue.piece(1, 2, block);
  queue.keepAlive();
  queue.bytes(short);
  queue.bytes(long);
  queue.fixed(MESSAGE_ID.have, 1, 6);
  const expected = [encodeHave(5), encodePiece(1, 2, block), encodeKeepAlive(), short, long, encodeHave(6)];
  expect(queue.length).toBe(concatBytes(expected).length);
  const buffers = queue.take();
  expect(toHex(concatBytes(buffers))).toBe(toHex(concatBytes(expected)));
  expect(buffers.length).toBe(5);
  expect([queue.length, queue.take()]).toEqual([0, []]);
});

test('what was handed out is never written again', () => {
  const queue = new OutputQueue();
  const taken: [Uint8Array, Uint8Array][] = [];
  for (let piece = 0; piece < 1_000; piece++) {
    queue.fixed(MESSAGE_ID.have, 1, piece);
    for (const buffer of queue.take()) taken.push([buffer, buffer.slice()]);
  }
  for (const [piece, [now, then]] of taken.entries()) {
    expect(toHex(now)).toBe(toHex(then));
    expect(toHex(now)).toBe(toHex(encodeHave(piece)));
  }
});
