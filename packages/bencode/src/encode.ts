// From values to bytes, deterministic: keys sorted by their bytes (BEP 3), so that equal values are equal bytes.
import { ByteSink } from './byte-sink.ts';
import { keyBytes } from './key.ts';
import type { BencodeInput } from './value.ts';

/** Deeper than anything sensible; turns a value that contains itself into an error instead of a full stack. */
const MAX_DEPTH = 1_000;

/**
 * The canonical encoding. Throws TypeError for what bencode cannot say: fractions, NaN, numbers that are not safe
 * integers (give a bigint), null, booleans, instances of classes, keys with characters over 0xff, undefined in a list or
 * Map, more than 1,000 levels.
 */
export function encode(value: BencodeInput): Uint8Array {
  const sink = new ByteSink();
  write(sink, value, 0);
  return sink.take();
}

function write(sink: ByteSink, value: BencodeInput, depth: number): void {
  if (depth > MAX_DEPTH) throw new TypeError(`a value of more than ${MAX_DEPTH} levels, or one that contains itself`);
  if (typeof value === 'string') {
    sink.text(value);
  } else if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new TypeError(`not a safe integer: ${value}`);
    // `+ 0` turns minus zero into zero.
    sink.ascii(`i${value + 0}e`);
  } else if (typeof value === 'bigint') {
    sink.ascii(`i${value}e`);
  } else if (value instanceof Uint8Array) {
    sink.string(value);
  } else if (Array.isArray(value)) {
    sink.ascii('l');
    for (const item of value as readonly BencodeInput[]) write(sink, item, depth + 1);
    sink.ascii('e');
  } else {
    sink.ascii('d');
    for (const [key, item] of entriesOf(value)) {
      sink.string(keyBytes(key));
      write(sink, item, depth + 1);
    }
    sink.ascii('e');
  }
}

function entriesOf(value: unknown): [string, BencodeInput][] {
  let entries: [string, BencodeInput][];
  if (value instanceof Map) {
    entries = [...value];
  } else if (isPlainObject(value)) {
    entries = [];
    for (const [key, item] of Object.entries(value)) if (item !== undefined) entries.push([key, item]);
  } else {
    throw new TypeError(`bencode has no form for ${describe(value)}`);
  }
  for (const [key] of entries) if (typeof key !== 'string') throw new TypeError(`a key is text, not ${describe(key)}`);
  // One character per byte, so that `<` compares bytes.
  return entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

function isPlainObject(value: unknown): value is Record<string, BencodeInput | undefined> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function describe(value: unknown): string {
  if (value === null || typeof value !== 'object') return String(value);
  return `an instance of ${value.constructor?.name ?? 'nothing known'}`;
}
