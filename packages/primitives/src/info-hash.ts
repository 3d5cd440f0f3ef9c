// A torrent's identity. Immutable; `hex` is its key in maps.
import { PrimitivesError } from './errors.ts';
import { fromHex, toHex } from './hex.ts';

/** The hash of a torrent's raw info dictionary: SHA-1, 20 bytes (v1, BEP 3) or SHA-256, 32 bytes (v2, BEP 52). */
export class InfoHash {
  readonly bytes: Uint8Array;
  /** 40 or 64 lower-case digits. */
  readonly hex: string;

  /** Takes a copy of 20 or 32 bytes; throws ERR_INFO_HASH for any other length. */
  constructor(bytes: Uint8Array) {
    if (bytes.length !== 20 && bytes.length !== 32) {
      throw new PrimitivesError('ERR_INFO_HASH', `an info-hash has 20 or 32 bytes, not ${bytes.length}`);
    }
    this.bytes = Uint8Array.from(bytes);
    this.hex = toHex(bytes);
  }

  /** From 40 or 64 hexadecimal digits; throws ERR_INFO_HASH otherwise. */
  static fromHex(text: string): InfoHash {
    const bytes = fromHex(text);
    if (!bytes) throw new PrimitivesError('ERR_INFO_HASH', `not hexadecimal: ${JSON.stringify(text.slice(0, 80))}`);
    return new InfoHash(bytes);
  }

  get version(): 'v1' | 'v2' {
    return this.bytes.length === 20 ? 'v1' : 'v2';
  }

  /** The 20 bytes that stand in handshakes, announces and the DHT: a v2 hash is truncated there (BEP 52). */
  get wireKey(): Uint8Array {
    return this.bytes.subarray(0, 20);
  }

  equals(other: InfoHash): boolean {
    return this.hex === other.hex;
  }

  toString(): string {
    return this.hex;
  }
}
