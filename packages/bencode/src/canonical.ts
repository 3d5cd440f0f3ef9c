// The fast road: reads what is in canonical form and within the limits, which nearly everything is, and gives up on all
// else without a word; `Scanner` then reads that from its beginning and says what is wrong or odd. So a rule stands here
// only as "not this", and what an error or an oddity is stands there alone. Invariants: what is answered has no oddity;
// recursion is no deeper than `MOST_DEPTH`; no code of others runs while the state below is in use.
import { cachedKey } from './key-cache.ts';
import type { DecodeLimits } from './limits.ts';
import type { BencodeDict, BencodeValue } from './value.ts';

/** Deeper documents are read without recursion. */
const MOST_DEPTH = 100;
/** Digits that a number holds whatever they are. */
const MOST_DIGITS = 15;
const NOTHING = new Uint8Array(0);

// One document at a time: variables of the module cost less to reach than fields of an object for each.
let bytes: Uint8Array = NOTHING;
let buffer: ArrayBufferLike = NOTHING.buffer;
let base = 0;
let at = 0;
let end = 0;
let tokens = 0;
let digits = 0;
/** Where the values of the outermost dictionary stand, if anybody asked. */
let spans: Map<string, { start: number; end: number }> | undefined;
let outermost = 0;

/** The value that the bytes begin with, and where it ends; undefined where this is for the scanner to read. */
export function readCanonical(
  document: Uint8Array,
  limits: DecodeLimits,
  found?: Map<string, { start: number; end: number }>,
): { value: BencodeValue; end: number } | undefined {
  if (!(document instanceof Uint8Array)) return undefined;
  bytes = document;
  buffer = document.buffer;
  base = document.byteOffset;
  at = 0;
  end = Math.min(document.length, limits.size);
  tokens = limits.tokens;
  digits = Math.min(limits.digits, MOST_DIGITS);
  outermost = Math.min(limits.depth, MOST_DEPTH);
  spans = found;
  const value = readValue(outermost);
  bytes = NOTHING;
  buffer = NOTHING.buffer;
  spans = undefined;
  return value === undefined ? undefined : { value, end: at };
}

/** `depth` is how many more lists and dictionaries may be opened. */
function readValue(depth: number): BencodeValue | undefined {
  if (at >= end || --tokens < 0) return undefined;
  const byte = bytes[at] as number;
  if (byte === 0x69 /* i */) return readInteger();
  if (byte === 0x64 /* d */) return depth > 0 ? readDict(depth) : undefined;
  if (byte === 0x6c /* l */) return depth > 0 ? readList(depth - 1) : undefined;
  const length = readLength();
  if (length < 0) return undefined;
  const start = at;
  at = start + length;
  return new Uint8Array(buffer, base + start, length);
}

function readDict(depth: number): BencodeDict | undefined {
  const dict: BencodeDict = new Map();
  let last = '';
  at++;
  while (at < end) {
    if (bytes[at] === 0x65 /* e */) {
      at++;
      return dict;
    }
    if (--tokens < 0) return undefined;
    const length = readLength();
    if (length < 0) return undefined;
    const start = at + length;
    const key = cachedKey(bytes, at, start);
    if (last >= key && dict.size > 0) return undefined;
    last = key;
    at = start;
    const value = readValue(depth - 1);
    if (value === undefined) return undefined;
    dict.set(key, value);
    if (spans !== undefined && depth === outermost) spans.set(key, { start, end: at });
  }
  return undefined;
}

/** Most lists are of one, two or three; a literal has room for just these, where one that is pushed to has room for 17. */
function readList(depth: number): BencodeValue[] | undefined {
  at++;
  if (isEnd()) return [];
  const first = readValue(depth);
  if (first === undefined) return undefined;
  if (isEnd()) return [first];
  const second = readValue(depth);
  if (second === undefined) return undefined;
  if (isEnd()) return [first, second];
  const third = readValue(depth);
  if (third === undefined) return undefined;
  const list = [first, second, third];
  while (!isEnd()) {
    const item = readValue(depth);
    if (item === undefined) return undefined;
    list.push(item);
  }
  return list;
}

function isEnd(): boolean {
  if (at >= end || bytes[at] !== 0x65 /* e */) return false;
  at++;
  return true;
}

/** Reads a string's length and colon: bytes of the string, all of which are there, or -1. */
function readLength(): number {
  // Digits are the only bytes that this brings below ten.
  let length = (bytes[at] as number) ^ 0x30;
  if (length > 9) return -1;
  const isZero = length === 0;
  for (at++; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte === 0x3a /* : */) {
      at++;
      return length <= end - at ? length : -1;
    }
    const digit = byte ^ 0x30;
    if (digit > 9 || isZero) return -1;
    length = length * 10 + digit;
    if (length > end) return -1;
  }
  return -1;
}

function readInteger(): number | undefined {
  let from = at + 1;
  const isNegative = from < end && bytes[from] === 0x2d; /* - */
  if (isNegative) from++;
  let value = 0;
  for (at = from; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte === 0x65 /* e */) break;
    const digit = byte ^ 0x30;
    // A zero is the first digit of zero alone.
    if (digit > 9 || (value === 0 && at > from)) return undefined;
    value = value * 10 + digit;
    if (at - from >= digits) return undefined;
  }
  if (at >= end || at === from || (isNegative && value === 0)) return undefined;
  at++;
  return isNegative ? -value : value;
}
