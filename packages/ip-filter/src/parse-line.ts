// One line of a list, whatever its format: eMule's `1.2.3.4 - 1.2.3.9 , 100 , words`, PeerGuardian's `words:1.2.3.4-1.2.3.9`,
// `1.2.3.0/24`, a single address, and the same in IPv6. IPv4 is read by hand, as lists of a million lines are of it.
import { isMapped, parseSix, unmapped } from './address.ts';
import { compare } from './range-table.ts';

export type Line =
  /** Empty, or a comment. */
  | { readonly kind: 'nothing' }
  /** `words`: those of the first address, then those of the last; 2 for IPv4, 8 for IPv6. */
  | { readonly kind: 'blocked'; readonly words: readonly number[] }
  /** Addresses that the list lets through: their access level says so. */
  | { readonly kind: 'allowed' }
  | { readonly kind: 'bad'; readonly reason: string };

/** eMule blocks what stands below it. */
const FIRST_ALLOWED_LEVEL = 128;

const NOTHING: Line = { kind: 'nothing' };
const NO_ADDRESSES: Line = { kind: 'bad', reason: 'no addresses' };
const UPSIDE_DOWN: Line = { kind: 'bad', reason: 'the first address is above the last' };

export function parseLine(text: string): Line {
  const line = text.trim();
  if (line === '' || /^(?:[#;]|\/\/)/.test(line)) return NOTHING;
  const four = parseFour(line) ?? parseNamedFour(line);
  if (four) return four;
  return (line.includes(':') ? (parseSixes(line) ?? parseNamedSixes(line)) : undefined) ?? NO_ADDRESSES;
}

/** Where reading has come to. */
interface Cursor {
  readonly text: string;
  at: number;
}

/** `a`, `a/24` or `a - b`, and behind it nothing, a comment or `, level , words`. Undefined: something else. */
function parseFour(line: string): Line | undefined {
  const cursor: Cursor = { text: line, at: 0 };
  const first = readFour(cursor);
  if (first < 0) return undefined;
  let [low, high] = [first, first];
  if (take(cursor, SLASH)) {
    const prefix = readNumber(cursor, 2);
    if (prefix < 0 || prefix > 32) return { kind: 'bad', reason: 'a prefix length from 0 to 32 expected' };
    const size = 2 ** (32 - prefix);
    low = Math.floor(first / size) * size;
    high = low + size - 1;
  } else if (take(cursor, DASH)) {
    high = readFour(cursor);
    if (high < 0) return undefined;
  }
  const rest = line.slice(cursor.at).trimStart();
  if (!/^(?:$|[,#;]|\/\/)/.test(rest)) return undefined;
  return verdict([low], [high], rest);
}

/** `words:a-b`; the words may have colons of their own. */
function parseNamedFour(line: string): Line | undefined {
  const cursor: Cursor = { text: line, at: line.lastIndexOf(':') + 1 };
  const first = readFour(cursor);
  if (first < 0 || !take(cursor, DASH)) return undefined;
  const last = readFour(cursor);
  return last < 0 || cursor.at < line.length ? undefined : verdict([first], [last], '');
}

function parseSixes(line: string): Line | undefined {
  const match = /^([\da-f:.]+)(?:\s*\/\s*(\d{1,3})|\s*-\s*([\da-f:.]+))?\s*((?:[,#;]|\/\/).*)?$/i.exec(line);
  const [, from = '', prefix, to = from, rest = ''] = match ?? [];
  const [first, last] = [parseSix(from), parseSix(to)];
  if (!first || !last) return undefined;
  if (prefix === undefined) return verdict(first, last, rest);
  if (Number(prefix) > 128) return { kind: 'bad', reason: 'a prefix length from 0 to 128 expected' };
  const masks = first.map((_, index) => {
    const bits = Math.min(32, Math.max(0, Number(prefix) - 32 * index));
    return bits === 0 ? 0 : (0xffff_ffff << (32 - bits)) >>> 0;
  });
  return verdict(
    first.map((word, index) => (word & (masks[index] as number)) >>> 0),
    first.map((word, index) => (word | ~(masks[index] as number)) >>> 0),
    rest,
  );
}

/**
 * `words:a-b`. Where the words end and the address begins the colons cannot tell: the longest address is taken that is
 * valid, stands behind a colon and is not above the last. (Words of hexadecimal digits alone are a part of the address.)
 */
function parseNamedSixes(line: string): Line | undefined {
  const dash = line.lastIndexOf('-');
  const last = dash < 0 ? undefined : parseSix(line.slice(dash + 1).trimStart());
  if (!last) return undefined;
  // An address has 45 characters at most; longer words before it are never looked at.
  const [, tail = ''] = /([\da-f:.]{2,60})\s*$/i.exec(line.slice(0, dash)) ?? [];
  for (let at = tail.indexOf(':') + 1; at > 0; at = tail.indexOf(':', at) + 1) {
    const first = parseSix(tail.slice(at));
    if (first && compare(first, 0, last, 0, 4) <= 0) return verdict(first, last, '');
  }
  return undefined;
}

/** `rest` is what stands behind the addresses: `, level , words`, a comment, or nothing. */
function verdict(first: readonly number[], last: readonly number[], rest: string): Line {
  // A range of IPv6 that merely passes ::ffff:0:0/96 leaves IPv4 alone: `::/0` is meant for IPv6.
  const areMapped = isMapped(first) && isMapped(last);
  const [low, high] = areMapped ? [unmapped(first), unmapped(last)] : [first, last];
  if (compare(low, 0, high, 0, low.length === 1 ? 1 : 4) > 0) return UPSIDE_DOWN;
  const level = /^,\s*(\d{1,9})\s*(?:,|$)/.exec(rest)?.[1];
  if (level !== undefined && Number(level) >= FIRST_ALLOWED_LEVEL) return { kind: 'allowed' };
  return { kind: 'blocked', words: [...low, ...high] };
}

const SPACE = 0x20;
const TAB = 0x09;
const DASH = 0x2d;
const DOT = 0x2e;
const SLASH = 0x2f;
const ZERO = 0x30;

/** Four numbers up to 255, padded with zeros or not (they are decimal all the same); -1 where there are none. */
function readFour(cursor: Cursor): number {
  let address = 0;
  for (let part = 0; part < 4; part++) {
    if (part > 0 && cursor.text.charCodeAt(cursor.at++) !== DOT) return -1;
    const value = readNumber(cursor, 3);
    if (value < 0 || value > 255) return -1;
    address = address * 256 + value;
  }
  return cursor.text.charCodeAt(cursor.at) === DOT ? -1 : address;
}

/** One to `maxDigits` digits and no more; -1 where there are none. */
function readNumber(cursor: Cursor, maxDigits: number): number {
  let value = 0;
  const from = cursor.at;
  for (;;) {
    const digit = cursor.text.charCodeAt(cursor.at) - ZERO;
    if (!(digit >= 0 && digit <= 9)) break;
    value = value * 10 + digit;
    cursor.at++;
    if (cursor.at - from > maxDigits) return -1;
  }
  return cursor.at === from ? -1 : value;
}

/** Steps over blanks, the character and blanks again; where it is another one, nothing is stepped over. */
function take(cursor: Cursor, character: number): boolean {
  const at = afterBlanks(cursor.text, cursor.at);
  if (cursor.text.charCodeAt(at) !== character) return false;
  // `//` begins a comment.
  if (character === SLASH && cursor.text.charCodeAt(at + 1) === SLASH) return false;
  cursor.at = afterBlanks(cursor.text, at + 1);
  return true;
}

function afterBlanks(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) === SPACE || text.charCodeAt(at) === TAB) at++;
  return at;
}
