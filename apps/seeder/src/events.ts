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
  | {
      readonly event: 'ready';
      readonly infoHash: null;
      /** The page. */
      readonly http: string;
      /** The tracker, as the torrents name it. */
      readonly announce: string;
      /** TCP port of the peers. */
      readonly port: number;
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
