// Reads one token after another and knows where in the document it is; builds nothing. It holds the grammar of BEP 3 and
// all limits, for decode and findSpan alike. Invariants: `offset` never passes `end`; the stack is no deeper than
// `limits.depth`; in a dictionary, keys and values alternate; every byte is looked at a bounded number of times.
import { BencodeError, type BencodeErrorCode } from './errors.ts';
import { keyFromBytes } from './key.ts';
import { cachedKey } from './key-cache.ts';
import type { DecodeLimits } from './limits.ts';
import { ODDITY_ERRORS, type Oddity, type OddityCode } from './oddity.ts';

/** `end` closes the innermost list or dictionary. */
export type Token = 'integer' | 'string' | 'key' | 'list' | 'dict' | 'end';

/** Oddities reported for one document; a hostile one could hold a million. */
const MAX_ODDITIES = 1_000;
/** Characters of a key that a path shows, and levels: a path must stay cheap however long the keys. */
const PATH_KEY = 40;
const PATH_LEVELS = 12;

/** A container that is being read. Reused by the next one as deep: a frame for each would be a third of the garbage. */
interface Frame {
  readonly parent: Frame | undefined;
  /** The frame that was opened inside this one last, closed or not. */
  child: Frame | undefined;
  isDict: boolean;
  /** In a dictionary: a key comes next, not a value. */
  expectsKey: boolean;
  /** Values begun so far. */
  count: number;
  /** The key read last. */
  keyStart: number;
  keyEnd: number;
}

export class Scanner {
  /** Bytes read so far. */
  offset = 0;
  /** Where the token read last begins. */
  tokenStart = 0;
  /** The content of the string or key read last. */
  contentStart = 0;
  contentEnd = 0;
  /** The integer read last. */
  integer: number | bigint = 0;

  readonly bytes: Uint8Array;
  readonly #end: number;
  readonly #limits: DecodeLimits;
  readonly #strict: boolean;
  readonly #onOddity: ((oddity: Oddity) => void) | undefined;
  /** The outermost; the first `depth` from there are open. */
  #root: Frame | undefined;
  #depth = 0;
  #top: Frame | undefined;
  #tokens = 0;
  #oddities = 0;

  constructor(bytes: Uint8Array, limits: DecodeLimits, strict = false, onOddity?: (oddity: Oddity) => void) {
    if (!(bytes instanceof Uint8Array)) throw new TypeError(`bencode is read from a Uint8Array, not ${typeof bytes}`);
    this.bytes = bytes;
    this.#limits = limits;
    this.#strict = strict;
    this.#onOddity = onOddity;
    this.#end = Math.min(bytes.length, limits.size);
  }

  /** Containers that are open. */
  get depth(): number {
    return this.#depth;
  }

  /** The next token. Throws BencodeError. */
  next(): Token {
    const at = this.offset;
    this.tokenStart = at;
    if (at >= this.#end) throw this.#truncated('the document ends inside a value');
    const byte = this.bytes[at] as number;
    const top = this.#top;
    if (byte === 0x65 /* e */ && top !== undefined) {
      if (top.isDict && !top.expectsKey) throw this.fail('ERR_BENCODE_MISSING_VALUE', 'a key has no value', at);
      this.offset = at + 1;
      this.#depth--;
      this.#top = top.parent;
      return 'end';
    }
    if (++this.#tokens > this.#limits.tokens) {
      throw this.fail('ERR_BENCODE_TOKENS', `more than ${this.#limits.tokens} values and keys`, at);
    }
    const isDigit = byte >= 0x30 && byte <= 0x39;
    if (top !== undefined) {
      if (top.isDict && top.expectsKey) {
        if (!isDigit) throw this.#unexpected(byte, 'a key or `e`');
        this.#readString();
        top.expectsKey = false;
        top.keyStart = this.contentStart;
        top.keyEnd = this.contentEnd;
        return 'key';
      }
      top.count++;
      top.expectsKey = true;
    }
    if (isDigit) {
      this.#readString();
      return 'string';
    }
    if (byte === 0x69 /* i */) {
      this.#readInteger();
      return 'integer';
    }
    if (byte === 0x6c /* l */ || byte === 0x64 /* d */) {
      if (this.#depth >= this.#limits.depth) {
        throw this.fail(
          'ERR_BENCODE_DEPTH',
          `more than ${this.#limits.depth} lists and dictionaries in one another`,
          at,
        );
      }
      const isDict = byte === 0x64;
      this.#open(isDict);
      this.offset = at + 1;
      return isDict ? 'dict' : 'list';
    }
    throw this.#unexpected(byte, 'a value');
  }

  /** Reads on until `depth` containers are open. */
  skipTo(depth: number): void {
    while (this.#depth > depth) this.next();
  }

  /** The content of the string read last, a view; a plain one where the document is a Buffer, and faster than `subarray`. */
  content(): Uint8Array {
    const { buffer, byteOffset } = this.bytes;
    return new Uint8Array(buffer, byteOffset + this.contentStart, this.contentEnd - this.contentStart);
  }

  /** The key read last. */
  key(): string {
    return cachedKey(this.bytes, this.contentStart, this.contentEnd);
  }

  /** Oddities met so far, those that were not reported among them. */
  get oddities(): number {
    return this.#oddities;
  }

  /** Reports an oddity, or throws it where reading is strict. */
  oddity(code: OddityCode, offset: number): void {
    if (this.#strict) {
      const error = ODDITY_ERRORS[code];
      throw this.fail(error.code, error.message, offset);
    }
    if (++this.#oddities > MAX_ODDITIES || this.#onOddity === undefined) return;
    this.#onOddity({ code, offset, path: this.#path() });
  }

  fail(code: BencodeErrorCode, message: string, offset: number): BencodeError {
    return new BencodeError(code, message, offset, this.#path());
  }

  #open(isDict: boolean): void {
    const parent = this.#top;
    let frame = parent === undefined ? this.#root : parent.child;
    if (frame === undefined) {
      frame = { parent, child: undefined, isDict, expectsKey: isDict, count: 0, keyStart: 0, keyEnd: 0 };
      if (parent === undefined) this.#root = frame;
      else parent.child = frame;
    } else {
      frame.isDict = isDict;
      frame.expectsKey = isDict;
      frame.count = 0;
    }
    this.#top = frame;
    this.#depth++;
  }

  #readString(): void {
    const start = this.offset;
    let at = start;
    let length = 0;
    let byte = this.bytes[at] as number;
    do {
      length = length * 10 + (byte - 0x30);
      at++;
      // Also keeps `length` from growing past what a double holds.
      if (length > this.bytes.length) {
        throw this.fail(
          'ERR_BENCODE_STRING_LENGTH',
          `a string of at least ${length} bytes in a document of ${this.bytes.length}`,
          start,
        );
      }
      if (at >= this.#end) throw this.#truncated("the document ends inside a string's length");
      byte = this.bytes[at] as number;
    } while (byte >= 0x30 && byte <= 0x39);
    if (byte !== 0x3a /* : */) {
      this.offset = at;
      throw this.#unexpected(byte, "`:` after a string's length");
    }
    if (length > this.#end - at - 1) {
      if (this.#end < this.bytes.length && length <= this.bytes.length - at - 1) throw this.#tooLong();
      throw this.fail(
        'ERR_BENCODE_STRING_LENGTH',
        `a string of ${length} bytes where ${this.bytes.length - at - 1} are left`,
        start,
      );
    }
    if (this.bytes[start] === 0x30 && at - start > 1) this.oddity('leading-zeros', start);
    this.contentStart = at + 1;
    this.contentEnd = at + 1 + length;
    this.offset = this.contentEnd;
  }

  #readInteger(): void {
    const start = this.offset;
    let at = start + 1;
    const isNegative = this.bytes[at] === 0x2d; /* - */
    if (isNegative) at++;
    const digits = at;
    let value = 0;
    for (; at < this.#end; at++) {
      const byte = this.bytes[at] as number;
      if (byte < 0x30 || byte > 0x39) break;
      if (at - digits >= this.#limits.digits) {
        throw this.fail('ERR_BENCODE_INTEGER', `an integer of more than ${this.#limits.digits} digits`, start);
      }
      value = value * 10 + (byte - 0x30);
    }
    if (at >= this.#end) throw this.#truncated('the document ends inside an integer');
    if (this.bytes[at] !== 0x65) {
      this.offset = at;
      throw this.#unexpected(this.bytes[at] as number, 'a digit or `e` in an integer');
    }
    if (at === digits) throw this.fail('ERR_BENCODE_INTEGER', 'an integer without digits', start);
    if (this.bytes[digits] === 0x30 && at - digits > 1) this.oddity('leading-zeros', start);
    if (isNegative && value === 0) this.oddity('negative-zero', start);
    this.offset = at + 1;
    if (value <= Number.MAX_SAFE_INTEGER) {
      // `0 - 0` is 0: minus zero never leaves here.
      this.integer = isNegative ? 0 - value : value;
    } else {
      const exact = BigInt(keyFromBytes(this.bytes.subarray(digits, at)));
      this.integer = isNegative ? -exact : exact;
    }
  }

  #truncated(message: string): BencodeError {
    if (this.#end < this.bytes.length) return this.#tooLong();
    return this.fail('ERR_BENCODE_TRUNCATED', message, this.#end);
  }

  #tooLong(): BencodeError {
    return this.fail('ERR_BENCODE_SIZE', `a document of more than ${this.#limits.size} bytes`, this.#end);
  }

  #unexpected(byte: number, wanted: string): BencodeError {
    const shown = byte > 0x20 && byte < 0x7f ? `\`${String.fromCharCode(byte)}\`` : `byte ${byte}`;
    return this.fail('ERR_BENCODE_UNEXPECTED_BYTE', `${shown} where ${wanted} was expected`, this.offset);
  }

  #path(): string {
    let path = '';
    let frame = this.#root;
    for (let level = 0; level < this.#depth && frame !== undefined; level++, frame = frame.child) {
      if (level === PATH_LEVELS) return `${path}…`;
      if (!frame.isDict) {
        if (frame.count > 0) path += `[${frame.count - 1}]`;
        continue;
      }
      if (frame.count === 0 && frame.expectsKey) continue;
      const isCut = frame.keyEnd - frame.keyStart > PATH_KEY;
      const key = keyFromBytes(this.bytes.subarray(frame.keyStart, isCut ? frame.keyStart + PATH_KEY : frame.keyEnd));
      const shown = (/^[\x21-\x7e]+$/.test(key) ? key : JSON.stringify(key)) + (isCut ? '…' : '');
      path += path === '' ? shown : `.${shown}`;
    }
    return path;
  }
}
