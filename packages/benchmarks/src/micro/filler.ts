/** Bytes of no meaning, the same each time. */
export function bytesOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 97 + 13) & 0xff);
}
