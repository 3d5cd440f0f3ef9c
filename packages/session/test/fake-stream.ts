// A stream whose other end is the test, and a conversation over it with a real Wire.
import { Wire, type WireEvent, type WireGeometry, type WireIdentity } from '@shoal/wire';
import { Connection, type ConnectionLimits, type ConnectionOwner } from '../src/connection.ts';
import type { ByteStream, StreamHandler } from '../src/index.ts';

export class FakeStream implements ByteStream {
  readonly localAddress = '10.0.0.1:6881';
  readonly remoteAddress = '10.0.0.2:6881';
  handler: StreamHandler | undefined;
  /** Each call's buffers. */
  readonly writes: (readonly Uint8Array[])[] = [];
  unsent = 0;
  /** What `write` answers. */
  takesMore = true;
  paused = false;
  ended: 'close' | 'destroy' | undefined;
  #taken = 0;

  open(handler: StreamHandler): void {
    this.handler = handler;
  }

  write(buffers: readonly Uint8Array[]): boolean {
    this.writes.push(buffers.map((buffer) => Uint8Array.from(buffer)));
    return this.takesMore;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  close(): void {
    this.ended ??= 'close';
  }

  destroy(): void {
    if (this.ended) return;
    this.ended = 'destroy';
    this.handler?.onClose();
  }

  /** The other end sends. */
  receive(bytes: Uint8Array): void {
    this.handler?.onData(bytes);
  }

  drain(): void {
    this.takesMore = true;
    this.handler?.onDrain();
  }

  /** What was written since the last call. */
  takeWritten(): Uint8Array[] {
    const written = this.writes.slice(this.#taken).flat();
    this.#taken = this.writes.length;
    return written;
  }
}

const identity = (byte: number): WireIdentity => ({
  infoHash: new Uint8Array(20).fill(0x11),
  peerId: new Uint8Array(20).fill(byte),
});

/** A connection that has shaken hands; `told` collects what its owner hears. */
export class Talk {
  readonly stream: FakeStream = new FakeStream();
  /** The other end's. */
  readonly remote: Wire = new Wire({ role: 'accept', now: 0 });
  readonly remoteEvents: WireEvent['type'][] = [];
  readonly connection: Connection;
  readonly told: string[] = [];
  /** What the owner does, besides writing it down. */
  owner: Partial<ConnectionOwner> = {};
  now = 0;

  constructor(geometry?: WireGeometry, limits: ConnectionLimits = { down: [], up: [] }) {
    this.connection = new Connection({
      limits,
      stream: this.stream,
      wire: new Wire({ role: 'dial', now: 0, ...identity(1) }),
      outgoing: true,
      now: () => this.now,
      owner: {
        onEvent: (event) => {
          this.told.push(event.type);
          this.owner.onEvent?.(event);
        },
        onChunkEnd: () => this.owner.onChunkEnd?.(),
        onWritable: () => {
          this.told.push('writable');
          this.owner.onWritable?.();
        },
        onClosed: (reason) => {
          this.told.push(`closed: ${reason}`);
          this.owner.onClosed?.(reason);
        },
      },
    });
    this.connection.open();
    this.converse();
    if (!geometry) return;
    this.connection.wire.setGeometry(geometry);
    this.remote.setGeometry(geometry);
    this.converse();
  }

  /** Carries bytes both ways until neither end has more to say. */
  converse(): void {
    for (;;) {
      this.connection.flush();
      const there = this.stream.takeWritten();
      for (const bytes of there) {
        this.remote.receive(bytes, this.now);
        for (let event = this.remote.poll(); event; event = this.remote.poll()) {
          this.remoteEvents.push(event.type);
          if (event.type === 'handshake') this.remote.accept(identity(2));
        }
      }
      const back = this.remote.takeOutput();
      for (const bytes of back) this.stream.receive(bytes);
      if (there.length === 0 && back.length === 0) return;
    }
  }
}

/** One turn of the loop: every promise that can settle has. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
