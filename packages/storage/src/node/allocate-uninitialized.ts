// Big buffers without the zeroing, which was a third of a seed's CPU time where nothing else is left to do.
import { Buffer } from 'node:buffer';

/** Memory that holds anything: for `PieceStoreOptions.allocate`, which overwrites every byte before it is read. */
export function allocateUninitialized(bytes: number): Uint8Array {
  // A plain view: of a Buffer, `subarray` and friends would make Buffers.
  const { buffer, byteOffset } = Buffer.allocUnsafeSlow(bytes);
  return new Uint8Array(buffer, byteOffset, bytes);
}
