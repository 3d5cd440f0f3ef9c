// The shapes the simulation offers and needs. The engine owns the contracts; these are their structural twins, so that
// every package can use this one in its tests without an arrow pointing back at it.

/** What a stream tells its owner. `onClose` comes exactly once and last. */
export interface SimStreamHandler {
  /** `bytes` is overwritten after the call returns. */
  onData(bytes: Uint8Array): void;
  onDrain(): void;
  onClose(error?: Error): void;
}

export interface SimByteStream {
  readonly localAddress: string;
  readonly remoteAddress: string;
  open(handler: SimStreamHandler): void;
  /** The buffers are read when they are sent, as a socket does: leave them unchanged. False: wait for `onDrain`. */
  write(buffers: readonly Uint8Array[]): boolean;
  readonly unsent: number;
  pause(): void;
  resume(): void;
  /** Sends what is queued, then ends both directions. No data is handed over after it. */
  close(): void;
  /** Cuts at once: what is queued is lost, the other side sees a reset. */
  destroy(): void;
}

export interface SimListener {
  readonly port: number;
  close(): Promise<void>;
}

export interface SimTransport {
  readonly name: string;
  canDial(address: string): boolean;
  dial(address: string, signal: AbortSignal): Promise<SimByteStream>;
  listen(onStream: (stream: SimByteStream) => void): Promise<SimListener>;
}

/** A file's size and time, as a storage reports them; null where the file is missing or padding. */
export type SimStamp = { size: number; mtimeMs: number; hidden?: true } | null;

export interface SimStorage {
  open(): Promise<void>;
  read(piece: number, begin: number, into: Uint8Array): Promise<void>;
  write(piece: number, begin: number, bytes: Uint8Array): Promise<void>;
  stamps(): Promise<SimStamp[]>;
  flush(): Promise<void>;
  setWanted(files: readonly boolean[]): Promise<void>;
  move(to: string): Promise<void>;
  close(): Promise<void>;
  remove(): Promise<void>;
}
