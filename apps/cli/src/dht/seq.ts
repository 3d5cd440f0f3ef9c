// Sequence numbers of stored items (BEP 44): a higher one replaces a lower one.

export const MAX_SEQ: bigint = 2n ** 63n - 1n;

/** For JSON: as text where a number would not be exact. */
export function seqInJson(seq: bigint): number | string {
  return seq <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(seq) : String(seq);
}
