// Keys repeat: the same few stand in every file of a torrent and every message of a peer. A small table of those seen
// last, shared by all documents, spares making the same string again (a third of the time a torrent of many files took).
import { keyFromBytes } from './key.ts';

/** A power of two. */
const SLOTS = 256;
/** Longer keys are not kept: they are rare, and a stranger's. */
const MAX_LENGTH = 20;

const SLOT_KEYS: string[] = new Array<string>(SLOTS).fill('');
/** The same keys as bytes, which compare faster than a string's characters: `MAX_LENGTH` of them a slot. */
const SLOT_BYTES = new Uint8Array(SLOTS * MAX_LENGTH);

/** The key that bytes [start, end) stand for, as `keyFromBytes` spells it. */
export function cachedKey(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  if (length === 0 || length > MAX_LENGTH) return keyFromBytes(bytes.subarray(start, end));
  // Three of its bytes and its length, weighed so that of the hundred keys that messages and torrents have three pairs share a slot.
  const sample =
    (bytes[start] as number) + 56 * (bytes[end - 1] as number) + 60 * (bytes[start + (length >> 1)] as number);
  const slot = (sample + 6 * length) & (SLOTS - 1);
  const kept = slot * MAX_LENGTH;
  const known = SLOT_KEYS[slot] as string;
  if (known.length === length) {
    let at = 0;
    while (at < length && SLOT_BYTES[kept + at] === bytes[start + at]) at++;
    if (at === length) return known;
  }
  const content = bytes.subarray(start, end);
  const key = keyFromBytes(content);
  SLOT_KEYS[slot] = key;
  SLOT_BYTES.set(content, kept);
  return key;
}
