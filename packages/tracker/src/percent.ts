// Percent-encoding of raw bytes (RFC 3986): an info-hash is no text, so encodeURIComponent cannot carry it.

const ENCODED: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return /[A-Za-z0-9._~-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
});

/** Every byte as `%XX`, but for the unreserved characters, which stay. */
export function percentEncode(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += ENCODED[byte];
  return text;
}

/**
 * The bytes of a query's name or value; `+` is a space, as forms write it, and a character beyond ASCII stands for its
 * UTF-8. Undefined where a `%` is not followed by two digits.
 */
export function percentDecode(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    let byte = text.charCodeAt(at);
    if (byte === PERCENT) {
      const high = digit(text.charCodeAt(at + 1));
      const low = digit(text.charCodeAt(at + 2));
      if (high < 0 || low < 0) return undefined;
      byte = high * 16 + low;
      at += 2;
    } else if (byte === PLUS) {
      byte = SPACE;
    } else if (byte > 0x7f) {
      // Rare: an encoder for each value of each query would cost more than all the rest of reading it.
      return percentDecode(beyondAscii(text));
    }
    bytes[length++] = byte;
  }
  return bytes.subarray(0, length);
}

/** The same text with what is beyond ASCII, and controls, as `%XX`. */
function beyondAscii(text: string): string {
  return text.replace(/[^ -~]+/g, (run) => percentEncode(new TextEncoder().encode(run)));
}

const PERCENT = 0x25;
const PLUS = 0x2b;
const SPACE = 0x20;

/** -1 for what is no digit; NaN, past the end, is none. */
function digit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
