// The tap finds the blocks of a stream however it is cut; without it the kill tests would count nothing.
import { expect, test } from 'vitest';
import { BlockTap, type PassedBlock } from '../src/block-tap.ts';

function frame(id: number, ...body: readonly number[]): Uint8Array {
  return Uint8Array.from([0, 0, 0, 1 + body.length, id, ...body]);
}

test.for([1, 3, 7, 1_000])('finds blocks in pieces of %d bytes', (cut) => {
  const stream = Buffer.concat([
    new Uint8Array(68).fill(7),
    new Uint8Array(4),
    frame(5, 255, 128),
    frame(7, 0, 0, 0, 3, 0, 0, 0x40, 0, 1, 2, 3),
    frame(1),
    frame(4, 0, 0, 0, 9),
    frame(7, 0, 0, 1, 0, 0, 0, 0, 0, ...new Array<number>(40).fill(7)),
    frame(7, 0, 0, 0, 3, 0, 0, 0, 0, 1).subarray(0, 13),
  ]);
  const found: PassedBlock[] = [];
  const tap = new BlockTap((block) => found.push(block));
  for (let at = 0; at < stream.length; at += cut) tap.push(stream.subarray(at, at + cut));
  expect(found).toEqual([
    { piece: 3, begin: 0x4000, length: 3 },
    { piece: 256, begin: 0, length: 40 },
  ]);
});
