import { encode } from '@shoal/bencode';
import { expect, test } from 'vitest';
import { displayFiles } from '../src/index.ts';
import { bytesOf, codeOf, fileOf, folderOf, parse, sha1, torrentOf } from './builder.ts';

test('a single file', () => {
  const pieces = Uint8Array.from({ length: 40 }, (_, index) => index);
  const metainfo = parse(
    torrentOf({
      info: { pieces, source: 'here', private: 1 },
      comment: 'hello',
      'created by': 'me',
      'creation date': 1_700_000_000,
    }),
  );
  expect(metainfo).toMatchObject({
    name: 'file.bin',
    version: 'v1',
    infoHashV2: null,
    private: true,
    source: 'here',
    pieceLength: 16,
    multiFile: false,
    files: [{ path: ['file.bin'], length: 20, padding: false, executable: false, hidden: false }],
    announce: [['http://tracker.example/announce']],
    webSeeds: [],
    nodes: [],
    comment: 'hello',
    createdBy: 'me',
    creationDate: new Date('2023-11-14T22:13:20Z'),
    warnings: [],
  });
  expect(metainfo.layout.pieceCount).toBe(2);
  expect(metainfo.pieceHash(1)).toEqual(pieces.subarray(20));
  expect(() => metainfo.pieceHash(2)).toThrow(RangeError);
});

test('a folder with padding, attributes and an empty file (BEP 47)', () => {
  const metainfo = parse(
    folderOf([
      fileOf('a', 10, { attr: 'x' }),
      fileOf('.pad/6', 6, { attr: 'p' }),
      fileOf('sub/b', 0, { attr: 'h' }),
      fileOf('c', 16),
      fileOf('.pad/6', 6, { attr: 'p' }),
    ]),
  );
  expect(metainfo.multiFile).toBe(true);
  expect(metainfo.files.map(({ path, padding }) => [path.join('/'), padding])).toEqual([
    ['folder/a', false],
    ['folder/.pad/6', true],
    ['folder/sub/b', false],
    ['folder/c', false],
    ['folder/.pad/6', true],
  ]);
  expect(metainfo.files[0]?.executable).toBe(true);
  expect(metainfo.files[2]?.hidden).toBe(true);
  expect(displayFiles(metainfo)).toEqual([
    { path: 'folder/a', length: 10 },
    { path: 'folder/sub/b', length: 0 },
    { path: 'folder/c', length: 16 },
  ]);
  expect(metainfo.layout.spans(0)).toEqual([
    { file: 0, offset: 0, length: 10, at: 0, padding: false },
    { file: 1, offset: 0, length: 6, at: 10, padding: true },
  ]);
  expect(metainfo.warnings).toEqual([]);
});

test('the info-hash is of the raw bytes, whatever order and spelling they have', () => {
  const pieces = '\u0000'.repeat(20);
  const infos = [
    `d6:lengthi1e4:name1:a12:piece lengthi16e6:pieces20:${pieces}e`,
    // Unsorted, with a number spelled oddly and a key of somebody's own.
    `d6:pieces20:${pieces}4:name1:a12:piece lengthi0016e6:lengthi1e5:x-addd1:bi1e1:ai2eee`,
    // A key that stands twice: the first counts.
    `d6:lengthi1e6:lengthi99e4:name1:a12:piece lengthi16e6:pieces20:${pieces}e`,
  ];
  for (const [index, info] of infos.entries()) {
    const metainfo = parse(bytesOf(`d8:announce14:udp://a.b:1/an4:info${info}e`));
    expect(metainfo.infoHash.hex).toBe(sha1(bytesOf(info)));
    expect(Buffer.from(metainfo.infoBytes).toString('latin1')).toBe(info);
    expect(metainfo.layout.totalLength).toBe(1);
    expect(metainfo.warnings.length > 0).toBe(index > 0);
  }
});

test('of two info dictionaries the first is parsed and hashed', () => {
  const info = `d6:lengthi1e4:name1:a12:piece lengthi16e6:pieces20:${'\u0000'.repeat(20)}e`;
  const metainfo = parse(bytesOf(`d4:info${info}4:info${info.replace('1:a', '1:b')}e`));
  expect(metainfo.name).toBe('a');
  expect(metainfo.infoHash.hex).toBe(sha1(bytesOf(info)));
  expect(metainfo.warnings).toEqual(['bencode that is out of order: duplicate key at byte 79, info']);
});

test('an info dictionary inside another value is not the info dictionary', () => {
  const info = `d6:lengthi1e4:name1:a12:piece lengthi16e6:pieces20:${'\u0000'.repeat(20)}e`;
  expect(parse(bytesOf(`d1:ad4:infodee1:b4:info4:info${info}e`)).infoHash.hex).toBe(sha1(bytesOf(info)));
});

test.each<[string, string, Uint8Array]>([
  ['nothing', 'ERR_METAINFO_BENCODE', bytesOf('')],
  ['HTML', 'ERR_METAINFO_BENCODE', bytesOf('<!doctype html>')],
  ['half a torrent', 'ERR_METAINFO_BENCODE', torrentOf().subarray(0, 80)],
  ['too deep a torrent', 'ERR_METAINFO_BENCODE', bytesOf(`d1:a${'l'.repeat(1_000_000)}`)],
  ['too much', 'ERR_METAINFO_SIZE', new Uint8Array(10 * 1024 * 1024 + 1)],
  ['a list', 'ERR_METAINFO_NOT_A_TORRENT', bytesOf('le')],
  ['a number', 'ERR_METAINFO_NOT_A_TORRENT', bytesOf('i1e')],
  ['no info', 'ERR_METAINFO_NOT_A_TORRENT', bytesOf('de')],
  ['info that is a list', 'ERR_METAINFO_NOT_A_TORRENT', bytesOf('d4:infolee')],
  ['no piece length', 'ERR_METAINFO_PIECE_LENGTH', torrentOf({ info: { 'piece length': undefined } })],
  ['piece length 0', 'ERR_METAINFO_PIECE_LENGTH', torrentOf({ info: { 'piece length': 0 } })],
  ['piece length -16', 'ERR_METAINFO_PIECE_LENGTH', torrentOf({ info: { 'piece length': -16 } })],
  ['piece length 2^63', 'ERR_METAINFO_PIECE_LENGTH', torrentOf({ info: { 'piece length': 2n ** 63n } })],
  ['piece length 1 GiB', 'ERR_METAINFO_PIECE_LENGTH', torrentOf({ info: { 'piece length': 2 ** 30 } })],
  ['piece length as text', 'ERR_METAINFO_PIECE_LENGTH', torrentOf({ info: { 'piece length': '16' } })],
  ['no pieces', 'ERR_METAINFO_PIECES', torrentOf({ info: { pieces: undefined } })],
  ['pieces no multiple of 20', 'ERR_METAINFO_PIECES', torrentOf({ info: { pieces: new Uint8Array(39) } })],
  ['too few pieces', 'ERR_METAINFO_PIECES', torrentOf({ info: { pieces: new Uint8Array(20) } })],
  ['too many pieces', 'ERR_METAINFO_PIECES', torrentOf({ info: { pieces: new Uint8Array(60) } })],
  ['no length', 'ERR_METAINFO_FILES', torrentOf({ info: { length: undefined } })],
  ['length -1', 'ERR_METAINFO_FILE_LENGTH', torrentOf({ info: { length: -1 } })],
  ['length 2^63', 'ERR_METAINFO_FILE_LENGTH', torrentOf({ info: { length: 2n ** 63n } })],
  ['length 0', 'ERR_METAINFO_NO_DATA', torrentOf({ info: { length: 0, pieces: '' } })],
  ['no files', 'ERR_METAINFO_FILES', folderOf([])],
  ['files that are no list', 'ERR_METAINFO_FILES', torrentOf({ info: { files: {} } })],
  ['a file that is no dictionary', 'ERR_METAINFO_FILES', folderOf([], { files: [1] })],
  ['a file without a path', 'ERR_METAINFO_FILES', folderOf([{ length: 1 }])],
  ['a path that is text', 'ERR_METAINFO_FILES', folderOf([{ length: 1, path: 'a' }])],
  ['a file without a length', 'ERR_METAINFO_FILE_LENGTH', folderOf([], { files: [{ path: ['a'] }] })],
  ['a file of negative length', 'ERR_METAINFO_FILE_LENGTH', folderOf([fileOf('a', 32), fileOf('b', -1)])],
  [
    'a sum that overflows',
    'ERR_METAINFO_FILE_LENGTH',
    folderOf([], { files: [fileOf('a', Number.MAX_SAFE_INTEGER), fileOf('b', Number.MAX_SAFE_INTEGER)] }),
  ],
  ['empty files alone', 'ERR_METAINFO_NO_DATA', folderOf([fileOf('a', 0)])],
])('%s: %s', (_, code, bytes) => {
  expect(codeOf(() => parse(bytes))).toBe(code);
});

test('the error says both figures', () => {
  expect(() => parse(torrentOf({ info: { pieces: new Uint8Array(39) } }))).toThrow(
    '20 bytes in pieces of 16 have 2 hashes of 20 bytes, not 39 bytes of hashes',
  );
});

test('two million pieces are read within the size a user may name', () => {
  const count = 2_000_000;
  const info = { length: count * 16, pieces: new Uint8Array(count * 20) };
  const metainfo = parse(torrentOf({ info }), { limits: { size: 64 * 1024 * 1024 } });
  expect(metainfo.layout.pieceCount).toBe(count);
  expect(metainfo.pieceHash(count - 1).length).toBe(20);
});

test('private: whatever is not plainly a no is a yes (BEP 27)', () => {
  const isPrivate = (flag: number | string): boolean => parse(torrentOf({ info: { private: flag } })).private;
  expect([isPrivate(0), isPrivate(1), isPrivate(2), isPrivate('1')]).toEqual([false, true, true, true]);
  const outside = parse(torrentOf({ private: 1 }));
  expect([outside.private, outside.warnings]).toEqual([false, ['private stands outside the info dictionary: ignored']]);
});

test('names: utf-8 twins are preferred where they are valid', () => {
  const parsed = (info: Record<string, string | Uint8Array>): string => parse(torrentOf({ info })).name;
  expect(parsed({ name: 'latin', 'name.utf-8': 'é' })).toBe('é');
  expect(parsed({ name: 'latin', 'name.utf-8': bytesOf('\u00e9') })).toBe('latin');
  expect(parsed({ name: bytesOf('caf\u00e9.txt') })).toBe('caf_.txt');
  const paths = [{ length: 1, path: ['a'], 'path.utf-8': ['ä'] }];
  expect(parse(folderOf(paths)).files[0]?.path).toEqual(['folder', 'ä']);
});

test('where the name is empty the info-hash stands in; without one there is no torrent', () => {
  const metainfo = parse(torrentOf({ info: { name: '' } }));
  expect(metainfo.name).toBe(metainfo.infoHash.hex);
  expect(metainfo.files[0]?.path).toEqual([metainfo.infoHash.hex]);
  for (const name of [undefined, 1348, ['a'], '\u0000\u0000']) {
    expect(codeOf(() => parse(torrentOf({ info: { name } })))).toBe('ERR_METAINFO_NAME');
  }
});

test('links have no bytes, whatever they say, and need not say so (BEP 47)', () => {
  const link = { path: ['b'], attr: 'l', 'symlink path': ['a'] };
  for (const length of [undefined, 0, 425]) {
    const metainfo = parse(folderOf([fileOf('a', 16), { ...link, length }], { pieces: new Uint8Array(20) }));
    expect(metainfo.files[1]).toMatchObject({ length: 0, symlink: ['folder', 'a'] });
    expect(metainfo.warnings.length).toBe(length === 425 ? 1 : 0);
  }
  expect(codeOf(() => parse(folderOf([fileOf('a'), { ...link, length: -1 }])))).toBe('ERR_METAINFO_FILE_LENGTH');
});

test('padding by its old name, and padding without a path', () => {
  const metainfo = parse(folderOf([fileOf('a', 10), fileOf('x/_____padding_file_0_', 6), { length: 16, attr: 'p' }]));
  expect(metainfo.files.map((file) => file.padding)).toEqual([false, true, true]);
  expect(metainfo.warnings).toEqual(['there are files that are taken for padding by their names']);
});

test('dates that cannot be are left out', () => {
  for (const date of [-1, 2n ** 63n, 2 ** 53 - 1, 'today']) {
    const metainfo = parse(torrentOf({ 'creation date': date }));
    expect([metainfo.creationDate, metainfo.warnings.length]).toEqual([null, 1]);
  }
});

test('text is fit for a terminal', () => {
  const metainfo = parse(torrentOf({ comment: 'two\r\nlines\u001b[2J\u202e\u0000', 'created by': bytesOf('\u00ff') }));
  expect(metainfo.comment).toBe('two\nlines[2J');
  expect(metainfo.createdBy).toBe('\ufffd');
});

test('bytes behind the torrent are tolerated, and told', () => {
  const bytes = Buffer.concat([torrentOf(), Buffer.from('\n')]);
  expect(parse(bytes).warnings).toEqual([`bencode that is out of order: trailing bytes at byte ${bytes.length - 1}`]);
});

test('a torrent may lie anywhere in a larger buffer', () => {
  const bytes = torrentOf();
  const larger = new Uint8Array(bytes.length + 7);
  larger.set(bytes, 7);
  expect(parse(larger.subarray(7)).infoHash.hex).toBe(parse(bytes).infoHash.hex);
  expect(encode([bytes]).length).toBeGreaterThan(bytes.length);
});
