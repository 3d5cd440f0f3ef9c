// Metadata exchange against the wire's suite for extensions, wanting the dictionary and having it, and against the
// session's contract by its types.
import { createHash } from 'node:crypto';
import { encode } from '@shoal/bencode';
import { InfoHash } from '@shoal/primitives';
import type { ExtensionTorrent, TorrentExtension } from '@shoal/session';
import { encodeData, encodeReject, encodeRequest, UtMetadata } from '@shoal/ut-metadata';
import type { ExtensionFactory } from '@shoal/wire';
import { testExtension } from '@shoal/wire/testing';
import { test } from 'vitest';

const digest = (name: string) => (bytes: Uint8Array) => createHash(name).update(bytes).digest();
const info = encode({ length: 1, name: 'a', 'piece length': 16_384, pieces: new Uint8Array(40_000) });
const messages = [
  encodeRequest(0),
  encodeRequest(2),
  encodeReject(0),
  encodeData(0, info.length, info.subarray(0, 16_384)),
  encodeData(2, info.length, info.subarray(32_768)),
  encode({ msg_type: 9, piece: 0 }),
];

function create(isHere: boolean): ExtensionFactory {
  const extension = new UtMetadata({ sha1: digest('sha1'), sha256: digest('sha256') }) satisfies TorrentExtension;
  const torrent: ExtensionTorrent = {
    hashes: [new InfoHash(digest('sha1')(info))],
    private: false,
    peers: () => [],
    ownAddresses: () => [],
    offerPeers: () => undefined,
    info: () => (isHere ? info : undefined),
    offerMetadata: () => undefined,
  };
  const factory = extension.attach(torrent).connect({ address: '10.0.0.1:6881' });
  if (!factory) throw new Error('a torrent that is not private has the extension');
  return factory;
}

testExtension(test, 'ut_metadata that wants', () => create(false), { messages });
testExtension(test, 'ut_metadata that has', () => create(true), { messages });
