// SipHash-2-4 (Aumasson and Bernstein): a keyed hash of 64 bits that nobody without the key can foretell, made for short
// inputs. Words of 64 bits are two of 32 here; a bigint would cost ten times as much.

/** 16 bytes, read once. */
export interface SipKey {
  readonly words: Int32Array;
}

export function sipKey(bytes: Uint8Array): SipKey {
  if (bytes.length !== 16) throw new RangeError(`a SipHash key has 16 bytes, not ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  return { words: Int32Array.from([0, 4, 8, 12], (at) => view.getInt32(at, true)) };
}

/** Writes the hash's low and high word to `into`. `length` bytes of `message` are hashed. */
export function sipHash(key: SipKey, message: Uint8Array, length: number, into: Int32Array): void {
  const [k0 = 0, k1 = 0, k2 = 0, k3 = 0] = key.words;
  state[0] = k0 ^ 0x70736575;
  state[1] = k1 ^ 0x736f6d65;
  state[2] = k2 ^ 0x6e646f6d;
  state[3] = k3 ^ 0x646f7261;
  state[4] = k0 ^ 0x6e657261;
  state[5] = k1 ^ 0x6c796765;
  state[6] = k2 ^ 0x79746573;
  state[7] = k3 ^ 0x74656462;
  const whole = length & ~7;
  for (let at = 0; at < whole; at += 8)
    absorb(littleEndian(message, at, length), littleEndian(message, at + 4, length));
  absorb(littleEndian(message, whole, length), littleEndian(message, whole + 4, length) | (length << 24));
  state[4] = (state[4] as number) ^ 0xff;
  for (let round = 0; round < 4; round++) sipRound();
  into[0] = (state[0] as number) ^ (state[2] as number) ^ (state[4] as number) ^ (state[6] as number);
  into[1] = (state[1] as number) ^ (state[3] as number) ^ (state[5] as number) ^ (state[7] as number);
}

/** v0 to v3, each its low word and its high one. */
const state = new Int32Array(8);

function absorb(low: number, high: number): void {
  state[6] = (state[6] as number) ^ low;
  state[7] = (state[7] as number) ^ high;
  sipRound();
  sipRound();
  state[0] = (state[0] as number) ^ low;
  state[1] = (state[1] as number) ^ high;
}

function sipRound(): void {
  let l0 = state[0] as number;
  let h0 = state[1] as number;
  let l1 = state[2] as number;
  let h1 = state[3] as number;
  let l2 = state[4] as number;
  let h2 = state[5] as number;
  let l3 = state[6] as number;
  let h3 = state[7] as number;
  let low = (l0 >>> 0) + (l1 >>> 0);
  h0 = (h0 + h1 + (low > 0xffff_ffff ? 1 : 0)) | 0;
  l0 = low | 0;
  let turned = (l1 << 13) | (h1 >>> 19);
  h1 = ((h1 << 13) | (l1 >>> 19)) ^ h0;
  l1 = turned ^ l0;
  low = (l2 >>> 0) + (l3 >>> 0);
  h2 = (h2 + h3 + (low > 0xffff_ffff ? 1 : 0)) | 0;
  l2 = low | 0;
  turned = (l3 << 16) | (h3 >>> 16);
  h3 = ((h3 << 16) | (l3 >>> 16)) ^ h2;
  l3 = turned ^ l2;
  // v0 was turned by 32: its halves have changed places.
  low = (h0 >>> 0) + (l3 >>> 0);
  h0 = (l0 + h3 + (low > 0xffff_ffff ? 1 : 0)) | 0;
  l0 = low | 0;
  turned = (l3 << 21) | (h3 >>> 11);
  h3 = ((h3 << 21) | (l3 >>> 11)) ^ h0;
  l3 = turned ^ l0;
  low = (l2 >>> 0) + (l1 >>> 0);
  h2 = (h2 + h1 + (low > 0xffff_ffff ? 1 : 0)) | 0;
  l2 = low | 0;
  turned = (l1 << 17) | (h1 >>> 15);
  h1 = ((h1 << 17) | (l1 >>> 15)) ^ h2;
  l1 = turned ^ l2;
  state[0] = l0;
  state[1] = h0;
  state[2] = l1;
  state[3] = h1;
  // And v2.
  state[4] = h2;
  state[5] = l2;
  state[6] = l3;
  state[7] = h3;
}

/** Bytes past the end are 0. */
function littleEndian(bytes: Uint8Array, at: number, end: number): number {
  let word = 0;
  for (let byte = 0; byte < 4 && at + byte < end; byte++) word |= (bytes[at + byte] as number) << (8 * byte);
  return word;
}
