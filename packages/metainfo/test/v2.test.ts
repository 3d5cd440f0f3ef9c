import { createHash } from 'node:crypto';
import { type BencodeInput, encode } from '@shoal/bencode';
import { describe, expect, test } from 'vitest';
import { type AnyMetainfo, parseAnyMetainfo } from '../src/index.ts';
import { nodeDigests, parseAnyTorrent } from '../src/node/index.ts';
import { bytesOf, codeOf, parse, sha1, torrentOf } from './builder.ts';
import { hybridOf, PIECE, partsOf, v2Of } from './builder-v2.ts';

const any = (bytes: Uint8Array): AnyMetainfo => parseAnyMetainfo(bytes, nodeDigests);
const code = (bytes: Uint8Array): string => codeOf(() => any(bytes));
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const FILES = { 'a.bin': 100_000, 'b/empty': 0, 'b/small': 5, 'c.bin': PIECE };

describe('version 2 alone', () => {
  test('files, roots, layers, and the hash of the raw bytes', () => {
    const bytes = v2Of(FILES);
    const metainfo = any(bytes);
    if (metainfo.version !== 'v2') throw new Error(metainfo.version);
    expect(metainfo.infoHash).toBe(null);
    expect(metainfo.infoHashV2.hex).toBe(sha256(metainfo.infoBytes));
    expect(Buffer.from(bytes).includes(Buffer.from(metainfo.infoBytes))).toBe(true);
    expect(metainfo).toMatchObject({
      name: 'top',
      pieceLength: PIECE,
      pieceCount: 4 + 1 + 1,
      multiFile: true,
      warnings: [],
    });
    expect(metainfo.files.map(({ path, length, padding }) => [path.join('/'), length, padding])).toEqual([
      ['top/a.bin', 100_000, false],
      ['top/b/empty', 0, false],
      ['top/b/small', 5, false],
      ['top/c.bin', PIECE, false],
    ]);
    expect(metainfo.files.map((file) => [file.piecesRoot?.length, file.pieceLayer?.length])).toEqual([
      [32, 4 * 32],
      [undefined, undefined],
      [32, undefined],
      [32, undefined],
    ]);
  });

  test('what downloads by the v1 protocol is told that it cannot, but only of a torrent that is right', () => {
    expect(codeOf(() => parse(v2Of(FILES)))).toBe('ERR_METAINFO_V2_ONLY');
    expect(codeOf(() => parse(v2Of(FILES, { info: { 'piece length': 5 } })))).toBe('ERR_METAINFO_PIECE_LENGTH');
  });

  test('a tree of one file is a single file, which names itself', () => {
    const metainfo = any(v2Of({ 'x.iso': 5 }, { info: { name: 'advice' } }));
    expect(metainfo).toMatchObject({ name: 'x.iso', multiFile: false, files: [{ path: ['x.iso'], length: 5 }] });
    expect(any(v2Of({ 'd/x.iso': 5 })).files[0]?.path).toEqual(['top', 'd', 'x.iso']);
    expect(any(v2Of({ '../x': 5, './y': 1 })).files.map((file) => file.path.join('/'))).toEqual([
      'top/_/y',
      'top/__/x',
    ]);
  });

  test('attributes and links (BEP 47)', () => {
    const { tree, layers } = partsOf({ 'a/file': 7 });
    const more = {
      ...tree,
      link: { '': { attr: 'l', 'symlink path': ['a', 'file'] } },
      run: { '': { attr: 'xh', length: 0 } },
    };
    const { files } = any(v2Of({}, { info: { 'file tree': more }, layers }));
    expect(files.map((file) => [file.path.at(-1), file.symlink?.join('/'), file.executable, file.hidden])).toEqual([
      ['file', undefined, false, false],
      ['link', 'top/a/file', false, false],
      ['run', undefined, true, true],
    ]);
  });
});

describe('a hybrid', () => {
  test('has both hashes, of the same raw bytes, and roots beside its SHA-1 hashes', () => {
    const metainfo = parse(hybridOf(FILES));
    expect([metainfo.version, metainfo.warnings]).toEqual(['hybrid', []]);
    expect(metainfo.infoHash.hex).toBe(sha1(metainfo.infoBytes));
    expect(metainfo.infoHashV2?.hex).toBe(sha256(metainfo.infoBytes));
    expect(metainfo.layout.pieceCount).toBe(6);
    const shown = metainfo.files.filter((file) => !file.padding);
    expect(shown.map(({ path, piecesRoot }) => [path.slice(1).join('/'), piecesRoot?.length])).toEqual([
      ['a.bin', 32],
      ['b/empty', undefined],
      ['b/small', 32],
      ['c.bin', 32],
    ]);
    expect(metainfo.files[0]?.pieceLayer?.length).toBe(128);
  });

  test('of a single file', () => {
    const info = { name: 'x.iso', length: PIECE + 1, files: undefined };
    const metainfo = parse(hybridOf({ 'x.iso': PIECE + 1 }, { info }));
    expect(metainfo).toMatchObject({ version: 'hybrid', multiFile: false, name: 'x.iso' });
    expect(metainfo.files[0]?.pieceLayer?.length).toBe(64);
    expect(code(hybridOf({ 'x.iso': PIECE + 1 }, { info: { ...info, name: 'y.iso' } }))).toBe('ERR_METAINFO_HYBRID');
  });

  test('whose tail is padded or not', () => {
    const { list } = partsOf({ a: 5, b: 6 });
    const files = [...list, { attr: 'p', length: PIECE - 6 }] as BencodeInput;
    expect(parse(hybridOf({ a: 5, b: 6 }, { info: { files } })).version).toBe('hybrid');
    expect(parse(hybridOf({ a: 5, b: 6 })).version).toBe('hybrid');
  });

  const { list } = partsOf({ a: 5, b: 6 });
  const pad = list[1] as BencodeInput;
  const [a, b] = [list[0], list[2]] as [BencodeInput, BencodeInput];
  test.each<[string, BencodeInput]>([
    ['another name', [a, pad, { length: 6, path: ['c'] }]],
    ['another length', [a, pad, { length: 7, path: ['b'] }]],
    [
      'another order',
      [
        { length: 6, path: ['b'] },
        { attr: 'p', length: PIECE - 6 },
        { length: 5, path: ['a'] },
      ],
    ],
    ['a file less', [{ length: PIECE + 5, path: ['a'] }]],
    ['a file more', [a, pad, b, { length: 0, path: ['c'] }]],
    ['no padding between', [a, b]],
    ['padding that is too short', [a, { attr: 'p', length: PIECE - 6 }, b]],
    ['padding that is a piece too long', [a, { attr: 'p', length: 2 * PIECE - 5 }, b]],
    ['a link where there is a file', [{ length: 5, path: ['a'], attr: 'l', 'symlink path': ['b'] }, b]],
  ])('with %s in one half is refused', (_, files) => {
    expect(code(hybridOf({ a: 5, b: 6 }, { info: { files } }))).toBe('ERR_METAINFO_HYBRID');
  });

  test('the halves are compared before the pieces are counted, and these are counted too', () => {
    expect(() => any(hybridOf({ a: 5, b: 6 }, { info: { files: [a, b] } }))).toThrow(
      'the halves of a hybrid torrent disagree: "b" begins at byte 5 in the v1 half and at 32768 in the v2 half',
    );
    expect(code(hybridOf({ a: 5, b: 6 }, { info: { pieces: new Uint8Array(20) } }))).toBe('ERR_METAINFO_PIECES');
    expect(code(hybridOf({ a: 5 }, { info: { files: undefined } }))).toBe('ERR_METAINFO_FILES');
  });
});

describe('piece layers', () => {
  const { layers } = partsOf(FILES);
  const [root, layer] = [...layers][0] as [string, Uint8Array];
  const flipped = layer.slice();
  flipped[0] = (flipped[0] as number) ^ 1;

  test.each<[string, BencodeInput]>([
    ['that lead elsewhere', new Map([[root, flipped]])],
    ['that are cut', new Map([[root, layer.subarray(32)]])],
    ['of half hashes', new Map([[root, layer.subarray(1)]])],
    ['that are text of another kind', new Map([[root, 5]])],
    ['of no file', new Map([...layers, ['x'.repeat(32), layer]])],
    ['under no hash', new Map([...layers, ['short', layer]])],
    ['that are a list', []],
  ])('%s are refused, in either kind of torrent', (_, wrong) => {
    expect(code(v2Of(FILES, { layers: wrong }))).toBe('ERR_METAINFO_PIECE_LAYERS');
    expect(code(hybridOf(FILES, { layers: wrong }))).toBe('ERR_METAINFO_PIECE_LAYERS');
  });

  test('that are missing are a warning: peers have them', () => {
    for (const none of [undefined, {}]) {
      const metainfo = any(v2Of(FILES, { layers: none }));
      expect(metainfo.warnings).toEqual(['the piece layers of 1 file are missing: peers have to be asked for them']);
      expect(metainfo.files[0]?.pieceLayer).toBeUndefined();
    }
  });

  test('of a file that needs none are passed over', () => {
    const { tree } = partsOf({ tiny: 5 });
    const tiny = (tree.tiny as { '': { 'pieces root': Uint8Array } })['']['pieces root'];
    const metainfo = any(v2Of({ tiny: 5 }, { layers: new Map([[Buffer.from(tiny).toString('latin1'), tiny]]) }));
    expect(metainfo.warnings).toEqual(['a file that fits into one piece has a piece layer: ignored']);
  });

  test('of equal files are checked once: thousands of them cost no more', () => {
    const { tree } = partsOf({ 'a.bin': 100_000 });
    const many = Object.fromEntries(
      Array.from({ length: 5_000 }, (_, each) => [`f${each}`, tree['a.bin'] as BencodeInput]),
    );
    expect(any(v2Of({}, { info: { 'file tree': many }, layers })).files.length).toBe(5_000);
  });
});

const root = new Uint8Array(32).fill(7);
const leaf = (more: Record<string, BencodeInput | undefined> = {}): BencodeInput => ({
  '': { length: 5, 'pieces root': root, ...more },
});
const tree = (entries: Record<string, BencodeInput>): Uint8Array =>
  v2Of({}, { info: { 'file tree': entries }, layers: {} });

test.each<[string, string, Uint8Array]>([
  ['a version to come', 'ERR_V2_UNSUPPORTED', v2Of(FILES, { info: { 'meta version': 3, 'file tree': 5, name: 5 } })],
  ['a version that is text', 'ERR_V2_UNSUPPORTED', v2Of(FILES, { info: { 'meta version': '2' } })],
  ['version 2^64', 'ERR_V2_UNSUPPORTED', torrentOf({ info: { 'meta version': 2n ** 64n } })],
  ['no file tree', 'ERR_METAINFO_FILE_TREE', v2Of(FILES, { info: { 'file tree': undefined } })],
  [
    'no file tree in a hybrid',
    'ERR_METAINFO_FILE_TREE',
    torrentOf({ info: { 'meta version': 2, 'piece length': PIECE } }),
  ],
  ['a tree that is a list', 'ERR_METAINFO_FILE_TREE', v2Of(FILES, { info: { 'file tree': [] } })],
  ['an empty tree', 'ERR_METAINFO_FILES', tree({})],
  ['folders alone', 'ERR_METAINFO_FILES', tree({ a: { b: {} } })],
  ['a tree that is a file', 'ERR_METAINFO_FILE_TREE', tree({ '': { length: 5, 'pieces root': root } })],
  ['an empty component', 'ERR_METAINFO_FILE_TREE', tree({ '': leaf(), b: leaf() })],
  [
    'a file that is a folder',
    'ERR_METAINFO_FILE_TREE',
    tree({ a: { '': { length: 5, 'pieces root': root }, b: leaf() } }),
  ],
  ['a node that is a number', 'ERR_METAINFO_FILE_TREE', tree({ a: 5 })],
  ['properties that are a list', 'ERR_METAINFO_FILE_TREE', tree({ a: { '': [] } })],
  ['padding in the tree', 'ERR_METAINFO_FILE_TREE', tree({ a: leaf({ attr: 'p' }) })],
  ['no length', 'ERR_METAINFO_FILE_LENGTH', tree({ a: leaf({ length: undefined }) })],
  ['a negative length', 'ERR_METAINFO_FILE_LENGTH', tree({ a: leaf({ length: -1 }) })],
  ['a length of 2^63', 'ERR_METAINFO_FILE_LENGTH', tree({ a: leaf({ length: 2n ** 63n }) })],
  ['more pieces than can be', 'ERR_METAINFO_PIECES', tree({ a: leaf({ length: 2 ** 53 - 1 }) })],
  ['a sum that overflows', 'ERR_METAINFO_PIECES', tree({ a: leaf({ length: 2 ** 52 }), b: leaf({ length: 2 ** 52 }) })],
  ['empty files alone', 'ERR_METAINFO_NO_DATA', tree({ a: leaf({ length: 0 }) })],
  ['no pieces root', 'ERR_METAINFO_PIECES_ROOT', tree({ a: leaf({ 'pieces root': undefined }) })],
  [
    'a pieces root of 20 bytes',
    'ERR_METAINFO_PIECES_ROOT',
    tree({ a: leaf({ 'pieces root': new Uint8Array(20).fill(1) }) }),
  ],
  ['a pieces root of zeros', 'ERR_METAINFO_PIECES_ROOT', tree({ a: leaf({ 'pieces root': new Uint8Array(32) }) })],
  ['a piece length of 24 KiB', 'ERR_METAINFO_PIECE_LENGTH', v2Of(FILES, { info: { 'piece length': 24 * 1_024 } })],
  ['a piece length of 8 KiB', 'ERR_METAINFO_PIECE_LENGTH', v2Of(FILES, { info: { 'piece length': 8 * 1_024 } })],
  ['no name', 'ERR_METAINFO_NAME', v2Of(FILES, { info: { name: undefined } })],
  ['a tree deeper than bencode may be', 'ERR_METAINFO_BENCODE', bytesOf(`d4:infod9:file tree${'d1:a'.repeat(200)}`)],
])('%s: %s', (_, expected, bytes) => {
  expect(code(bytes)).toBe(expected);
});

test('an info dictionary of version 2 that is out of order is refused, one of version 1 is not', () => {
  const bytes = Buffer.from(v2Of({ a: 5, b: 6 })).toString('latin1');
  for (const odd of [
    bytes.replace('lengthi5e', 'lengthi05e'),
    bytes.replace('4:name3:top', '4:name03:top'),
    bytes.replace('4:name3:top', '4:name3:top4:name3:top'),
    bytes.replace('i2e4:name3:top12:piece lengthi32768e', 'i2e12:piece lengthi32768e4:name3:top'),
  ]) {
    expect(odd).not.toBe(bytes);
    expect(code(bytesOf(odd))).toBe('ERR_METAINFO_BENCODE');
  }
  expect(any(bytesOf(`${bytes}\n`)).warnings.length).toBe(1);
  // A thousand oddities before it do not hide one.
  const hidden = `d1:al${'i00e'.repeat(1_500)}e${bytes.slice(1).replace('lengthi5e', 'lengthi05e')}`;
  expect(code(bytesOf(hidden))).toBe('ERR_METAINFO_BENCODE');
});

test('a tree without a version is passed over', () => {
  const metainfo = any(torrentOf({ info: { 'file tree': 'nonsense' } }));
  expect([metainfo.version, metainfo.warnings]).toEqual([
    'v1',
    ['there is a file tree, but the meta version is not 2: read as version 1'],
  ]);
});

test('names that are not UTF-8 or unsafe are changed, as in version 1', () => {
  const odd = new Map([
    ['caf\u00e9', leaf()],
    ['NUL', leaf()],
    ['a/b', leaf()],
  ] as [string, BencodeInput][]);
  const bytes = encode({ info: { name: 'top', 'meta version': 2, 'piece length': PIECE, 'file tree': odd } });
  expect(parseAnyTorrent(bytes, { platform: 'windows' }).files.map((file) => file.path[1])).toEqual([
    '_NUL',
    'a_b',
    'caf_',
  ]);
});
