// The shapes of decoded values. Integers are numbers while safe, else bigints; byte strings are views of the input.

/** A dictionary. Keys are byte strings spelled one character per byte, so that ASCII keys read as they look. */
export type BencodeDict = Map<string, BencodeValue>;

/** What decoding answers. A `Uint8Array` shares memory with the document it came from. */
export type BencodeValue = number | bigint | Uint8Array | BencodeValue[] | BencodeDict;

/** What can be encoded: text goes out as UTF-8; a plain object is a dictionary whose undefined members are left out. */
export type BencodeInput =
  | number
  | bigint
  | string
  | Uint8Array
  | readonly BencodeInput[]
  | ReadonlyMap<string, BencodeInput>
  | { readonly [key: string]: BencodeInput | undefined };

/** Whether a value is a dictionary. */
export function isDict(value: BencodeValue | undefined): value is BencodeDict {
  return value instanceof Map;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A byte string as text, or undefined where the value is none or is not valid UTF-8. */
export function textOf(value: BencodeValue | undefined): string | undefined {
  if (!(value instanceof Uint8Array)) return undefined;
  try {
    return UTF8.decode(value);
  } catch {
    return undefined;
  }
}
