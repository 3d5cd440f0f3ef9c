// What peer exchange needs of those around it. Structural: a session's torrents and peers fit without either importing
// the other.
import type { ExtensionFactory } from '@shoal/wire';

/** A torrent, as far as its peers go. */
export interface PexTorrent {
  /** BEP 27: nothing is told or heard of a private torrent's peers. It may become known late. */
  readonly private: boolean;
  /** Everybody whose handshake is through, now. */
  peers(): readonly PexPeerInfo[];
  /** Hearsay, `host:port` each, IPv6 in brackets. */
  offerPeers(addresses: readonly string[]): void;
  /** Where we listen, as far as it is known, in the same form. */
  ownAddresses?(): readonly string[];
}

/** The peer at the other end of a connection, as the torrent knows it. */
export interface PexPeerInfo {
  /** The other end of the connection, `host:port`; what is no IP address is not told to anybody. */
  readonly address: string;
  /** Dialled by us: it listens at `address`. */
  readonly outgoing: boolean;
  /** Has everything, or wants nothing more, whether or not its handshake says so. */
  readonly uploadOnly?: boolean;
  /** Speaks uTP. */
  readonly utp?: boolean;
}

/** Peer exchange on one torrent. */
export interface AttachedPex {
  /** Undefined for a private torrent: the extension is not even announced then. */
  connect(peer: PexPeerInfo): ExtensionFactory | undefined;
  detach(): void;
}
