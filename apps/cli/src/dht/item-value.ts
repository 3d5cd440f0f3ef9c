// The value of a stored item as people and scripts read it. In the DHT it is bencoded, and nearly always a string.
import { decode } from '@shoal/bencode';
import { toHex } from '@shoal/primitives';
import { UNPRINTABLE } from '../output/printable.ts';

/** Control characters that text has. */
const IN_TEXT = /[\n\t]/g;

/** The text of a string that is safe to print as it is; null for other strings, numbers, lists and dictionaries. */
export function textOfValue(bencoded: Uint8Array): string | null {
  const value = decode(bencoded);
  if (!(value instanceof Uint8Array)) return null;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value);
    return text.replace(IN_TEXT, '').search(UNPRINTABLE) < 0 ? text : null;
  } catch {
    return null;
  }
}

/** A string's bytes in hexadecimal digits, of other values their bencoded form. */
export function hexOfValue(bencoded: Uint8Array): string {
  const value = decode(bencoded);
  return toHex(value instanceof Uint8Array ? value : bencoded);
}
