import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMetainfo, type Metainfo, MetainfoError, type Platform, safeName } from '../src/index.ts';
import { assertSafe } from './assert-safe.ts';
import { fileOf, folderOf, parse, sha1, torrentOf } from './builder.ts';

const RUNS = Number(process.env.SHOAL_TEST_RUNS ?? 200);
const SEED = /^\d+$/.test(process.env.SHOAL_SEED ?? '') ? { seed: Number(process.env.SHOAL_SEED) } : {};
const PARAMETERS = { numRuns: RUNS, ...SEED };

const platform = fc.constantFrom<Platform>('posix', 'macos', 'windows');
const nastyPart = fc.constantFrom(
  '.',
  '..',
  '/',
  '\\',
  '\u0000',
  '\n',
  '\u202e',
  '\u200e',
  ' ',
  ':',
  'NUL',
  'con.',
  'a',
  'A',
  'é',
  '😀',
  '.txt',
);
const nastyName = fc.oneof(
  fc.array(nastyPart, { maxLength: 6 }).map((parts) => parts.join('')),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
);
/** A torrent of which nothing but NULs is left has no name. */
const torrentName = nastyName.filter((name) => !/^\0+$/.test(name));
const nastyPath = fc.array(nastyName, { maxLength: 4 });

test('names: safe ones stay, others become safe at once', () => {
  fc.assert(
    fc.property(nastyName, platform, (name, system) => {
      const safe = safeName(name, system);
      expect(safeName(safe, system)).toBe(safe);
      if (system === 'posix' && safe !== name) {
        expect(/[/\\\p{Cc}\p{Bidi_Control}\p{Surrogate}\u2028\u2029]|^\.{0,2}$/u.test(name) || name.length > 60).toBe(
          true,
        );
      }
    }),
    PARAMETERS,
  );
});

test('paths: whatever stands in the torrent, what comes out is safe, unique and warned about', () => {
  fc.assert(
    fc.property(fc.array(nastyPath, { minLength: 1, maxLength: 12 }), torrentName, platform, (paths, name, system) => {
      const files = paths.map((path) => ({ length: 1, path }));
      const metainfo = parse(folderOf(files, { name }), { platform: system });
      assertSafe(metainfo, system);
      const changed = metainfo.files.filter(({ path }, index) => path.slice(1).join('/') !== paths[index]?.join('/'));
      expect(metainfo.warnings.length).toBeGreaterThanOrEqual(changed.length);
    }),
    PARAMETERS,
  );
});

test('what create accepts is read back under the same paths', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(nastyName, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 6 }),
      (paths) => {
        const files = paths.map((path) => ({ path: ['top', ...path], length: 16 }));
        let bytes: Uint8Array;
        try {
          bytes = createMetainfo({ name: 'top', pieceLength: 16, pieces: new Uint8Array(20 * files.length), files });
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_METAINFO_FILE_NAME' });
          return;
        }
        expect(parse(bytes).files.map((file) => file.path)).toEqual(files.map((file) => file.path));
      },
    ),
    PARAMETERS,
  );
});

const VALID = [
  torrentOf({ comment: 'c', 'url-list': ['http://a.example/'], nodes: [['10.0.0.1', 5]] }),
  folderOf([
    fileOf('a/b', 10),
    fileOf('.pad/6', 6, { attr: 'p' }),
    fileOf('l', 0, { attr: 'l', 'symlink path': ['a', 'b'] }),
  ]),
];

test('no mutated torrent does anything but parse or throw MetainfoError', () => {
  const change = fc.record({
    at: fc.nat(),
    removed: fc.integer({ min: 0, max: 3 }),
    put: fc.array(fc.oneof(fc.constantFrom(...Buffer.from('0123456789:ilde-')), fc.nat(255)), { maxLength: 3 }),
  });
  fc.assert(
    fc.property(
      fc.constantFrom(...VALID),
      fc.array(change, { minLength: 1, maxLength: 4 }),
      platform,
      (valid, changes, system) => {
        const bytes = [...valid];
        for (const { at, removed, put } of changes) bytes.splice(at % bytes.length, removed, ...put);
        let metainfo: Metainfo;
        try {
          metainfo = parse(Uint8Array.from(bytes), { platform: system });
        } catch (error) {
          expect(error).toBeInstanceOf(MetainfoError);
          return;
        }
        assertSafe(metainfo, system);
        expect(metainfo.infoHash.hex).toBe(sha1(metainfo.infoBytes));
        expect(Buffer.from(bytes).includes(Buffer.from(metainfo.infoBytes))).toBe(true);
        expect(metainfo.pieceHash(metainfo.layout.pieceCount - 1).length).toBe(20);
      },
    ),
    { ...PARAMETERS, numRuns: RUNS * 3 },
  );
});

test('no member of any shape does anything but parse or throw MetainfoError', () => {
  const shape = fc.oneof(
    fc.constantFrom(
      0,
      1,
      -1,
      2n ** 64n,
      '',
      'text',
      [],
      [[]],
      {},
      [{}],
      [1],
      [['a', 1]],
      { a: [1] },
      new Uint8Array([0xff]),
    ),
    fc.integer(),
    fc.string(),
  );
  const key = fc.constantFrom(
    ...['announce', 'announce-list', 'url-list', 'nodes', 'comment', 'created by', 'creation date', 'private', 'info'],
  );
  const infoKey = fc.constantFrom(
    ...[
      'name',
      'name.utf-8',
      'piece length',
      'pieces',
      'length',
      'files',
      'private',
      'source',
      'attr',
      'meta version',
      'file tree',
    ],
  );
  const fileKey = fc.constantFrom('length', 'path', 'path.utf-8', 'attr', 'symlink path');
  fc.assert(
    fc.property(key, infoKey, fileKey, shape, shape, shape, (outer, inner, ofFile, a, b, c) => {
      const odd = folderOf([fileOf('x', 15), fileOf('y', 1, { [ofFile]: c })], {
        pieces: new Uint8Array(20),
        [inner]: b,
      });
      for (const bytes of [torrentOf({ [outer]: a }), torrentOf({ info: { [inner]: b } }), odd]) {
        try {
          parse(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(MetainfoError);
        }
      }
    }),
    PARAMETERS,
  );
});
