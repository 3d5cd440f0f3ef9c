// Random values and documents for the property tests.
import fc from 'fast-check';
import type { BencodeDict, BencodeValue } from '../src/index.ts';

/** Any byte string as a key. */
const key: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('info', 'length', 'path', '__proto__', 'a', 'b', '', '0', '10', '9'),
  fc.uint8Array({ maxLength: 6 }).map((bytes) => String.fromCharCode(...bytes)),
);

const integer: fc.Arbitrary<number | bigint> = fc.oneof(
  fc.maxSafeInteger().map((value) => (Object.is(value, -0) ? 0 : value)),
  fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }).map(narrow),
);

/** What `decode` could have answered: integers are numbers while they are safe. */
export const value: fc.Arbitrary<BencodeValue> = fc.letrec<{ value: BencodeValue; dict: BencodeDict }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    integer,
    fc.uint8Array({ maxLength: 12 }),
    fc.array(tie('value'), { maxLength: 5 }),
    tie('dict'),
  ),
  dict: fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }).map((entries) => new Map(entries)),
})).value;

/** A change to a document: a byte replaced, put in or taken out, a piece repeated, or the end cut off. */
export interface Mutation {
  readonly kind: 'replace' | 'insert' | 'remove' | 'repeat' | 'cut';
  readonly at: number;
  readonly byte: number;
}

export const mutations: fc.Arbitrary<Mutation[]> = fc.array(
  fc.record<Mutation>({
    kind: fc.constantFrom('replace', 'insert', 'remove', 'repeat', 'cut'),
    at: fc.nat(),
    // Mostly bytes that mean something.
    byte: fc.oneof(fc.constantFrom(...Buffer.from('0123456789:ilde-')), fc.integer({ min: 0, max: 255 })),
  }),
  { minLength: 1, maxLength: 4 },
);

export function mutate(document: Uint8Array, changes: readonly Mutation[]): Uint8Array {
  const bytes = [...document];
  for (const { kind, at, byte } of changes) {
    const place = at % (bytes.length + 1);
    if (kind === 'replace') bytes[place] = byte;
    else if (kind === 'insert') bytes.splice(place, 0, byte);
    else if (kind === 'remove') bytes.splice(place, 1);
    else if (kind === 'repeat') bytes.splice(place, 0, ...bytes.slice(place, place + (byte % 16)));
    else bytes.length = place;
  }
  return Uint8Array.from(bytes);
}

function narrow(wide: bigint): number | bigint {
  const near = Number(wide);
  return Number.isSafeInteger(near) ? near : wide;
}
