// What the seeder tells the outside. `--json` prints these objects as they are; `infoHash` is null where there is none.

/** A torrent that is seeded now. Sizes in bytes. */
export interface TorrentFacts {
  readonly name: string;
  readonly infoHash: string;
  readonly size: number;
  readonly files: number;
  /** Where the .torrent can be had. */
  readonly torrent: string;
}

export type SeederEvent =
  | {
      readonly event: 'hashing';
      readonly infoHash: null;
      readonly name: string;
      readonly bytesDone: number;
      readonly bytesTotal: number;
    }
  | ({ readonly event: 'torrent' } & TorrentFacts)
  /** Still being written: it is hashed once it stays as it is. */
  | { readonly event: 'waiting'; readonly infoHash: null; readonly name: string }
  /** Not seeded any more: the entry was changed or taken away. */
  | { readonly event: 'removed'; readonly infoHash: string; readonly name: string }
  | {
      readonly event: 'ready';
      readonly infoHash: null;
      /** The page. */
      readonly http: string;
      /** The tracker, as the torrents name it. */
      readonly announce: string;
      /** The tracker over UDP, as this machine reaches it; null where there is none. */
      readonly udp: string | null;
      /** TCP port of the peers. */
      readonly port: number;
      /** UDP port of the DHT node; null where there is none. */
      readonly dht: number | null;
      readonly torrents: readonly TorrentFacts[];
    }
  | {
      readonly event: 'warning' | 'error';
      readonly infoHash: string | null;
      readonly name: string | null;
      readonly code: string;
      readonly message: string;
    }
  | {
      readonly event: 'stopped';
      readonly infoHash: null;
      /** Payload bytes sent in this run. */
      readonly uploaded: number;
      readonly seconds: number;
    };
