// From values to bytes, deterministic: keys sorted by their bytes (BEP 3), so that equal values are equal bytes.
import { ByteSink } from './byte-sink.ts';
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
  try {
    write(sink, value, 0);
  } catch (error) {
    sink.drop();
    throw error;
  }
  return sink.take();
}

function write(sink: ByteSink, value: BencodeInput, depth: number): void {
  if (depth > MAX_DEPTH) throw new TypeError(`a value of more than ${MAX_DEPTH} levels, or one that contains itself`);
  if (typeof value === 'string') {
    sink.text(value);
  } else if (value instanceof Uint8Array) {
    sink.string(value);
  } else if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new TypeError(`not a safe integer: ${value}`);
    sink.byte(0x69 /* i */);
    // `+ 0` turns minus zero into zero.
    sink.digits(value < 0 ? String(value) : value + 0);
    sink.byte(0x65 /* e */);
  } else if (typeof value === 'bigint') {
    sink.byte(0x69 /* i */);
    sink.digits(String(value));
    sink.byte(0x65 /* e */);
  } else if (Array.isArray(value)) {
    sink.byte(0x6c /* l */);
    for (const item of value as readonly BencodeInput[]) write(sink, item, depth + 1);
    sink.byte(0x65 /* e */);
  } else {
    writeDict(sink, value, depth);
  }
}

function writeDict(sink: ByteSink, value: unknown, depth: number): void {
  if (value instanceof Map) {
    writeMap(sink, value, depth);
    return;
  }
  if (!isPlainObject(value)) throw new TypeError(`bencode has no form for ${describe(value)}`);
  const keys = Object.keys(value);
  for (let index = 1; index < keys.length; index++) {
    if ((keys[index] as string) >= (keys[index - 1] as string)) continue;
    // By UTF-16 units, which is what `<` compares: of keys they are the bytes.
    keys.sort();
    break;
  }
  sink.byte(0x64 /* d */);
  for (const key of keys) {
    const item = value[key];
    if (item === undefined) continue;
    sink.key(key);
    write(sink, item, depth + 1);
  }
  sink.byte(0x65 /* e */);
}

/** What was decoded is in order, and is written as it comes; of any other the keys are sorted first. */
function writeMap(sink: ByteSink, map: ReadonlyMap<unknown, unknown>, depth: number): void {
  let last: string | undefined;
  let isSorted = true;
  for (const key of map.keys()) {
    if (typeof key !== 'string') throw new TypeError(`a key is text, not ${describe(key)}`);
    if (last !== undefined && key < last) isSorted = false;
    last = key;
  }
  sink.byte(0x64 /* d */);
  for (const key of isSorted ? map.keys() : [...map.keys()].sort()) {
    sink.key(key as string);
    write(sink, map.get(key) as BencodeInput, depth + 1);
  }
  sink.byte(0x65 /* e */);
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
