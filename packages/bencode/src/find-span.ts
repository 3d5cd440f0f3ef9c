// Where a value's raw bytes stand in an encoded document: an info-hash is of those, never of a re-encoding (BEP 3).
import { type DecodeLimits, limitsWith } from './limits.ts';
import { Scanner } from './scanner.ts';

/** Bytes [start, end) of a document. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * The raw bytes of the value at `path`: keys as `keyFromBytes` spells them, list indices as numbers; an empty path is
 * the whole value. Of a key that stands twice the first counts, as in `decode`. Undefined where there is no such value.
 * Reads no further than that value; throws BencodeError where what it reads is malformed.
 */
export function findSpan(
  bytes: Uint8Array,
  path: readonly (string | number)[],
  limits?: Partial<DecodeLimits>,
): Span | undefined {
  const scanner = new Scanner(bytes, limitsWith(limits));
  if (!enter(scanner, path)) return undefined;
  const start = scanner.offset;
  const { depth } = scanner;
  if (scanner.next() === 'end') return undefined;
  scanner.skipTo(depth);
  return { start, end: scanner.offset };
}

/**
 * The raw bytes of all values of the dictionary at `path`, by their keys, in the order they stand in; of a key that stands twice the first. Undefined where
 * there is no dictionary. Reads it once, so that it costs less than a `findSpan` for each key. Throws BencodeError as `findSpan`.
 */
export function findSpans(
  bytes: Uint8Array,
  path: readonly (string | number)[] = [],
  limits?: Partial<DecodeLimits>,
): Map<string, Span> | undefined {
  const scanner = new Scanner(bytes, limitsWith(limits));
  if (!enter(scanner, path) || scanner.next() !== 'dict') return undefined;
  const spans = new Map<string, Span>();
  const { depth } = scanner;
  while (scanner.next() === 'key') {
    const key = scanner.key();
    const start = scanner.offset;
    scanner.next();
    scanner.skipTo(depth);
    if (!spans.has(key)) spans.set(key, { start, end: scanner.offset });
  }
  return spans;
}

/** Reads up to the value at `path`. */
function enter(scanner: Scanner, path: readonly (string | number)[]): boolean {
  return path.every((step) => {
    const token = scanner.next();
    return typeof step === 'number'
      ? token === 'list' && enterItem(scanner, step)
      : token === 'dict' && enterKey(scanner, step);
  });
}

/** Reads up to item `index`, which may turn out to be the list's end. */
function enterItem(scanner: Scanner, index: number): boolean {
  const { depth } = scanner;
  for (let passed = 0; passed < index; passed++) {
    if (scanner.next() === 'end') return false;
    scanner.skipTo(depth);
  }
  return index >= 0 && Number.isInteger(index);
}

/** Reads up to the value of `key`. */
function enterKey(scanner: Scanner, key: string): boolean {
  const { depth } = scanner;
  while (scanner.next() === 'key') {
    const isSame = scanner.contentEnd - scanner.contentStart === key.length && scanner.key() === key;
    if (isSame) return true;
    scanner.next();
    scanner.skipTo(depth);
  }
  return false;
}
