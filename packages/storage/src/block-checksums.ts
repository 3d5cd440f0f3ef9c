// What is kept of a piece's bytes to tell later which block was wrong: four bytes a block instead of 16 KiB.
import { BLOCK_LENGTH, crc32c } from '@shoal/primitives';

/** The CRC32-C of each block of a piece, by block index. */
export function blockChecksums(piece: Uint8Array): Uint32Array {
  const checksums = new Uint32Array(Math.ceil(piece.length / BLOCK_LENGTH));
  for (let block = 0; block < checksums.length; block++) {
    checksums[block] = crc32c(piece.subarray(block * BLOCK_LENGTH, (block + 1) * BLOCK_LENGTH));
  }
  return checksums;
}
