export { type DecodeOptions, type DecodeReport, decode, decodePrefix, decodeWithReport } from './decode.ts';
export { encode } from './encode.ts';
export { BencodeError, type BencodeErrorCode } from './errors.ts';
export { findSpan, findSpans, type Span } from './find-span.ts';
export { keyBytes, keyFromBytes } from './key.ts';
export { DEFAULT_LIMITS, type DecodeLimits } from './limits.ts';
export type { Oddity, OddityCode } from './oddity.ts';
export { type BencodeDict, type BencodeInput, type BencodeValue, isDict, textOf } from './value.ts';
