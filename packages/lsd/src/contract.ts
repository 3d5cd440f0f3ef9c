// What local discovery needs of those around it, and what it is to a session: a source of peers for each torrent. Structural.

/** Milliseconds of any epoch, and timers. */
export interface LsdClock {
  now(): number;
  setTimer(callback: () => void, delayMs: number): { cancel(): void };
}

/** The multicast groups of BEP 14, as far as this machine can reach them. */
export interface LsdNetwork {
  /**
   * Joins the groups. `onDatagram` gets what arrives, valid during the call, and the IP address it came from. Rejects with
   * words for the user where no group can be joined.
   */
  open(onDatagram: (bytes: Uint8Array, from: string) => void): Promise<LsdMembership>;
}

/** The multicast groups, joined. */
export interface LsdMembership {
  /** Words about what does not work though something does; null: all is well. */
  warning(): string | null;
  /** To the group of that family, where it was joined; a datagram that cannot be sent is one that is lost. */
  send(family: 4 | 6, bytes: Uint8Array): void;
  close(): Promise<void>;
}

/** What local discovery sees of a torrent. */
export interface LsdTorrent {
  /** The 20-byte wire key. */
  readonly infoHash: Uint8Array;
  /** BEP 27: neither announced nor heard of. */
  readonly private: boolean;
  /** The listening port, 0 where there is none. */
  port(): number;
  /** `host:port` each, IPv6 in brackets. */
  offerPeers(addresses: readonly string[]): void;
  /** `status()` has news for the user. */
  statusChanged(): void;
}

/** One line for the user. */
export interface LsdStatus {
  readonly name: string;
  readonly state: 'idle' | 'working' | 'ok' | 'failed';
  readonly message: string | null;
  /** Neighbours heard of. */
  readonly peers: number;
  readonly seeders: null;
  readonly leechers: null;
  /** When the torrent is announced next, on the clock. */
  readonly nextAt: number | null;
}
