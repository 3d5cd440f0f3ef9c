// From bytes to values, without recursion: the depth of a document costs an array, not the stack. A key that stands
// twice keeps its first value, as in libtorrent, so that all of us see the same torrent.
import { BencodeError } from './errors.ts';
import { type DecodeLimits, limitsWith } from './limits.ts';
import type { Oddity } from './oddity.ts';
import { Scanner } from './scanner.ts';
import type { BencodeDict, BencodeValue } from './value.ts';

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
  if (bytes.length > limits.size) {
    const message = `a document of ${bytes.length} bytes where ${limits.size} are allowed`;
    throw new BencodeError('ERR_BENCODE_SIZE', message, limits.size, '');
  }
  const scanner = new Scanner(bytes, { ...options, limits });
  const value = build(scanner);
  if (scanner.offset < bytes.length) scanner.oddity('trailing-bytes', scanner.offset);
  return value;
}

/**
 * Reads the value that `bytes` begin with and leaves alone what follows (BEP 9 puts raw metadata behind a dictionary).
 * `end` is the number of bytes read; `limits.size` counts those alone. Throws BencodeError.
 */
export function decodePrefix(bytes: Uint8Array, options: DecodeOptions = {}): { value: BencodeValue; end: number } {
  const scanner = new Scanner(bytes, { ...options, limits: limitsWith(options.limits) });
  const value = build(scanner);
  return { value, end: scanner.offset };
}

/** What is being filled: a list, or a dictionary with the key that waits for its value and the highest key so far. */
type Container =
  | { readonly list: BencodeValue[]; readonly dict?: undefined }
  | { readonly dict: BencodeDict; readonly list?: undefined; key: string; highest: string; isDuplicate: boolean };

function build(scanner: Scanner): BencodeValue {
  const open: Container[] = [];
  let inner: Container | undefined;
  let root: BencodeValue | undefined;
  for (;;) {
    const token = scanner.next();
    let value: BencodeValue;
    let opened: Container | undefined;
    switch (token) {
      case 'key':
        readKey(scanner, inner);
        continue;
      case 'end':
        open.pop();
        inner = open.at(-1);
        if (inner === undefined) return root as BencodeValue;
        continue;
      case 'integer':
        value = scanner.integer;
        break;
      case 'string':
        value = scanner.content();
        break;
      case 'list':
        value = [];
        opened = { list: value };
        break;
      case 'dict':
        value = new Map();
        opened = { dict: value, key: '', highest: '', isDuplicate: false };
        break;
    }
    if (inner === undefined) root = value;
    else if (inner.list) inner.list.push(value);
    else if (!inner.isDuplicate) inner.dict.set(inner.key, value);
    if (opened) {
      open.push(opened);
      inner = opened;
    } else if (inner === undefined) {
      return value;
    }
  }
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
