// How a client joins the DHT; apart from the node itself, which is loaded only where it is wanted.

/** How the DHT is joined. */
export interface DhtOptions {
  /** `HOST:PORT` of nodes to enter the net by. Default: `DHT_ROUTERS`. */
  readonly bootstrap?: readonly string[];
}

/** Nodes that are kept up for newcomers, by the makers of libtorrent, µTorrent and Transmission. */
export const DHT_ROUTERS: readonly string[] = [
  'dht.libtorrent.org:25401',
  'router.bittorrent.com:6881',
  'dht.transmissionbt.com:6881',
];
