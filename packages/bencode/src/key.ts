// Dictionary keys: any bytes at all (infohashes in a scrape), spelled one character per byte so that they can be Map
// keys and compare as their bytes do. Not TextDecoder's 'latin1', which is windows-1252 and changes 0x80 to 0x9f.

/** Arguments a call takes without trouble. */
const CHUNK = 4_096;

/** The key that stands for these bytes. */
export function keyFromBytes(bytes: Uint8Array): string {
  if (bytes.length <= CHUNK) return spell(bytes);
  let key = '';
  for (let at = 0; at < bytes.length; at += CHUNK) key += spell(bytes.subarray(at, at + CHUNK));
  return key;
}

/** The bytes a key stands for. Throws TypeError for a character that is no byte. */
export function keyBytes(key: string): Uint8Array {
  const bytes = new Uint8Array(key.length);
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i);
    if (code > 0xff) {
      throw new TypeError(
        `a key is spelled one character per byte: character ${i} of ${JSON.stringify(key)} is no byte`,
      );
    }
    bytes[i] = code;
  }
  return bytes;
}

function spell(bytes: Uint8Array): string {
  return String.fromCharCode.apply(null, bytes as unknown as number[]);
}
