// The messages of BEP 9: a dictionary, behind which a data message has the raw bytes of a piece. Nothing is copied when
// reading, and the dictionary may not be longer than any sensible one.
import { BencodeError, decodePrefix, encode, isDict } from '@shoal/bencode';
import { concatBytes } from '@shoal/primitives';
import { UtMetadataError } from './errors.ts';

/** Bytes of a piece of an info dictionary, except the last (BEP 9). */
export const PIECE_LENGTH = 16_384;

/** A message of BEP 9. `data` is a view of the payload. */
export type MetadataMessage =
  | { readonly type: 'request'; readonly piece: number }
  | {
      readonly type: 'data';
      readonly piece: number;
      /** Of the whole dictionary; undefined where the peer does not say it. */
      readonly totalSize: number | undefined;
      readonly data: Uint8Array;
    }
  | { readonly type: 'reject'; readonly piece: number };

const [REQUEST, DATA, REJECT] = [0, 1, 2];
/** Three keys are known; others may come with time. */
const DICTIONARY_LIMITS = { depth: 8, tokens: 128, size: 4_096, digits: 20 } as const;
const MOST_PIECE = 0x7fffffff;

/** A piece of the dictionary is asked for (BEP 9). */
export function encodeRequest(piece: number): Uint8Array {
  return encode({ msg_type: REQUEST, piece });
}

/** A piece of the dictionary is refused (BEP 9). */
export function encodeReject(piece: number): Uint8Array {
  return encode({ msg_type: REJECT, piece });
}

/** `data` are the bytes of the piece, copied; `totalSize` those of the whole dictionary. Throws RangeError for what is no piece. */
export function encodeData(piece: number, totalSize: number, data: Uint8Array): Uint8Array {
  if (data.length === 0 || data.length > PIECE_LENGTH) {
    throw new RangeError(`a piece of metadata has 1 to ${PIECE_LENGTH} bytes, not ${data.length}`);
  }
  return concatBytes([encode({ msg_type: DATA, piece, total_size: totalSize }), data]);
}

/**
 * Reads one message. Undefined for a type that BEP 9 does not know, which is to be ignored. Throws UtMetadataError for
 * what cannot be read.
 */
export function decodeMetadataMessage(payload: Uint8Array): MetadataMessage | undefined {
  const { dictionary, end } = readDictionary(payload);
  const type = dictionary.get('msg_type');
  const piece = dictionary.get('piece');
  if (!isBetween(type, 0, Number.MAX_SAFE_INTEGER)) {
    throw new UtMetadataError('ERR_UT_METADATA_MESSAGE', `msg_type is no number from 0: ${spell(type)}`);
  }
  if (type > REJECT) return undefined;
  if (!isBetween(piece, 0, MOST_PIECE)) {
    throw new UtMetadataError('ERR_UT_METADATA_MESSAGE', `piece is no number from 0: ${spell(piece)}`);
  }
  if (type === REQUEST) return { type: 'request', piece };
  if (type === REJECT) return { type: 'reject', piece };
  const totalSize = dictionary.get('total_size');
  if (totalSize !== undefined && !isBetween(totalSize, 1, Number.MAX_SAFE_INTEGER)) {
    throw new UtMetadataError('ERR_UT_METADATA_DATA', `total_size is no number from 1: ${spell(totalSize)}`);
  }
  const data = payload.subarray(end);
  if (data.length === 0 || data.length > PIECE_LENGTH) {
    const message = `piece ${piece} has ${data.length} bytes, where 1 to ${PIECE_LENGTH} are allowed`;
    throw new UtMetadataError('ERR_UT_METADATA_DATA', message);
  }
  return { type: 'data', piece, totalSize, data };
}

function readDictionary(payload: Uint8Array): { dictionary: ReadonlyMap<string, unknown>; end: number } {
  try {
    const { value, end } = decodePrefix(payload, { limits: DICTIONARY_LIMITS });
    if (isDict(value)) return { dictionary: value, end };
  } catch (error) {
    if (!(error instanceof BencodeError)) throw error;
    throw new UtMetadataError('ERR_UT_METADATA_MESSAGE', error.message, { cause: error });
  }
  throw new UtMetadataError('ERR_UT_METADATA_MESSAGE', 'not a dictionary');
}

function isBetween(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && value >= least && value <= most;
}

function spell(value: unknown): string {
  return typeof value === 'number' || typeof value === 'bigint' ? String(value).slice(0, 40) : typeof value;
}
