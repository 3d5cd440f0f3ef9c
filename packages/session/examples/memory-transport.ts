// The smallest whole Transport: streams between hosts of one process. What a transport owes the session stands in the
// contract's comments; `testTransport` of `@shoal/session/testing` holds this one to it.
import type { ByteStream, StreamHandler, Transport } from '@shoal/session';

/** Bytes on their way before the writer is asked to hold back. */
const HIGH_WATER = 256 * 1024;

export interface MemoryNetwork {
  /** A transport that listens and dials as this IP address. */
  host(ip: string): Transport;
}

export function createMemoryNetwork(): MemoryNetwork {
  const listeners = new Map<string, (stream: ByteStream) => void>();
  let ports = 1_000;
  return {
    host: (ip) => ({
      name: 'memory',
      canDial: (address) => /^[0-9.]+:[0-9]+$/.test(address),
      dial: async (address, signal) => {
        signal.throwIfAborted();
        const onStream = listeners.get(address);
        if (!onStream) throw new Error(`nobody listens at ${address}`);
        const [dialled, accepted] = MemoryStream.pair(`${ip}:${++ports}`, address);
        onStream(accepted);
        return dialled;
      },
      listen: async (onStream) => {
        const port = ++ports;
        listeners.set(`${ip}:${port}`, onStream);
        return { port, close: async () => void listeners.delete(`${ip}:${port}`) };
      },
    }),
  };
}

class MemoryStream implements ByteStream {
  readonly localAddress: string;
  readonly remoteAddress: string;
  #other!: MemoryStream;
  #handler: StreamHandler | undefined;
  /** What the other end wrote and nobody has read yet. */
  #inbox: Uint8Array[] = [];
  #inboxBytes = 0;
  #paused = false;
  /** The other end waits for a drain. */
  #heldBack = false;
  /** `close` was called here: nothing more is written or read. */
  #closing = false;
  #ended: { readonly error?: Error } | undefined;

  private constructor(localAddress: string, remoteAddress: string) {
    this.localAddress = localAddress;
    this.remoteAddress = remoteAddress;
  }

  static pair(one: string, other: string): [MemoryStream, MemoryStream] {
    const streams: [MemoryStream, MemoryStream] = [new MemoryStream(one, other), new MemoryStream(other, one)];
    [streams[0].#other, streams[1].#other] = [streams[1], streams[0]];
    return streams;
  }

  open(handler: StreamHandler): void {
    this.#handler = handler;
    this.#deliverSoon();
  }

  write(buffers: readonly Uint8Array[]): boolean {
    if (this.#ended || this.#closing) return false;
    const other = this.#other;
    for (const buffer of buffers) other.#inboxBytes += buffer.length;
    other.#inbox.push(...buffers);
    other.#heldBack ||= other.#inboxBytes >= HIGH_WATER;
    other.#deliverSoon();
    return !other.#heldBack;
  }

  get unsent(): number {
    return this.#other.#inboxBytes;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#deliverSoon();
  }

  close(): void {
    this.#closing = true;
    this.#deliverSoon();
    this.#other.#deliverSoon();
  }

  destroy(): void {
    this.#end({});
    this.#other.#end({ error: new Error('connection reset') });
  }

  /** A handler is never called from inside a call of its own stream. */
  #deliverSoon(): void {
    queueMicrotask(() => this.#deliver());
  }

  #deliver(): void {
    if (this.#ended && this.#handler) {
      const handler = this.#handler;
      this.#handler = undefined;
      handler.onClose(this.#ended.error);
    }
    // What comes in for an end that has said goodbye is dropped, or the other one would never get to its own.
    while (!this.#ended && (this.#closing || (this.#handler && !this.#paused))) {
      const bytes = this.#inbox.shift();
      if (!bytes) break;
      this.#inboxBytes -= bytes.length;
      if (!this.#closing) this.#handler?.onData(bytes);
    }
    if (this.#heldBack && this.#inboxBytes * 2 <= HIGH_WATER) {
      this.#heldBack = false;
      this.#other.#handler?.onDrain();
    }
    if (this.#other.#closing && this.#inbox.length === 0) {
      this.#end({});
      this.#other.#end({});
    }
  }

  #end(how: { readonly error?: Error }): void {
    if (this.#ended) return;
    this.#ended = how;
    this.#inbox = [];
    this.#deliverSoon();
  }
}
