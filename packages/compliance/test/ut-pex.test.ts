// Peer exchange against the wire's suite for extensions, and against the session's contract by its types.
import { InfoHash } from '@shoal/primitives';
import type { ExtensionPeer, ExtensionTorrent, TorrentExtension } from '@shoal/session';
import { encodePexMessage, UtPex } from '@shoal/ut-pex';
import type { ExtensionFactory } from '@shoal/wire';
import { testExtension } from '@shoal/wire/testing';
import { test } from 'vitest';

const messages = [
  encodePexMessage({ added: [{ host: '10.0.0.9', port: 6_881, flags: 2 }], dropped: [] }),
  encodePexMessage({
    added: [{ host: '2001:db8::1', port: 6_881, flags: 0 }],
    dropped: [
      { host: '10.0.0.9', port: 6_881 },
      { host: '2001:db8::2', port: 6_881 },
    ],
  }),
];

function create(): ExtensionFactory {
  const extension = new UtPex() satisfies TorrentExtension;
  const peers: ExtensionPeer[] = Array.from({ length: 60 }, (_, index) => ({
    address: `10.0.0.${index + 1}:6881`,
    outgoing: true,
  }));
  const torrent: ExtensionTorrent = {
    hashes: [new InfoHash(new Uint8Array(20))],
    private: false,
    peers: () => peers,
    ownAddresses: () => ['10.0.0.200:6881'],
    offerPeers: () => undefined,
    info: () => undefined,
    offerMetadata: () => undefined,
  };
  const factory = extension.attach(torrent).connect(peers[0] as ExtensionPeer);
  if (!factory) throw new Error('a torrent that is not private has the extension');
  return factory;
}

testExtension(test, 'ut_pex', create, { messages });
