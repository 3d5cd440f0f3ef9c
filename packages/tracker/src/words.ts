// What a stranger says to our user: one line, no control characters, nothing that turns the text around, not endless.
import { type BencodeValue, keyFromBytes, textOf } from '@shoal/bencode';

const MAX_WORDS = 300;
/** Controls, bidi marks, embeddings, overrides and isolates, line separators: they would rewrite a terminal's line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it takes out
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+/g;

/** A tracker's words for the user; null where there are none (not a string, or nothing printable in it). */
export function wordsOf(value: BencodeValue | undefined): string | null {
  if (!(value instanceof Uint8Array)) return null;
  // A character has at most 4 bytes in UTF-8; what is cut in its middle must not make the rest unreadable.
  const start = value.subarray(0, 4 * MAX_WORDS);
  let text = textOf(value.length > start.length ? wholeCharacters(start) : start);
  text ??= keyFromBytes(start);
  text = text.replaceAll(UNPRINTABLE, ' ').replaceAll(/ {2,}/g, ' ').trim();
  if (text === '') return null;
  const characters = Array.from(text);
  return characters.length > MAX_WORDS ? `${characters.slice(0, MAX_WORDS).join('')}…` : text;
}

/** The bytes up to the last place where a UTF-8 character begins. */
function wholeCharacters(bytes: Uint8Array): Uint8Array {
  let end = bytes.length - 1;
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}
