// What a session asks of the world outside it. An implementation need not import these: the place that assembles a
// session (client, a test) asserts them with `satisfies`. Times are milliseconds of one monotonic clock, sizes bytes.
import type { InfoHash } from '@shoal/primitives';
import type { ExtensionFactory } from '@shoal/wire';

/** Time, injected so that whole swarms run on a virtual one. */
export interface Clock {
  /** Milliseconds; only differences matter. */
  now(): number;
  setTimer(callback: () => void, delayMs: number): Timer;
}

/** A timer that was set. */
export interface Timer {
  cancel(): void;
}

/** Randomness, injected so that a seed repeats a run. */
export interface Random {
  bytes(length: number): Uint8Array;
  /** In [0, 1). */
  number(): number;
}

/** An ordered, reliable stream of bytes between two peers: TCP, uTP, a data channel, a simulated link. */
export interface ByteStream {
  readonly localAddress: string;
  /** Opaque to the session: it compares and prints it, and hands it back to the transport to dial. */
  readonly remoteAddress: string;
  /** Called once; data flows from here on. */
  open(handler: StreamHandler): void;
  /** Takes the buffers in order and keeps them untouched until sent. False: hold back until `onDrain`. */
  write(buffers: readonly Uint8Array[]): boolean;
  /** Bytes that were written and not sent yet. At 0 every buffer that was given to `write` is its owner's again. */
  readonly unsent: number;
  pause(): void;
  resume(): void;
  /** Sends what was written, then ends. */
  close(): void;
  /** Ends at once. */
  destroy(): void;
}

/** Who hears what a stream brings. */
export interface StreamHandler {
  /** `bytes` is valid during the call only. */
  onData(bytes: Uint8Array): void;
  onDrain(): void;
  /** Exactly once, whoever ended it; an error where it did not end in order. */
  onClose(error?: Error): void;
}

/** Dials and listens. A session has any number of them and asks the first that can dial an address. */
export interface Transport {
  readonly name: string;
  canDial(address: string): boolean;
  /** Rejects when refused, unreachable or aborted; has a time-out of its own. */
  dial(address: string, signal: AbortSignal): Promise<ByteStream>;
  listen(onStream: (stream: ByteStream) => void): Promise<Listener>;
}

/** A transport that takes connections. */
export interface Listener {
  /** What is announced to others. */
  readonly port: number;
  close(): Promise<void>;
}

/** What a filter may ask about the torrents here, to find out which one an obfuscated stream is for. */
export interface TorrentIndex {
  /** The 20-byte wire keys of every torrent that takes connections. */
  wireKeys(): Iterable<Uint8Array>;
}

/** A transform between a stream and the wire protocol, at most one a connection (stream encryption is one). */
export interface StreamFilter {
  readonly name: string;
  /** On accept: whether a stream that begins so is this filter's; `more` asks for further bytes. Plain is never asked. */
  detect(firstBytes: Uint8Array): 'mine' | 'other' | 'more';
  /** Answers the stream to go on with: the transformed one, or the given one where the filter took itself out. */
  accept(stream: ByteStream, index: TorrentIndex): Promise<ByteStream>;
  dial(stream: ByteStream, infoHash: Uint8Array): Promise<ByteStream>;
}

/** Finds peers for one torrent: a tracker list, a DHT, local discovery. One object a torrent. */
export interface PeerSource {
  readonly name: string;
  /** A tracker may serve private torrents (BEP 27); nothing else is started for them. */
  readonly isTracker?: boolean;
  /** The torrent takes peers from now on; called again after `stop`. */
  start(torrent: SourceTorrent): void;
  /** The last piece of all has been downloaded in this run (BEP 3 `completed`); not told of a partial seed. */
  complete(): void;
  /** The torrent has nobody to download from. Called every second while so: the source keeps to its own limits. */
  wantPeers?(): void;
  /** The user wants news at once, as far as the protocol's own limits let. */
  announceNow?(): void;
  /** Says goodbye where the protocol has one; never rejects; bounded by a time-out of its own. */
  stop(): Promise<void>;
  status(): readonly SourceStatus[];
}

/** What a peer source sees of its torrent. */
export interface SourceTorrent {
  /** The 20-byte wire key. */
  readonly infoHash: Uint8Array;
  readonly peerId: Uint8Array;
  readonly private: boolean;
  /** The listening port, 0 where the session does not listen. */
  port(): number;
  /** Payload bytes of this run; `left` is non-zero while the size is unknown. */
  counters(): { readonly uploaded: number; readonly downloaded: number; readonly left: number };
  /** Every wanted piece is here, and others are not: a partial seed (BEP 21). */
  partialSeed(): boolean;
  /** Our address as a tracker sees it (BEP 24), in canonical text; `voter` tells those who say it apart. */
  externalAddress(ip: string, voter: string): void;
  offerPeers(addresses: readonly string[]): void;
  /** Another tracker answers now: a private torrent drops every peer it has, and asks the new one's alone (BEP 27). */
  trackerChanged(): void;
  /** `status()` has news for the user. */
  statusChanged(): void;
}

/** One line of a source for the user: one tracker, one DHT. */
export interface SourceStatus {
  readonly name: string;
  readonly state: 'idle' | 'working' | 'ok' | 'failed';
  /** A failure's reason or a warning, in words. */
  readonly message: string | null;
  /** Addresses in the last answer. */
  readonly peers: number;
  readonly seeders: number | null;
  readonly leechers: number | null;
  /** When it is asked again, on the session's clock. */
  readonly nextAt: number | null;
}

/** Somebody who can deliver blocks: a wire peer, a web seed. */
export interface BlockSource {
  readonly name: string;
  /** Sends a request; the answer comes through the `Download` the source has joined. */
  request(piece: number, begin: number, length: number): void;
  cancel(piece: number, begin: number, length: number): void;
  /** Sent a bad piece, alone: must not be asked again. */
  ban(reason: string): void;
}

/** Our DHT node, as far as it and peers tell one another of it (BEP 5: the reserved bit and PORT). */
export interface DhtNode {
  /** Its UDP port; 0 while there is none. */
  port(): number;
  /** A peer says that it has a node there: canonical `HOST:PORT`. It may be a lie. */
  addNode(address: string): void;
}

/** A protocol extension with a torrent's scope; makes one wire `Extension` for each connection. */
export interface TorrentExtension {
  readonly name: string;
  attach(torrent: ExtensionTorrent): AttachedExtension;
}

/** An extension's part in one torrent. */
export interface AttachedExtension {
  /** Undefined: this connection goes without it. */
  connect(peer: ExtensionPeer): ExtensionFactory | undefined;
  detach(): void;
}

/** What an extension sees of its torrent. */
export interface ExtensionTorrent {
  readonly hashes: readonly InfoHash[];
  readonly private: boolean;
  /** Everybody whose handshake is through. */
  peers(): readonly ExtensionPeer[];
  /** Where others reach us, as far as that is known: `HOST:PORT`, one of each family. */
  ownAddresses(): readonly string[];
  /** Hearsay: dialled after what others know, and never of a private torrent. */
  offerPeers(addresses: readonly string[]): void;
  /** The raw info dictionary, once it is known. */
  info(): Uint8Array | undefined;
  /** An info dictionary whose hash was verified. */
  offerMetadata(info: Uint8Array): void;
}

/** A connected peer, as extensions see it. */
export interface ExtensionPeer {
  readonly address: string;
  readonly outgoing: boolean;
  /** Will not download any more, as far as is known by now. */
  readonly uploadOnly?: boolean;
}

/** Where resume data lies. Keys are short names of letters, digits, dots and dashes. */
export interface StateStore {
  load(key: string): Promise<Uint8Array | undefined>;
  /** All or nothing, even when the power fails. */
  save(key: string, bytes: Uint8Array): Promise<void>;
  remove(key: string): Promise<void>;
}
