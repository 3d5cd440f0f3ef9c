// Keys repeat: the same few stand in every file of a torrent and every message of a peer. A small table of those seen
// last, shared by all documents, spares making the same string again (a third of the time a torrent of many files took).
import { keyFromBytes } from './key.ts';

/** A power of two. */
const SLOTS = 256;
/** Longer keys are not kept: they are rare, and a stranger's. */
const MAX_LENGTH = 20;

const SLOT_KEYS: string[] = new Array<string>(SLOTS).fill('');

/** The key that bytes [start, end) stand for, as `keyFromBytes` spells it. */
export function cachedKey(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  if (length === 0 || length > MAX_LENGTH) return keyFromBytes(bytes.subarray(start, end));
  let hash = length;
  for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + (bytes[at] as number)) | 0;
  const slot = (hash ^ (hash >>> 8)) & (SLOTS - 1);
  const known = SLOT_KEYS[slot] as string;
  if (known.length === length) {
    let at = 0;
    while (at < length && known.charCodeAt(at) === bytes[start + at]) at++;
    if (at === length) return known;
  }
  const key = keyFromBytes(bytes.subarray(start, end));
  SLOT_KEYS[slot] = key;
  return key;
}
