import { type BencodeDict, decode } from '@shoal/bencode';
import { expect, test } from 'vitest';
import { editTorrent, type TorrentChanges } from '../src/index.ts';
import { parseAnyTorrent } from '../src/node/index.ts';
import { bytesOf, codeOf, parse, torrentOf } from './builder.ts';
import { hybridOf } from './builder-v2.ts';

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
/** An info dictionary that no encoder would write: out of order, with a key of its own. */
const ODD = `d6:pieces20:${'\u00ff'.repeat(20)}4:name1:a12:piece lengthi0016e6:lengthi1e5:x-addd1:bi1e1:ai-0eee`;

test('every member is put in, changed and taken away, and the info dictionary stays byte for byte', () => {
  const bytes = bytesOf(`d8:announce12:http://a.b/c4:info${ODD}7:x-trailli1ei02eee`);
  const before = parse(bytes);
  const changes: TorrentChanges = {
    announce: [['http://one.example/a', 'http://two.example/a'], [], ['udp://three.example:80']],
    webSeeds: ['http://w.example/'],
    comment: 'é',
    createdBy: 'me',
    creationDate: new Date(1_700_000_000_999),
  };
  const edited = editTorrent(bytes, changes);
  const after = parse(edited);
  expect(after).toMatchObject({
    announce: [['http://one.example/a', 'http://two.example/a'], ['udp://three.example:80']],
    webSeeds: ['http://w.example/'],
    comment: 'é',
    createdBy: 'me',
    creationDate: new Date(1_700_000_000_000),
  });
  expect(latin1(after.infoBytes)).toBe(ODD);
  expect(after.infoHash.hex).toBe(before.infoHash.hex);
  expect(latin1(edited)).toContain('7:x-trailli1ei02ee');
  const nothing = { announce: null, webSeeds: null, comment: null, createdBy: null, creationDate: null };
  expect(latin1(editTorrent(edited, nothing))).toBe(`d4:info${ODD}7:x-trailli1ei02eee`);
  expect(latin1(editTorrent(edited, { ...nothing, announce: [], webSeeds: [] }))).not.toContain('http');
});

test('no change changes nothing, and an edit can be taken back', () => {
  const bytes = torrentOf({ 'url-list': ['http://w.example/'], comment: 'c', zz: { b: 1, a: [2] } });
  expect(editTorrent(bytes, {})).toEqual(bytes);
  expect(editTorrent(editTorrent(bytes, { comment: 'd' }), { comment: 'c' })).toEqual(bytes);
});

test('one tracker needs no list, and the list of old does not outlive it', () => {
  const many = torrentOf({ 'announce-list': [['http://a.example/'], ['http://b.example/']] });
  const keys = [...(decode(editTorrent(many, { announce: [['http://c.example/']] })) as BencodeDict).keys()];
  expect(keys).toEqual(['announce', 'info']);
});

test('spellings that readers prefer do not outlive a change', () => {
  const bytes = torrentOf({ comment: 'a', 'comment.utf-8': 'old', 'created by.utf-8': 'old' });
  expect(parse(editTorrent(bytes, { comment: 'new', createdBy: null }))).toMatchObject({
    comment: 'new',
    createdBy: null,
  });
});

test('piece layers outlive an edit', () => {
  const bytes = hybridOf({ a: 100_000, b: 6 });
  const before = parseAnyTorrent(bytes);
  const after = parseAnyTorrent(editTorrent(bytes, { announce: [['http://a.example/']] }));
  expect(after.infoHashV2?.hex).toBe(before.infoHashV2?.hex);
  expect(after.files[0]?.pieceLayer).toEqual(before.files[0]?.pieceLayer);
  expect(after.warnings).toEqual([]);
});

test('of two info dictionaries the first stays, as it is the one that counts', () => {
  const bytes = bytesOf(`d4:info${ODD}4:info${ODD.replace('1:a', '1:b')}e trailing`);
  expect(latin1(editTorrent(bytes, { comment: 'x' }))).toBe(`d7:comment1:x4:info${ODD}e`);
});

test.each<[string, string, Uint8Array]>([
  ['nothing', 'ERR_METAINFO_BENCODE', bytesOf('')],
  ['half a torrent', 'ERR_METAINFO_BENCODE', torrentOf().subarray(0, 90)],
  ['a list', 'ERR_METAINFO_NOT_A_TORRENT', bytesOf('le')],
  ['no info', 'ERR_METAINFO_NOT_A_TORRENT', bytesOf('de')],
  ['info that is a list', 'ERR_METAINFO_NOT_A_TORRENT', bytesOf('d4:infolee')],
  ['too much', 'ERR_METAINFO_SIZE', new Uint8Array(10 * 1024 * 1024 + 1)],
])('%s is no torrent: %s', (_, code, bytes) => {
  expect(codeOf(() => editTorrent(bytes, { comment: 'x' }))).toBe(code);
});

test('changes that cannot be are misuse', () => {
  expect(() => editTorrent(torrentOf(), { announce: [['ftp://a.example/']] })).toThrow(TypeError);
  expect(() => editTorrent(torrentOf(), { webSeeds: ['udp://a.example/'] })).toThrow(TypeError);
  expect(() => editTorrent(torrentOf(), { creationDate: new Date(-5_000) })).toThrow(RangeError);
});

test('thirty thousand keys beside the info dictionary cost no more than reading them', () => {
  const keys = Array.from({ length: 30_000 }, (_, key) => `7:k${String(key).padStart(6, '0')}i1e`);
  const bytes = bytesOf(`d4:info${ODD}${keys.join('')}e`);
  expect(editTorrent(bytes, { comment: 'x' }).length).toBe(bytes.length + '7:comment1:x'.length);
});
