import { fileURLToPath } from 'node:url';
import { decode } from '@shoal/bencode';
import { expect, test } from 'vitest';
import { MetainfoError, parseMetainfo, torrentOf } from '../src/index.ts';
import { nodeDigests } from '../src/node/digests.ts';
import { createTorrent, parseTorrent } from '../src/node/index.ts';

const SELF = fileURLToPath(import.meta.url);

test('an info dictionary that came alone becomes a torrent of the same hash, with what is told beside it', async () => {
  const made = parseTorrent((await createTorrent(SELF, { announce: [['http://a.example/announce']] })).bytes);
  const bytes = torrentOf(made.infoBytes, {
    announce: [['http://b.example/announce'], ['udp://c.example:80']],
    webSeeds: ['http://d.example/'],
  });
  const torrent = parseTorrent(bytes);
  expect(torrent.infoHash.hex).toBe(made.infoHash.hex);
  expect(torrent).toMatchObject({
    announce: [['http://b.example/announce'], ['udp://c.example:80']],
    webSeeds: ['http://d.example/'],
    warnings: [],
  });
  expect(decode(torrentOf(made.infoBytes))).toEqual(new Map([['info', decode(made.infoBytes)]]));
});

test('what is no dictionary is refused with a code', () => {
  for (const info of ['', 'i1e', '4:info', 'd', 'de1:ai1e', 'dede']) {
    const parse = (): unknown => parseMetainfo(torrentOf(new TextEncoder().encode(info)), nodeDigests);
    expect(parse, info).toThrow(MetainfoError);
  }
});
