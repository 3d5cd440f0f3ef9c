import type { BencodeErrorCode } from './errors.ts';

/** What other programs write although BEP 3 forbids it, and what can still be read in one way only. */
export type OddityCode = 'unsorted-keys' | 'duplicate-key' | 'leading-zeros' | 'negative-zero' | 'trailing-bytes';

/** One departure from the canonical form that a tolerant reader let pass. */
export interface Oddity {
  readonly code: OddityCode;
  /** Bytes from the start of the document. */
  readonly offset: number;
  /** As in `BencodeError.path`. */
  readonly path: string;
}

/** As what a strict reader refuses an oddity. */
export const ODDITY_ERRORS: Readonly<Record<OddityCode, { code: BencodeErrorCode; message: string }>> = {
  'unsorted-keys': { code: 'ERR_BENCODE_UNSORTED_KEYS', message: 'a key sorts before the one it follows' },
  'duplicate-key': { code: 'ERR_BENCODE_DUPLICATE_KEY', message: 'a key stands in its dictionary twice' },
  'leading-zeros': { code: 'ERR_BENCODE_LEADING_ZEROS', message: 'a number has leading zeros' },
  'negative-zero': { code: 'ERR_BENCODE_NEGATIVE_ZERO', message: 'an integer is minus zero' },
  'trailing-bytes': { code: 'ERR_BENCODE_TRAILING_BYTES', message: 'bytes follow the outermost value' },
};
