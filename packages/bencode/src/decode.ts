// From bytes to values. What is canonical is read on a short road of its own (canonical.ts); all else here, token by token and without
// recursion: the depth of a document costs an array, not the stack. A key that stands twice keeps its first value, as in
// libtorrent, so that all of us see the same torrent.
import { readCanonical } from './canonical.ts';
import { BencodeError } from './errors.ts';
import { findSpans, type Span } from './find-span.ts';
import { type DecodeLimits, limitsWith } from './limits.ts';
import type { Oddity } from './oddity.ts';
import { Scanner } from './scanner.ts';
import type { BencodeDict, BencodeValue } from './value.ts';

/** How tolerant a reading is, and how much it may cost. */
export interface DecodeOptions {
  /** Refuse what BEP 3 forbids but can be understood (see `OddityCode`). Default: false. */
  readonly strict?: boolean;
  readonly limits?: Partial<DecodeLimits>;
  /** Is told of the first thousand oddities of a document. Not called when strict: those throw. */
  readonly onOddity?: (oddity: Oddity) => void;
}

/** Reads one whole document (BEP 3). Throws BencodeError. Byte strings in the answer are views of `bytes`. */
export function decode(bytes: Uint8Array, options: DecodeOptions = {}): BencodeValue {
  const limits = limitsWith(options.limits);
  checkSize(bytes, limits);
  const canonical = readCanonical(bytes, limits);
  return canonical?.end === bytes.length ? canonical.value : readWhole(bytes, limits, options).value;
}

/** A document and what was odd about it. */
export interface DecodeReport {
  readonly value: BencodeValue;
  /** In the order of their offsets, the first thousand. Empty: the document is canonical. */
  readonly oddities: readonly Oddity[];
  /** All of them, those past the first thousand among them. */
  readonly oddityCount: number;
  /** Where the values of the outermost dictionary stand, as `findSpans` has it; empty where the document is none. */
  readonly spans: ReadonlyMap<string, Span>;
}

/**
 * Reads one whole document as `decode` does and answers what it let pass beside the value. Without oddities, `encode` gives the same bytes
 * again. Throws BencodeError.
 */
export function decodeWithReport(bytes: Uint8Array, options: Pick<DecodeOptions, 'limits'> = {}): DecodeReport {
  const limits = limitsWith(options.limits);
  checkSize(bytes, limits);
  const spans = new Map<string, Span>();
  const canonical = readCanonical(bytes, limits, spans);
  if (canonical?.end === bytes.length) return { value: canonical.value, oddities: [], oddityCount: 0, spans };
  const oddities: Oddity[] = [];
  const { value, scanner } = readWhole(bytes, limits, { onOddity: (oddity) => void oddities.push(oddity) });
  return { value, oddities, oddityCount: scanner.oddities, spans: findSpans(bytes, [], limits) ?? new Map() };
}

function checkSize(bytes: Uint8Array, limits: DecodeLimits): void {
  if (bytes.length <= limits.size) return;
  const message = `a document of ${bytes.length} bytes where ${limits.size} are allowed`;
  throw new BencodeError('ERR_BENCODE_SIZE', message, limits.size, '');
}

function readWhole(
  bytes: Uint8Array,
  limits: DecodeLimits,
  { strict, onOddity }: DecodeOptions,
): { value: BencodeValue; scanner: Scanner } {
  const scanner = new Scanner(bytes, limits, strict, onOddity);
  const value = build(scanner);
  if (scanner.offset < bytes.length) scanner.oddity('trailing-bytes', scanner.offset);
  return { value, scanner };
}

/**
 * Reads the value that `bytes` begin with and leaves alone what follows (BEP 9 puts raw metadata behind a dictionary).
 * `end` is the number of bytes read; `limits.size` counts those alone. Throws BencodeError.
 */
export function decodePrefix(bytes: Uint8Array, options: DecodeOptions = {}): { value: BencodeValue; end: number } {
  const limits = limitsWith(options.limits);
  const canonical = readCanonical(bytes, limits);
  if (canonical !== undefined) return canonical;
  const scanner = new Scanner(bytes, limits, options.strict, options.onOddity);
  const value = build(scanner);
  return { value, end: scanner.offset };
}

/**
 * What is being filled: a dictionary with the key that waits for its value and the highest key so far, or a list, whose items
 * wait on one stack for all lists: an array that is pushed to has room for 17, and most lists hold one or two.
 */
interface Container {
  readonly parent: Container | undefined;
  /** What was opened inside this one last; the next takes its place. */
  child: Container | undefined;
  dict: BencodeDict | undefined;
  key: string;
  highest: string;
  isDuplicate: boolean;
  /** Where the list's items begin on the stack. */
  start: number;
}

function build(scanner: Scanner): BencodeValue {
  let items: BencodeValue[] | undefined;
  let inner: Container | undefined;
  for (;;) {
    let value: BencodeValue;
    switch (scanner.next()) {
      case 'key':
        readKey(scanner, inner);
        continue;
      case 'list':
        items ??= [];
        inner = open(inner, undefined, items.length);
        continue;
      case 'dict':
        inner = open(inner, new Map(), 0);
        continue;
      case 'integer':
        value = scanner.integer;
        break;
      case 'string':
        value = scanner.content();
        break;
      case 'end': {
        const { dict, start, parent } = inner as Container;
        if (dict) {
          value = dict;
        } else {
          value = (items as BencodeValue[]).slice(start);
          (items as BencodeValue[]).length = start;
        }
        inner = parent;
      }
    }
    if (inner === undefined) return value;
    if (inner.dict === undefined) (items as BencodeValue[]).push(value);
    else if (!inner.isDuplicate) inner.dict.set(inner.key, value);
  }
}

function open(parent: Container | undefined, dict: BencodeDict | undefined, start: number): Container {
  const container = parent?.child;
  if (container === undefined) {
    const added: Container = { parent, child: undefined, dict, key: '', highest: '', isDuplicate: false, start };
    if (parent) parent.child = added;
    return added;
  }
  container.dict = dict;
  container.key = '';
  container.highest = '';
  container.isDuplicate = false;
  container.start = start;
  return container;
}

function readKey(scanner: Scanner, inner: Container | undefined): void {
  if (inner?.dict === undefined) return;
  const key = scanner.key();
  // One character per byte, so that `<` compares bytes.
  const isSorted = inner.dict.size === 0 || inner.key < key;
  // Behind one unsorted key the next may be sorted and still a duplicate: only what is above all keys cannot be one.
  const isHighest = inner.dict.size === 0 || inner.highest < key;
  inner.isDuplicate = !isHighest && inner.dict.has(key);
  if (isHighest) inner.highest = key;
  if (inner.isDuplicate) scanner.oddity('duplicate-key', scanner.tokenStart);
  else if (!isSorted) scanner.oddity('unsorted-keys', scanner.tokenStart);
  inner.key = key;
}
