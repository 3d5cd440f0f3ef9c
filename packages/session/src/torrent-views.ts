// What peer sources and extensions see of their torrent.
import { formatEndpoint, type InfoHash, type PeerId } from '@shoal/primitives';
import type { Content } from './content.ts';
import type { ExtensionTorrent, SourceTorrent } from './contracts.ts';
import type { Swarm } from './swarm.ts';
import type { TorrentHost } from './torrent-options.ts';

/** A torrent, as far as its views need it. Live: asked anew each time. */
export interface Viewed {
  readonly host: TorrentHost;
  readonly infoHash: InfoHash;
  readonly peerId: PeerId;
  readonly swarm: Swarm;
  content(): Content | undefined;
  isPrivate(): boolean;
  sourcesChanged(): void;
  offerMetadata(info: Uint8Array): void;
}

/** `name`: the source's, which its peers are remembered by. */
export function viewForSource(torrent: Viewed, name: string): SourceTorrent {
  const { host, infoHash, peerId, swarm } = torrent;
  return {
    infoHash: infoHash.wireKey,
    peerId: peerId.bytes,
    get private() {
      return torrent.isPrivate();
    },
    port: () => host.port(),
    counters: () => {
      const content = torrent.content();
      const left = content ? content.layout.totalLength - content.bytesDone : 1;
      return { uploaded: swarm.upRate.total, downloaded: swarm.downRate.total, left };
    },
    partialSeed: () => {
      const content = torrent.content();
      return content?.isComplete === true && !content.have.isFull;
    },
    externalAddress: (ip, voter) => host.externalAddress.vote(voter, ip),
    offerPeers: (addresses) => swarm.offer(addresses, name),
    trackerChanged: () => {
      if (torrent.isPrivate()) swarm.dropAll('a peer of the tracker before');
    },
    statusChanged: () => torrent.sourcesChanged(),
  };
}

/** `name`: the extension's, which the peers that it tells of are remembered by. */
export function viewForExtensions(torrent: Viewed, name: string): ExtensionTorrent {
  return {
    hashes: [torrent.infoHash],
    get private() {
      return torrent.isPrivate();
    },
    peers: () => torrent.swarm.extensionPeers(),
    ownAddresses: () => {
      const port = torrent.host.port();
      const hosts = ([4, 6] as const).flatMap((family) => torrent.host.externalAddress.of(family) ?? []);
      return port === 0 ? [] : hosts.map((host) => formatEndpoint({ host, port }));
    },
    // Whatever an extension thinks of it: peers of a private torrent come from its trackers (BEP 27).
    offerPeers: (addresses) => {
      if (!torrent.isPrivate()) torrent.swarm.offer(addresses, name, { isHearsay: true });
    },
    info: () => torrent.content()?.metainfo.infoBytes,
    offerMetadata: (info) => torrent.offerMetadata(info),
  };
}
