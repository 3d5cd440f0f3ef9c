// Every decoder on a million mutants of valid documents. SHOAL_SEED repeats a run.
import { isDeepStrictEqual } from 'node:util';
import { type FuzzReport, fuzz } from '@shoal/testkit';
import fc from 'fast-check';
import { assert, expect, test } from 'vitest';
import {
  BencodeError,
  type BencodeValue,
  decode,
  decodePrefix,
  decodeWithReport,
  encode,
  findSpan,
  isDict,
} from '../src/index.ts';
import { value } from './arbitrary.ts';

const RUNS = Number(process.env.SHOAL_TEST_RUNS ?? 1_000_000);
/** Comparing values takes longer than reading them: one input in so many is compared in depth. */
const DEEP = 16;
const SEED = process.env.SHOAL_SEED ?? String(Date.now());
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

const CORPUS = [
  encode({
    announce: 'http://t.example/',
    info: { files: [{ length: 5, path: ['a', 'b'] }], pieces: new Uint8Array(40) },
  }),
  encode([[[[]]], {}, -1, 2n ** 70n, '', new Uint8Array(300)]),
  ...fc.sample(value, { numRuns: 100, seed: 1 }).map((each) => encode(each)),
];
const TOKENS = [
  'i0e',
  'i-0e',
  'i007e',
  '0:',
  '1:a',
  '01:a',
  '-1:',
  '99999999999:',
  '4294967297:',
  'le',
  'de',
  'e',
  'd1:a',
]
  .concat(['l'.repeat(120), 'd0:'.repeat(120), `i${'9'.repeat(1_100)}e`, 'i9007199254740993e'])
  .map(ascii);

function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof BencodeError) return undefined;
    throw error;
  }
}

/** Prints what became of the inputs: a fuzzer that tries nothing is quiet as well. */
function tell(what: string, runs: number, { accepted, refused, slowestMs }: FuzzReport): void {
  const told = `${runs} inputs, ${accepted} taken, ${refused} refused, the slowest in ${slowestMs.toFixed(1)} ms`;
  process.stdout.write(`${what}, seed ${SEED}: ${told}\n`);
  expect(accepted).toBeGreaterThan(runs / 20);
  expect(refused).toBeGreaterThan(runs / 20);
}

test(`decode, decodeWithReport, decodePrefix and findSpan agree on whole documents (seed ${SEED})`, async () => {
  const report = await fuzz({ seed: SEED, runs: RUNS, corpus: CORPUS, tokens: TOKENS }, (document, random) => {
    const tolerant = attempt(() => decodeWithReport(document));
    const plain = attempt(() => decode(document));
    const strict = attempt(() => decode(document, { strict: true }));
    const prefix = attempt(() => decodePrefix(document));
    const span = attempt(() => findSpan(document, []));
    assert.equal(plain === undefined, tolerant === undefined);
    assert.equal(
      strict !== undefined,
      tolerant !== undefined && tolerant.oddityCount === 0,
      'strict is tolerant without oddities',
    );
    if (strict !== undefined)
      assert.equal(Buffer.compare(encode(strict), document), 0, 'strict documents are canonical');
    assert.isTrue(span?.start === (prefix && 0) && span?.end === prefix?.end, 'the span is what was read');
    if (tolerant === undefined) return false;
    for (const { offset } of tolerant.oddities) assert.isTrue(offset >= 0 && offset < document.length);
    if (random.int(DEEP) === 0) {
      assert.isTrue(isDeepStrictEqual(plain, tolerant.value), 'a report changes nothing');
      assert.isTrue(isDeepStrictEqual(prefix?.value, tolerant.value), 'a document is its own prefix');
      const canonical = encode(tolerant.value);
      assert.equal(
        Buffer.compare(encode(decode(canonical, { strict: true })), canonical),
        0,
        'what is written is canonical',
      );
    }
    return true;
  });
  tell('decode, decodeWithReport, decodePrefix, findSpan', RUNS, report);
});

test(`findSpan finds what decode finds (seed ${SEED})`, async () => {
  const report = await fuzz({ seed: SEED, runs: RUNS / 5, corpus: CORPUS, tokens: TOKENS }, (document, random) => {
    const whole = attempt(() => decode(document));
    if (whole === undefined) {
      attempt(() => findSpan(document, ['info', 'files', 0, 'path']));
      return false;
    }
    const path: (string | number)[] = [];
    let found: BencodeValue = whole;
    for (let left = random.int(4); left > 0; left--) {
      if (isDict(found) && found.size > 0) {
        const key = [...found.keys()][random.int(found.size)] as string;
        path.push(key);
        found = found.get(key) as BencodeValue;
      } else if (Array.isArray(found) && found.length > 0) {
        const index = random.int(found.length);
        path.push(index);
        found = found[index] as BencodeValue;
      }
    }
    const span = findSpan(document, path);
    assert.isDefined(span, path.join('.'));
    assert.isTrue(isDeepStrictEqual(decode(document.subarray(span?.start, span?.end)), found), path.join('.'));
    return true;
  });
  tell('findSpan at a path', RUNS / 5, report);
});
