// BEP 6 "Allowed Fast Set Generation": the pieces a peer may ask for while choked, the same whoever computes them.

/**
 * The first `count` pieces of a peer's set, in the order of generation. `ip` is the peer's IPv4 address, 4 bytes: BEP 6
 * defines the set for no other, so for anything else the answer is empty. A torrent with no more than `count` pieces
 * allows them all.
 */
export function allowedFastSet(
  ip: Uint8Array,
  infoHash: Uint8Array,
  pieceCount: number,
  count: number,
  sha1: (bytes: Uint8Array) => Uint8Array,
): number[] {
  if (infoHash.length !== 20) throw new RangeError(`an info-hash on the wire has 20 bytes, not ${infoHash.length}`);
  if (ip.length !== 4) return [];
  if (pieceCount <= count) return Array.from({ length: pieceCount }, (_, piece) => piece);
  const seed = new Uint8Array(24);
  // Only the first three bytes of the address count, so that a user cannot widen the set with neighbouring addresses.
  seed.set(ip.subarray(0, 3));
  seed.set(infoHash, 4);
  const pieces = new Set<number>();
  for (let digest = sha1(seed); ; digest = sha1(digest)) {
    const view = new DataView(digest.buffer, digest.byteOffset, digest.byteLength);
    for (let word = 0; word < 5; word++) {
      if (pieces.size === count) return [...pieces];
      pieces.add(view.getUint32(4 * word) % pieceCount);
    }
  }
}
