import npm from 'bencode';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  BencodeError,
  type BencodeValue,
  decode,
  decodePrefix,
  encode,
  findSpan,
  isDict,
  type Oddity,
} from '../src/index.ts';
import { mutate, mutations, value } from './arbitrary.ts';

const RUNS = Number(process.env.SHOAL_TEST_RUNS ?? 300);
const SEED = /^\d+$/.test(process.env.SHOAL_SEED ?? '') ? { seed: Number(process.env.SHOAL_SEED) } : {};

function check<T extends [unknown, ...unknown[]]>(
  arbitraries: { [K in keyof T]: fc.Arbitrary<T[K]> },
  holds: (...values: T) => void,
): void {
  const together = fc.tuple(...arbitraries) as unknown as fc.Arbitrary<T>;
  fc.assert(
    fc.property(together, (values) => holds(...values)),
    { numRuns: RUNS, ...SEED },
  );
}

/** Undefined where the bytes are refused as bencode; any other error is a failure. */
function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof BencodeError) return undefined;
    throw error;
  }
}

test('decode after encode is identity, and strict reading accepts what we write', () => {
  check([value], (given) => {
    expect(decode(encode(given), { strict: true })).toEqual(given);
  });
});

test('equal values are equal bytes, in whatever order their keys came', () => {
  check([value], (given) => {
    expect(encode(reversed(given))).toEqual(encode(given));
  });
});

test('no mutated document does anything but decode or throw BencodeError', () => {
  check([value, mutations], (given, changes) => {
    const document = mutate(encode(given), changes);
    const oddities: Oddity[] = [];
    const tolerant = attempt(() => decode(document, { onOddity: (oddity) => oddities.push(oddity) }));
    const strict = attempt(() => decode(document, { strict: true }));
    const prefix = attempt(() => decodePrefix(document));
    const span = attempt(() => findSpan(document, []));
    // Strict accepts exactly the canonical documents, tolerant reading sees the same in them and nothing odd.
    expect(strict !== undefined).toBe(tolerant !== undefined && oddities.length === 0);
    if (strict !== undefined) expect(encode(strict)).toEqual(document);
    if (tolerant !== undefined) expect(prefix?.value).toEqual(tolerant);
    expect(span).toEqual(prefix && { start: 0, end: prefix.end });
    for (const { offset } of oddities) expect(offset).toBeLessThan(document.length);
  });
});

test('no random bytes do anything but decode or throw BencodeError', () => {
  const soup = fc.array(fc.constantFrom(...Buffer.from('0123:ilde-')), { maxLength: 40 });
  check([soup], (given) => {
    const document = Uint8Array.from(given);
    const strict = attempt(() => decode(document, { strict: true }));
    if (strict !== undefined) expect(encode(strict)).toEqual(document);
    attempt(() => decode(document));
    attempt(() => findSpan(document, ['1', 0]));
  });
});

test('a document that is cut short is refused, wherever it is cut', () => {
  check([value, fc.nat()], (given, at) => {
    const document = encode(given);
    const cut = document.subarray(0, at % document.length);
    expect(attempt(() => decode(cut))).toBeUndefined();
  });
});

test('a prefix ends where its value ends', () => {
  check([value, fc.uint8Array({ maxLength: 20 })], (given, rest) => {
    const document = encode(given);
    const joined = Uint8Array.from([...document, ...rest]);
    expect(decodePrefix(joined)).toEqual({ value: given, end: document.length });
  });
});

test("findSpan finds every value's own bytes", () => {
  check([value], (given) => {
    const document = encode(given);
    for (const [path, inner] of placesOf(given)) {
      const span = findSpan(document, path);
      expect(span && document.subarray(span.start, span.end)).toEqual(encode(inner));
    }
    expect(findSpan(document, ['no such key'])).toBeUndefined();
  });
});

test('findSpan and decode agree on documents that are out of order', () => {
  check([value, mutations], (given, changes) => {
    const document = mutate(encode(given), changes);
    const decoded = attempt(() => decode(document));
    if (decoded === undefined) return;
    for (const [path, inner] of placesOf(decoded)) {
      const span = findSpan(document, path);
      expect(span && decode(document.subarray(span.start, span.end))).toEqual(inner);
    }
  });
});

test('the npm package bencode writes the same bytes and reads ours back', () => {
  const key = fc.stringMatching(/^[a-z]{1,6}$/);
  const simple = fc.letrec<{ value: Simple }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.integer(),
      fc.string({ unit: 'grapheme', maxLength: 10 }),
      fc.uint8Array({ maxLength: 10 }),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
    ),
  })).value;
  check([simple], (given) => {
    const document = encode(given);
    expect(Buffer.from(document)).toEqual(Buffer.from(npm.encode(given)));
    expect(Buffer.from(npm.encode(npm.decode(document)))).toEqual(Buffer.from(document));
    expect(plain(decode(document))).toEqual(npm.decode(document));
  });
});

type Simple = number | string | Uint8Array | Simple[] | { [key: string]: Simple };

/** Dictionaries as objects, which is how the npm package has them. */
function plain(given: BencodeValue): unknown {
  if (Array.isArray(given)) return given.map(plain);
  if (isDict(given)) return Object.fromEntries([...given].map(([key, inner]) => [key, plain(inner)]));
  return given;
}

function reversed(given: BencodeValue): BencodeValue {
  if (Array.isArray(given)) return given.map(reversed);
  if (isDict(given)) return new Map([...given].reverse().map(([key, inner]) => [key, reversed(inner)]));
  return given;
}

/** Every value inside a value, with its path. */
function* placesOf(
  given: BencodeValue,
  path: (string | number)[] = [],
): Generator<[(string | number)[], BencodeValue]> {
  yield [path, given];
  const inner = Array.isArray(given) ? given.entries() : isDict(given) ? given.entries() : [];
  for (const [step, member] of inner) yield* placesOf(member, [...path, step]);
}
