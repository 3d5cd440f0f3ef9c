const SMALLEST = 16 * 1024;
const LARGEST = 16 * 1024 * 1024;
/** Keeps a .torrent near 40 KiB at most. */
const MOST_PIECES = 2_000;

/** A piece length in bytes for this much data: a power of two from 16 KiB to 16 MiB, for 1,000 to 2,000 pieces where that fits. */
export function choosePieceLength(totalLength: number): number {
  if (!Number.isSafeInteger(totalLength) || totalLength < 0)
    throw new RangeError(`not a number of bytes: ${totalLength}`);
  let length = SMALLEST;
  while (length < LARGEST && totalLength > length * MOST_PIECES) length *= 2;
  return length;
}
