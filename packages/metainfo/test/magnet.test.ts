import { InfoHash } from '@shoal/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatMagnet, isSelected, magnetOf, parseMagnet } from '../src/index.ts';
import { parseAnyTorrent } from '../src/node/index.ts';
import { codeOf, torrentOf } from './builder.ts';
import { hybridOf, v2Of } from './builder-v2.ts';

const V1 = 'c12fe1c06bba254a9dc9f519b335aa7c1367a88a';
const V2 = 'caf1e1c30e81cb361b9ee167c4aa64228a7fa4fa9f6105232b28ad099f3a302e';
const HASH = `magnet:?xt=urn:btih:${V1}`;
const code = (text: string): string => codeOf(() => parseMagnet(text));

describe('hashes', () => {
  test('hexadecimal, of either case', () => {
    expect(parseMagnet(HASH).infoHash?.hex).toBe(V1);
    expect(parseMagnet(`MAGNET:?XT=URN:BTIH:${V1.toUpperCase()}`).infoHash?.hex).toBe(V1);
    expect(parseMagnet(` ${HASH}\n`).infoHashV2).toBe(null);
  });

  test('base 32 (RFC 4648)', () => {
    // 20 bytes of 0x00 and 0xff, and RFC 4648's digits of "foobarfoobarfoobarfo".
    expect(parseMagnet(`magnet:?xt=urn:btih:${'A'.repeat(32)}`).infoHash?.hex).toBe('00'.repeat(20));
    expect(parseMagnet(`magnet:?xt=urn:btih:${'7'.repeat(32)}`).infoHash?.hex).toBe('ff'.repeat(20));
    const text = Buffer.from('foobarfoobarfoobarfo').toString('hex');
    expect(parseMagnet('magnet:?xt=urn:btih:mzxw6ytbojtg633cmfzgm33pmjqxeztp').infoHash?.hex).toBe(text);
  });

  test('version 2 as a multihash, alone and beside version 1', () => {
    expect(parseMagnet(`magnet:?xt=urn:btmh:1220${V2}`)).toMatchObject({ infoHash: null, infoHashV2: { hex: V2 } });
    const both = parseMagnet(`magnet:?xt=urn:btmh:1220${V2}&xt=urn:btih:${V1}`);
    expect([both.infoHash?.hex, both.infoHashV2?.hex]).toEqual([V1, V2]);
    expect(parseMagnet(`magnet:?xt.1=urn:btmh:1220${V2}&xt.2=urn:btih:${V1}`)).toMatchObject({ infoHash: { hex: V1 } });
  });

  test.each([
    ['', 'ERR_MAGNET_SYNTAX'],
    ['magnet:', 'ERR_MAGNET_SYNTAX'],
    [`http://a.example/?xt=urn:btih:${V1}`, 'ERR_MAGNET_SYNTAX'],
    [V1, 'ERR_MAGNET_SYNTAX'],
    ['magnet:?', 'ERR_MAGNET_TOPIC'],
    ['magnet:?dn=name', 'ERR_MAGNET_TOPIC'],
    ['magnet:?xt=urn:sha1:YNCKHTQCWBTRNJIV4WNAE52SJUQCZO5C', 'ERR_MAGNET_TOPIC'],
    [`magnet:?xt=urn:btih:${V1.slice(1)}`, 'ERR_MAGNET_TOPIC'],
    [`magnet:?xt=urn:btih:${V1}00`, 'ERR_MAGNET_TOPIC'],
    [`magnet:?xt=urn:btih:${V2}`, 'ERR_MAGNET_TOPIC'],
    [`magnet:?xt=urn:btih:${'1'.repeat(32)}`, 'ERR_MAGNET_TOPIC'],
    [`magnet:?xt=urn:btih:${'g'.repeat(40)}`, 'ERR_MAGNET_TOPIC'],
    [`magnet:?xt=urn:btmh:${V2}`, 'ERR_MAGNET_TOPIC'],
    [`magnet:?xt=urn:btmh:1114${V1}`, 'ERR_MAGNET_TOPIC'],
    [`${HASH}&xt=urn:btih:${'0'.repeat(40)}`, 'ERR_MAGNET_TOPIC'],
    [`${HASH}&tr=${'x'.repeat(70_000)}`, 'ERR_MAGNET_SIZE'],
    [`${HASH}&so=1-`, 'ERR_MAGNET_SELECT'],
    [`${HASH}&so=3-2`, 'ERR_MAGNET_SELECT'],
    [`${HASH}&so=-1`, 'ERR_MAGNET_SELECT'],
    [`${HASH}&so=1.5`, 'ERR_MAGNET_SELECT'],
    [`${HASH}&so=0-9999999`, 'ERR_MAGNET_SELECT'],
    [`${HASH}&so=0-99999999999999999999`, 'ERR_MAGNET_SELECT'],
    [`${HASH}&so=${Array.from({ length: 1_001 }, (_, file) => 2 * file).join()}`, 'ERR_MAGNET_SELECT'],
  ])('%#: %.60s is refused with %s', (text, expected) => {
    expect(code(text)).toBe(expected);
  });

  test('one hash said twice is one', () => {
    expect(parseMagnet(`${HASH}&xt=urn:btih:${V1.toUpperCase()}`).infoHash?.hex).toBe(V1);
  });
});

test('everything else', () => {
  const magnet = parseMagnet(
    `${HASH}&dn=My+file%20%C3%A9&tr=http%3A%2F%2Ft.example%2Fannounce%3Fa%3Db%2Bc&tr=udp://u.example:80&tr=http%3A%2F%2Ft.example%2Fannounce%3Fa%3Db%2Bc` +
      '&ws=https://w.example/a%20b&xs=http://x.example/a.torrent&xs=urn:btpk:00&x.pe=1.2.3.4:5&x.pe=[2001:DB8::0:1]:6&x.pe=host.example:7&so=6-8,0,2,7-9,10',
  );
  expect(magnet).toMatchObject({
    name: 'My file é',
    announce: [['http://t.example/announce?a=b+c'], ['udp://u.example:80']],
    webSeeds: ['https://w.example/a%20b'],
    sources: ['http://x.example/a.torrent'],
    peers: [
      { host: '1.2.3.4', port: 5 },
      { host: '2001:db8::1', port: 6 },
      { host: 'host.example', port: 7 },
    ],
    select: [
      { first: 0, last: 0 },
      { first: 2, last: 2 },
      { first: 6, last: 10 },
    ],
    warnings: [],
  });
  const wanted = Array.from({ length: 12 }, (_, file) => file).filter((file) => isSelected(magnet.select, file));
  expect(wanted).toEqual([0, 2, 6, 7, 8, 9, 10]);
  expect(isSelected(null, 5)).toBe(true);
});

test('links as they are found: HTML, stray signs, empty values', () => {
  const magnet = parseMagnet(`${HASH}&amp;dn=100%&amp;tr=http://t.example/&tr=&so=&x.pe=&&flag&dn=second`);
  expect(magnet).toMatchObject({ name: '100%', announce: [['http://t.example/']], select: null });
  expect(parseMagnet(`${HASH}&dn=%ff%zz%4`).name).toBe('\ufffd%zz%4');
});

test('a name cannot steer a terminal or read backwards, and ends', () => {
  expect(parseMagnet(`${HASH}&dn=a%1b[2J%E2%80%AEb%00`).name).toBe('a[2Jb');
  expect(parseMagnet(`${HASH}&dn=${'n'.repeat(50_000)}`).name?.length).toBe(1_000);
  expect(parseMagnet(`${HASH}&dn=%20%00`).name).toBe(null);
});

test('what cannot be used is told and dropped', () => {
  const magnet = parseMagnet(
    `${HASH}&tr=file:///etc/passwd&tr=nonsense&ws=udp://a.example&x.pe=1.2.3.4:0&x.pe=a b:5&x.pe=../x:5&xs=http://`,
  );
  expect(magnet).toMatchObject({ announce: [], webSeeds: [], peers: [], sources: [] });
  expect(magnet.warnings.length).toBe(7);
  const many = Array.from({ length: 900 }, (_, each) => `&tr=http://t${each}.example/&x.pe=10.0.0.1:${each + 1}`).join(
    '',
  );
  const full = parseMagnet(HASH + many);
  expect([full.announce.length, full.peers.length]).toEqual([200, 200]);
});

test('a link of a torrent, of each version', () => {
  const v1 = parseAnyTorrent(torrentOf({ 'url-list': ['http://w.example/?a=b&c=d'], info: { name: 'a b&c.bin' } }));
  expect(formatMagnet(magnetOf(v1))).toBe(
    `magnet:?xt=urn:btih:${v1.infoHash?.hex}&dn=a%20b%26c.bin&tr=http%3A%2F%2Ftracker.example%2Fannounce&ws=http%3A%2F%2Fw.example%2F%3Fa%3Db%26c%3Dd`,
  );
  const hybrid = parseAnyTorrent(hybridOf({ a: 5, b: 6 }));
  expect(formatMagnet(magnetOf(hybrid))).toBe(
    `magnet:?xt=urn:btih:${hybrid.infoHash?.hex}&xt=urn:btmh:1220${hybrid.infoHashV2?.hex}&dn=top`,
  );
  const v2 = parseAnyTorrent(v2Of({ a: 5, b: 6 }));
  expect(formatMagnet(magnetOf(v2))).toBe(`magnet:?xt=urn:btmh:1220${v2.infoHashV2?.hex}&dn=top`);
});

test('a link needs a hash, of the right kind', () => {
  expect(() => formatMagnet({ name: 'a' })).toThrow(TypeError);
  expect(() => formatMagnet({ infoHash: InfoHash.fromHex(V2) })).toThrow(TypeError);
  expect(() => formatMagnet({ infoHashV2: InfoHash.fromHex(V1) })).toThrow(TypeError);
  expect(formatMagnet({ infoHash: InfoHash.fromHex(V1), name: 'half \ud800' })).toContain('dn=half%20%EF%BF%BD');
});

test('what is written is read back', () => {
  const hash = (length: number): fc.Arbitrary<InfoHash | null> =>
    fc.option(fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => new InfoHash(bytes)));
  const url = fc.webUrl({ withQueryParameters: true }).map((text) => new URL(text).href);
  const urls = fc.uniqueArray(url, { maxLength: 4 });
  const port = fc.integer({ min: 1, max: 65_535 });
  const magnet = fc.record({
    infoHash: hash(20),
    infoHashV2: hash(32),
    name: fc.option(
      fc.string({ unit: 'grapheme', maxLength: 100 }).map((name) => `n${name.replace(/\p{C}|\s/gu, '')}`),
    ),
    announce: urls.map((list) => list.map((each) => [each])),
    webSeeds: urls,
    sources: urls,
    peers: fc.uniqueArray(fc.record({ host: fc.constantFrom('1.2.3.4', '2001:db8::7', 'peer.example'), port }), {
      maxLength: 4,
      selector: ({ host, port }) => `${host} ${port}`,
    }),
    select: fc.option(
      fc
        .array(fc.nat(9), { minLength: 1, maxLength: 20 })
        .map((gaps) => gaps.map((gap, index) => ({ first: index * 30, last: index * 30 + gap }))),
    ),
  });
  fc.assert(
    fc.property(magnet, (given) => {
      fc.pre(given.infoHash !== null || given.infoHashV2 !== null);
      expect(parseMagnet(formatMagnet(given))).toEqual({ ...given, warnings: [] });
    }),
    { numRuns: Number(process.env.SHOAL_TEST_RUNS ?? 200) },
  );
});
