// Torrents from strangers: 200,000 mutants of valid ones, on three systems. SHOAL_SEED repeats a run.
import { fuzz } from '@shoal/testkit';
import { assert, expect, test } from 'vitest';
import { createMetainfo, displayFiles, type Metainfo, MetainfoError, type Platform, safeName } from '../src/index.ts';
import { assertSafe } from './assert-safe.ts';
import { bytesOf, fileOf, folderOf, parse, sha1, torrentOf } from './builder.ts';

const RUNS = Number(process.env.SHOAL_TEST_RUNS ?? 200_000);
const SEED = process.env.SHOAL_SEED ?? String(Date.now());
const SYSTEMS: readonly Platform[] = ['posix', 'macos', 'windows'];

const CORPUS = [
  torrentOf({ comment: 'c', 'url-list': ['http://a.example/'], nodes: [['10.0.0.1', 5]] }),
  torrentOf({
    'announce-list': [['http://a.example/announce'], ['udp://b.example:80']],
    'creation date': 1_700_000_000,
  }),
  folderOf([
    fileOf('a/b', 10),
    fileOf('.pad/6', 6, { attr: 'p' }),
    fileOf('l', 0, { attr: 'l', 'symlink path': ['a', 'b'] }),
  ]),
  folderOf([fileOf('NUL', 3, { 'path.utf-8': ['ä', 'nul'] }), fileOf('nul', 3), fileOf('x/../y', 20), fileOf('x', 1)]),
  createMetainfo({
    name: 'top',
    pieceLength: 16,
    pieces: new Uint8Array(60),
    files: ['a', 'b', 'c'].map((name) => ({ path: ['top', name], length: 16 })),
  }),
];
const TOKENS = [
  '1:/',
  '2:..',
  '1:.',
  '0:',
  '1:\\',
  '3:NUL',
  '4:con.',
  '2:\xc3\xa4',
  '3:\xe2\x80\xae',
  '1:\xff',
  '1:\0',
  '1:A',
  '1:a',
]
  .concat([
    'i0e',
    'i-1e',
    'i1e',
    'i16e',
    'i9007199254740991e',
    'i9223372036854775807e',
    'le',
    'de',
    '4:path',
    '6:length',
  ])
  .concat([
    '7:privatei1e',
    '12:meta versioni2e',
    '9:file treede',
    '10:path.utf-8',
    '4:attr1:p',
    '3:x/y',
    `100:${'n'.repeat(100)}`,
  ])
  .map(bytesOf);

test(`a mutant is parsed into safe paths or refused with MetainfoError (seed ${SEED})`, async () => {
  const report = await fuzz({ seed: SEED, runs: RUNS, corpus: CORPUS, tokens: TOKENS }, (bytes, random) => {
    const platform = SYSTEMS[random.int(3)] as Platform;
    const given = Buffer.from(bytes);
    let metainfo: Metainfo;
    try {
      metainfo = parse(bytes, { platform });
    } catch (error) {
      if (error instanceof MetainfoError) return false;
      throw error;
    }
    assertSafe(metainfo, platform);
    const { layout, infoBytes, infoHash } = metainfo;
    assert.equal(infoHash.hex, sha1(infoBytes));
    assert.isTrue(given.includes(Buffer.from(infoBytes)), 'the info-hash is of bytes that were given');
    assert.equal(metainfo.pieceHash(layout.pieceCount - 1).length, 20);
    assert.isAtLeast(displayFiles(metainfo).length, 1);
    return true;
  });
  expect(report.accepted).toBeGreaterThan(RUNS / 100);
  expect(report.refused).toBeGreaterThan(RUNS / 20);
});

test(`a safe name is safe at once, on every system (seed ${SEED})`, async () => {
  const names = ['a', 'con.txt', 'x'.repeat(300), '\u00e4\u0301 .', '\ud83d\ude00'.repeat(40), '../..'].map((name) =>
    Buffer.from(name),
  );
  await fuzz({ seed: SEED, runs: RUNS, corpus: names, tokens: TOKENS }, (bytes, random) => {
    const platform = SYSTEMS[random.int(3)] as Platform;
    // Lone surrogates too: as UTF-16 units, where the bytes are even.
    const name = random.int(2) === 0 ? Buffer.from(bytes).toString() : Buffer.from(bytes).toString('utf16le');
    const safe = safeName(name, platform);
    assert.equal(safeName(safe, platform), safe);
    assert.notMatch(safe, /^\.{0,2}$|[/\\\p{Cc}\p{Bidi_Control}]/u);
    assert.isAtMost(Buffer.byteLength(safe), 240);
    return true;
  });
});
