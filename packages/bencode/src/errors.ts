/** What can be wrong with an encoded document. The last five are oddities: refused only when reading strictly. */
export type BencodeErrorCode =
  | 'ERR_BENCODE_SIZE'
  | 'ERR_BENCODE_DEPTH'
  | 'ERR_BENCODE_TOKENS'
  | 'ERR_BENCODE_TRUNCATED'
  | 'ERR_BENCODE_UNEXPECTED_BYTE'
  | 'ERR_BENCODE_STRING_LENGTH'
  | 'ERR_BENCODE_INTEGER'
  | 'ERR_BENCODE_MISSING_VALUE'
  | 'ERR_BENCODE_LEADING_ZEROS'
  | 'ERR_BENCODE_NEGATIVE_ZERO'
  | 'ERR_BENCODE_UNSORTED_KEYS'
  | 'ERR_BENCODE_DUPLICATE_KEY'
  | 'ERR_BENCODE_TRAILING_BYTES';

/** Bytes that are not bencode, or go past a limit. Misuse by the caller is a TypeError or RangeError instead. */
export class BencodeError extends Error {
  override readonly name = 'BencodeError';
  readonly code: BencodeErrorCode;
  /** Bytes from the start of the document to what is wrong. */
  readonly offset: number;
  /** Where in the document, such as `info.files[3].path[0]`; empty for the outermost value. Long paths are cut. */
  readonly path: string;

  constructor(code: BencodeErrorCode, message: string, offset: number, path: string) {
    super(`${message} (byte ${offset}${path === '' ? '' : `, in ${path}`})`);
    this.code = code;
    this.offset = offset;
    this.path = path;
  }
}
