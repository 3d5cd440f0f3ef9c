import { encode } from '@shoal/bencode';
import { expect, test } from 'vitest';
import { type CreateMetainfoOptions, choosePieceLength, createMetainfo } from '../src/index.ts';
import { codeOf, parse } from './builder.ts';

const SINGLE: CreateMetainfoOptions = {
  name: 'file.bin',
  pieceLength: 16,
  pieces: new Uint8Array(40),
  files: [{ path: ['file.bin'], length: 20 }],
};

function folder(paths: string[], more: Partial<CreateMetainfoOptions> = {}): CreateMetainfoOptions {
  return {
    name: 'folder',
    pieceLength: 16,
    pieces: new Uint8Array(Math.ceil(paths.length / 16) * 20),
    files: paths.map((path) => ({ path: ['folder', ...path.split('/')], length: 1 })),
    ...more,
  };
}

test('a single file, byte for byte', () => {
  expect(
    createMetainfo({ ...SINGLE, announce: [['http://t.example/announce']], creationDate: new Date(1_999) }),
  ).toEqual(
    encode({
      announce: 'http://t.example/announce',
      'creation date': 1,
      info: { length: 20, name: 'file.bin', 'piece length': 16, pieces: new Uint8Array(40) },
    }),
  );
});

test('everything that is put in comes out again', () => {
  const options: CreateMetainfoOptions = {
    name: 'folder',
    pieceLength: 32,
    pieces: Uint8Array.from({ length: 40 }, (_, index) => index),
    files: [
      { path: ['folder', 'a'], length: 10, executable: true, hidden: true },
      { path: ['folder', '.pad', '22'], length: 22, padding: true },
      { path: ['folder', 'sub', 'b'], length: 3 },
      { path: ['folder', 'link'], length: 0, symlink: ['folder', 'sub', 'b'] },
    ],
    announce: [['udp://a.example:1', 'http://b.example/announce'], ['wss://c.example/']],
    webSeeds: ['https://seed.example/'],
    nodes: [{ host: '10.0.0.1', port: 6881 }],
    comment: 'a comment',
    createdBy: 'a test',
    creationDate: new Date(1_700_000_000_000),
    private: true,
    source: 'SRC',
  };
  const { layout, pieceHash, files, ...metainfo } = parse(createMetainfo(options));
  expect(metainfo).toMatchObject({
    name: options.name,
    pieceLength: 32,
    multiFile: true,
    announce: options.announce,
    webSeeds: options.webSeeds,
    nodes: options.nodes,
    comment: options.comment,
    createdBy: options.createdBy,
    creationDate: options.creationDate,
    private: true,
    source: 'SRC',
    warnings: [],
  });
  expect(files).toMatchObject(options.files);
  expect(pieceHash(1)).toEqual(options.pieces.subarray(20));
  expect(layout.totalLength).toBe(35);
});

test('a folder of one file of the same name is still a folder', () => {
  const metainfo = parse(createMetainfo(folder(['folder'])));
  expect([metainfo.multiFile, metainfo.files[0]?.path]).toEqual([true, ['folder', 'folder']]);
});

test.each<[string, string, CreateMetainfoOptions]>([
  ['no files', 'ERR_METAINFO_FILES', folder([])],
  ['nothing but empty files', 'ERR_METAINFO_NO_DATA', { ...folder([]), files: [{ path: ['folder', 'a'], length: 0 }] }],
  [
    'a name with a separator',
    'ERR_METAINFO_FILE_NAME',
    { ...SINGLE, name: 'a/b', files: [{ path: ['a/b'], length: 20 }] },
  ],
  ['a path upwards', 'ERR_METAINFO_FILE_NAME', folder(['../x'])],
  ['a name with a backslash', 'ERR_METAINFO_FILE_NAME', folder(['a\\b'])],
  ['a name with a bidi override', 'ERR_METAINFO_FILE_NAME', folder(['a\u202eb'])],
  ['one path twice', 'ERR_METAINFO_FILE_NAME', folder(['a', 'a'])],
  ['a file as a folder', 'ERR_METAINFO_FILE_NAME', folder(['a', 'a/b'])],
  ['too many levels', 'ERR_METAINFO_FILE_NAME', folder([`${'d/'.repeat(100)}f`])],
])('%s: %s', (_, code, options) => {
  expect(codeOf(() => createMetainfo(options))).toBe(code);
});

test('misuse is a RangeError or TypeError', () => {
  expect(() => createMetainfo({ ...SINGLE, pieceLength: 0 })).toThrow(RangeError);
  expect(() => createMetainfo({ ...SINGLE, pieces: new Uint8Array(20) })).toThrow(
    '2 pieces have 40 bytes of hashes, not 20',
  );
  expect(() => createMetainfo({ ...SINGLE, files: [{ path: ['other'], length: 20 }] })).toThrow(RangeError);
  expect(() => createMetainfo({ ...SINGLE, files: [{ path: ['file.bin'], length: 1.5 }] })).toThrow(RangeError);
  expect(() => createMetainfo({ ...SINGLE, announce: [['ftp://x.example']] })).toThrow(TypeError);
  expect(() => createMetainfo({ ...SINGLE, webSeeds: ['x'] })).toThrow(TypeError);
  expect(() => createMetainfo({ ...SINGLE, creationDate: new Date(Number.NaN) })).toThrow(RangeError);
});

test('piece lengths are powers of two for 1,000 to 2,000 pieces', () => {
  const KiB = 1024;
  expect(choosePieceLength(0)).toBe(16 * KiB);
  expect(choosePieceLength(2_000 * 16 * KiB)).toBe(16 * KiB);
  expect(choosePieceLength(2_000 * 16 * KiB + 1)).toBe(32 * KiB);
  expect(choosePieceLength(1024 ** 3)).toBe(1024 * KiB);
  expect(choosePieceLength(Number.MAX_SAFE_INTEGER)).toBe(16 * 1024 * KiB);
  expect(() => choosePieceLength(-1)).toThrow(RangeError);
});
