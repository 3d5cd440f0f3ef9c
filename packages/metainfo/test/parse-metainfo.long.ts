// What strangers hand out: a million mutants for each reader of torrents: of all versions, on three systems; and torrents to be edited.
// SHOAL_SEED repeats a run.
import { fuzz } from '@shoal/testkit';
import { assert, expect, test } from 'vitest';
import {
  type AnyMetainfo,
  createMetainfo,
  displayFiles,
  editTorrent,
  type Platform,
  parseAnyMetainfo,
  safeName,
} from '../src/index.ts';
import { nodeDigests } from '../src/node/index.ts';
import { assertSafe } from './assert-safe.ts';
import { bytesOf, fileOf, folderOf, sha1, torrentOf } from './builder.ts';
import { hybridOf, v2Of } from './builder-v2.ts';
import { attempt, RUNS, SEED, tell } from './long.ts';

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
  v2Of({ 'a.bin': 70_000, 'b/c': 5 }),
  v2Of({ 'one.bin': 5 }),
  hybridOf({ 'a.bin': 70_000, 'b/c': 5, 'b/d': 0 }),
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
  let withV2 = 0;
  const report = await fuzz(
    { seed: SEED, runs: RUNS, corpus: CORPUS, tokens: TOKENS, maxLength: 1_200 },
    (bytes, random) => {
      const platform = SYSTEMS[random.int(3)] as Platform;
      const given = Buffer.from(bytes);
      const metainfo = attempt((): AnyMetainfo => parseAnyMetainfo(bytes, nodeDigests, { platform }));
      if (metainfo === undefined) return false;
      assertSafe(metainfo, platform);
      const { infoBytes } = metainfo;
      assert.isTrue(given.includes(Buffer.from(infoBytes)), 'the info-hash is of bytes that were given');
      assert.isAtLeast(displayFiles(metainfo).length, 1);
      if (metainfo.version !== 'v2') {
        assert.equal(metainfo.infoHash.hex, sha1(infoBytes));
        assert.equal(metainfo.pieceHash(metainfo.layout.pieceCount - 1).length, 20);
      }
      if (metainfo.infoHashV2) {
        withV2++;
        assert.equal(metainfo.infoHashV2.hex, Buffer.from(nodeDigests.sha256(infoBytes)).toString('hex'));
        for (const file of metainfo.files)
          assert.equal(file.length > 0 && !file.padding, file.piecesRoot !== undefined);
      }
      return true;
    },
  );
  tell('torrents', report);
  expect(withV2).toBeGreaterThan(RUNS / 1_000);
});

test(`an edited mutant keeps its info-hashes, or was no torrent (seed ${SEED})`, async () => {
  const report = await fuzz(
    { seed: SEED, runs: RUNS, corpus: CORPUS, tokens: TOKENS, maxLength: 1_200 },
    (bytes, random) => {
      const edited = attempt(() => editTorrent(bytes, { comment: 'new', announce: [['http://new.example/']] }));
      if (edited === undefined) return false;
      if (random.int(8) > 0) return true;
      const before = attempt(() => parseAnyMetainfo(bytes, nodeDigests));
      if (before === undefined) return true;
      const after = parseAnyMetainfo(edited, nodeDigests);
      assert.equal(after.infoHash?.hex, before.infoHash?.hex);
      assert.equal(after.infoHashV2?.hex, before.infoHashV2?.hex);
      assert.equal(after.comment, 'new');
      return true;
    },
  );
  tell('torrents to be edited', report);
});

test(`a safe name is safe at once, on every system (seed ${SEED})`, async () => {
  const names = ['a', 'con.txt', 'x'.repeat(300), '\u00e4\u0301 .', '\ud83d\ude00'.repeat(40), '../..'].map((name) =>
    Buffer.from(name),
  );
  await fuzz({ seed: SEED, runs: RUNS / 5, corpus: names, tokens: TOKENS }, (bytes, random) => {
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
